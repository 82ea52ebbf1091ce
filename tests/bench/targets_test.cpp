#include "tests/bench/targets.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace targets_test {

namespace {

bench::sample sample(double rate, double cpu_us, double p99_ms, double commit_ms) {
    bench::sample result;
    result.packets_per_second = rate;
    result.cpu_us = cpu_us;
    result.p99_ms = p99_ms;
    result.commit_ms = commit_ms;
    result.resident_before_kib = 18 * 1024;
    return result;
}

const std::vector<bench::result> results{
    {.scenario = "connections",
     .point = "100 connections",
     .variant = "nginx",
     .load = {.connections = 100},
     .samples = {sample(100, 20, 3, 0)}},
    {.scenario = "connections",
     .point = "100 connections",
     .variant = "ilpd-sqlite",
     .beside = {"100 connections", "nginx"},
     .load = {.connections = 100},
     .samples = {sample(90, 25, 3.5, 0.25)},
     .inspection = {.allocations = 0.5}},
};

const bench::target& find(const std::vector<bench::target>& targets, std::string_view start) {
    return *std::ranges::find_if(targets, [&](const auto& target) { return target.what.starts_with(start); });
}

}  // namespace

TEST_CASE("a target is met at its bound and shows the measured value") {
    const auto targets = bench::check_targets(results);
    const auto& per_cpu = find(targets, "packets per CPU second, ilpd-sqlite / nginx, 100");
    CHECK(per_cpu.reached == Approx(0.8));
    CHECK_FALSE(per_cpu.is_met());

    const auto& p99 = find(targets, "p99");
    CHECK(p99.reached == Approx(2));
    CHECK(p99.is_met());

    CHECK_FALSE(find(targets, "heap allocations").is_met());
    CHECK(find(targets, "memory of an idle daemon").is_met());
}

TEST_CASE("a target beside several neighbours is about the best of them, and each flood has its own") {
    const auto row = [](std::string scenario, std::string point, std::string variant, bench::load load, double cpu_us) {
        return bench::result{.scenario = std::move(scenario),
                             .point = std::move(point),
                             .variant = std::move(variant),
                             .load = std::move(load),
                             .samples = {sample(1000 / cpu_us, cpu_us, 1, 0)}};
    };
    std::vector<bench::result> rows{row("http2", "50 connections", "nginx", {}, 16),
                                    row("http2", "100 connections", "nginx", {}, 18),
                                    row("http2", "HTTP/2", "haproxy", {.streams = 250}, 7),
                                    row("http2", "HTTP/2", "nghttpx", {.streams = 250}, 6),
                                    row("http2", "HTTP/2", "ilpd-memory", {.streams = 250}, 1),
                                    row("http2", "HTTP/2", "ilpd-sqlite", {.streams = 250}, 2),
                                    row("floods", "no flood", "ilpd-sqlite", {}, 2),
                                    row("floods", "ping", "ilpd-sqlite", {.flood = "ping"}, 4),
                                    row("floods", "settings", "ilpd-sqlite", {.flood = "settings"}, 2)};
    for (auto& each : rows) {
        if (!each.load.flood.empty()) each.beside = {"no flood", "ilpd-sqlite"};
    }
    const auto targets = bench::check_targets(rows);
    CHECK(find(targets, "packets per CPU second, HTTP/2 on both sides / nginx").reached == Approx(8));
    CHECK(find(targets, "packets per CPU second, the same / the better").reached == Approx(3));
    CHECK(find(targets, "packets/s beside the flood ping").reached == Approx(0.5));
    CHECK(find(targets, "packets/s beside the flood settings").reached == Approx(1));
    CHECK_FALSE(find(targets, "packets/s beside the flood rapid-reset").reached);
    CHECK_FALSE(find(targets, "packets/s beside a flood of handshakes").reached);
    CHECK_FALSE(find(targets, "packets per CPU second, HTTP/1.1 to HTTP/2").reached);
}

TEST_CASE("a flood of handshakes has to reach its rate") {
    const auto targets_at = [](double per_second) {
        auto flooded = sample(90, 2, 1, 0);
        flooded.flood_per_second = per_second;
        return bench::check_targets({{.scenario = "floods",
                                      .point = "no handshakes",
                                      .variant = "ilpd-sqlite",
                                      .samples = {sample(100, 2, 1, 0)}},
                                     {.scenario = "floods",
                                      .point = "handshakes",
                                      .variant = "ilpd-sqlite",
                                      .beside = {"no handshakes", "ilpd-sqlite"},
                                      .load = {.flood = "handshakes"},
                                      .samples = {flooded}}});
    };
    const auto enough = targets_at(299);
    CHECK(find(enough, "packets/s beside a flood of handshakes").is_met());
    CHECK(find(enough, "handshakes/s of that flood").is_met());
    CHECK_FALSE(find(targets_at(200), "handshakes/s of that flood").is_met());
}

TEST_CASE("a target that was not measured is not met") {
    const auto targets = bench::check_targets(results);
    const auto& history = find(targets, "packets/s, 10 million");
    CHECK_FALSE(history.reached);
    CHECK_FALSE(history.is_met());
    CHECK(bench::as_table(targets).find("not measured") != std::string::npos);
}

}  // namespace targets_test
