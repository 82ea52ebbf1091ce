#include "peering/splitting/split_plan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace split_plan_test {

using namespace peering;

namespace {

std::vector<std::uint64_t> amounts(const split_plan& plan) {
    std::vector<std::uint64_t> all;
    for (std::uint32_t part = 0; part < plan.parts(); ++part) all.push_back(plan.amount_of(part).value);
    return all;
}

}  // namespace

TEST_CASE("a total is cut into as few parts as possible") {
    CHECK(amounts(*split_plan::make({40'000}, {10'000}, 16)) == std::vector<std::uint64_t>(4, 10'000));
    CHECK(amounts(*split_plan::make({10'001}, {10'000}, 16)) == std::vector<std::uint64_t>{10'000, 1});
    CHECK(amounts(*split_plan::make({3}, {1}, 3)) == std::vector<std::uint64_t>{1, 1, 1});
    CHECK(amounts(*split_plan::make(ilp::amount::max(), {ilp::amount::max().value - 1}, 2)) ==
          std::vector<std::uint64_t>{ilp::amount::max().value - 1, 1});
}

TEST_CASE("what fits into one part, or into too many, is not split") {
    CHECK(!split_plan::make({10'000}, {10'000}, 16));
    CHECK(!split_plan::make({0}, {10'000}, 16));
    CHECK(!split_plan::make({4}, {1}, 3));
    CHECK(!split_plan::make({4}, {0}, 3));
    CHECK(!split_plan::make(ilp::amount::max(), {1}, 1024));
    CHECK(!split_plan::make({2}, {1}, 1));
}

TEST_CASE("the parts of any total add up to it, and none is empty or too large") {
    std::mt19937_64 random{3};
    int plans = 0;
    for (int i = 0; i < 20'000; ++i) {
        const ilp::amount total{random() >> random() % 64};
        const ilp::amount part_max{total.value / (1 + random() % 1100) + random() % 3};
        const auto plan = split_plan::make(total, part_max, 1024);
        if (!plan) continue;
        ++plans;
        const auto parts = amounts(*plan);
        const auto [least, most] = std::ranges::minmax(parts);
        REQUIRE(least > 0);
        REQUIRE(most <= part_max.value);
        REQUIRE(std::accumulate(parts.begin(), parts.end(), std::uint64_t{0}) == total.value);
        REQUIRE(plan->parts() >= 2);
        REQUIRE(plan->parts() <= 1024);
    }
    CHECK(plans > 10'000);
}

TEST_CASE("the largest total is the one that is cut into the most parts, all of the largest size") {
    CHECK(split_plan::largest_total({1000}, 16) == ilp::amount{16'000});
    CHECK(split_plan::largest_total({0}, 16) == ilp::amount{0});
    CHECK(split_plan::largest_total(ilp::amount::max(), 2) == ilp::amount::max());
    for (const std::uint64_t part_max : {1U, 7U, 1000U}) {
        const ilp::amount largest = split_plan::largest_total({part_max}, 16);
        CHECK(split_plan::make(largest, {part_max}, 16));
        CHECK(!split_plan::make({largest.value + 1}, {part_max}, 16));
    }
}

}  // namespace split_plan_test
