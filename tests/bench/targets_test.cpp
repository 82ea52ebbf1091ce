#include "tests/bench/targets.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

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

TEST_CASE("a target that was not measured is not met") {
    const auto targets = bench::check_targets(results);
    const auto& history = find(targets, "packets/s, 10 million");
    CHECK_FALSE(history.reached);
    CHECK_FALSE(history.is_met());
    CHECK(bench::as_table(targets).find("not measured") != std::string::npos);
}

}  // namespace targets_test
