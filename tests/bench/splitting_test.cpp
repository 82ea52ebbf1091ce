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
    CHECK(find(targets, "CPU").reached == Approx(0.75));
    CHECK_FALSE(find(targets, "CPU").is_met());
    CHECK_FALSE(find(targets, "256 parts").reached);
}

TEST_CASE("without the program that pays, no target of packets in parts was measured") {
    for (const auto& target : bench::check_targets(bench::splitting_results{})) CHECK_FALSE(target.reached);
}

}  // namespace splitting_test
