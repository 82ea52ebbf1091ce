#include "tests/bench/splitting.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace splitting_test {

namespace {

const bench::target& find(const std::vector<bench::target>& targets, std::string_view part) {
    return *std::ranges::find_if(targets, [&](const auto& target) { return target.what.contains(part); });
}

}  // namespace

TEST_CASE("a link with parts is compared with the one without") {
    const bench::splitting_results results{.rows = {{.parts_max = 0, .seconds = 10, .packets = 1000, .cpu_us = 12},
                                                    {.parts_max = 8, .seconds = 3, .packets = 125, .cpu_us = 16},
                                                    {.parts_max = 16, .seconds = 2, .packets = 63, .cpu_us = 10}}};
    const auto targets = bench::check_targets(results);
    CHECK(find(targets, "16 parts").reached == Approx(5));
    CHECK(find(targets, "16 parts").is_met());
    CHECK_FALSE(find(targets, "256 parts").reached);
    CHECK_FALSE(find(targets, "CPU").reached);
}

TEST_CASE("the CPU of a packet in parts is compared with that of the packets measured next to it") {
    const bench::busy_link http1{.http2 = false, .parts = 8, .whole_us = {80, 100, 90}, .in_parts_us = {40, 100, 30}};
    CHECK(bench::cpu_ratio(http1) == Approx(2));
    const bench::busy_link http2{.http2 = true, .parts = 8, .whole_us = {14}, .in_parts_us = {20}};
    const bench::splitting_results results{.busy = {http1, http2}};
    const auto targets = bench::check_targets(results);
    CHECK(find(targets, "HTTP/1.1").reached == Approx(2));
    CHECK(find(targets, "HTTP/1.1").is_met());
    CHECK(find(targets, "HTTP/2").reached == Approx(0.7));
    CHECK_FALSE(find(targets, "HTTP/2").is_met());
}

TEST_CASE("without measurements, no target of packets in parts was reached") {
    for (const auto& target : bench::check_targets(bench::splitting_results{})) CHECK_FALSE(target.reached);
}

}  // namespace splitting_test
