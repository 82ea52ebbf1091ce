#include "peering/splitting/split_outcomes.hpp"

#include <catch2/catch.hpp>

#include <chrono>

namespace split_outcomes_test {

using namespace peering;
using namespace std::chrono_literals;

namespace {

constexpr ilp::timestamp now{1000s};

split_outcome outcome(std::uint32_t peer, ilp::octet id, ilp::timestamp until) {
    return {.peer = peer, .id = {id}, .fulfill = {id, 1, 2}, .until = until};
}

}  // namespace

TEST_CASE("a peer finds the outcome of its own set, until its time is over") {
    split_outcomes outcomes;
    outcomes.add(outcome(1, 7, now + 60s), now);
    CHECK(outcomes.find(1, {7}, now) == ilp::bytes{7, 1, 2});
    CHECK(outcomes.find(1, {7}, now + 60s));
    CHECK(!outcomes.find(1, {7}, now + 60'001ms));
    CHECK(!outcomes.find(2, {7}, now));
    CHECK(!outcomes.find(1, {8}, now));
}

TEST_CASE("outcomes whose time is over are forgotten with the next one") {
    split_outcomes outcomes{{outcome(1, 1, now + 1s), outcome(1, 2, now + 2s), outcome(1, 3, now + 9s)}};
    CHECK(outcomes.size() == 3);
    outcomes.add(outcome(1, 4, now + 60s), now + 3s);
    CHECK(outcomes.size() == 2);
    CHECK(outcomes.find(1, {3}, now + 3s));
}

TEST_CASE("an outcome that is added twice is there once, with its last time") {
    split_outcomes outcomes;
    outcomes.add(outcome(1, 1, now + 1s), now);
    outcomes.add(outcome(1, 1, now + 60s), now);
    outcomes.add(outcome(1, 2, now + 60s), now + 2s);
    CHECK(outcomes.find(1, {1}, now + 2s));
    CHECK(outcomes.size() == 2);
}

}  // namespace split_outcomes_test
