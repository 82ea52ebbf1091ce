#include "peering/splitting/split_plan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace split_plan_test {

using namespace peering;
using step = sent_set::step;

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

TEST_CASE("the first answer that decides ends a set, whatever comes later") {
    // All orders of all answers to three parts.
    enum class answer : std::uint8_t { fulfill, reject, never_left, lost };
    constexpr std::array all{answer::fulfill, answer::reject, answer::never_left, answer::lost};
    for (const answer first : all) {
        for (const answer second : all) {
            for (const answer third : all) {
                sent_set set;
                std::vector<step> decided;
                for (const answer each : {first, second, third}) {
                    const bool had_ended = set.has_ended();
                    const step next = each == answer::fulfill      ? set.fulfilled()
                                      : each == answer::reject     ? set.rejected()
                                      : each == answer::never_left ? set.never_left()
                                                                   : set.lost();
                    if (had_ended) {
                        CHECK(next == step::ignore);
                    } else if (each == answer::lost) {
                        CHECK(next == step::wait);
                    } else {
                        decided.push_back(next);
                        CHECK(next == (each == answer::fulfill  ? step::fulfill
                                       : each == answer::reject ? step::reject
                                                                : step::refuse));
                    }
                }
                CHECK(decided.size() <= 1);
                CHECK(set.has_ended() == (decided.size() == 1));
            }
        }
    }
}

}  // namespace split_plan_test
