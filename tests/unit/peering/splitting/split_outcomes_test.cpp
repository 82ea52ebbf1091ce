#include "peering/splitting/split_outcomes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <utility>

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

TEST_CASE("outcomes whose time is over are forgotten when another peer has one") {
    split_outcomes outcomes;
    outcomes.add(outcome(1, 1, now + 1s), now);
    outcomes.add(outcome(2, 1, now + 60s), now + 2s);
    CHECK(outcomes.size() == 1);
}

TEST_CASE("a peer that has too many outcomes loses those that end first, and no other peer does") {
    split_outcomes outcomes;
    outcomes.add(outcome(2, 1, now + 1s), now);
    outcomes.add(outcome(1, 255, now + 2s), now);
    outcomes.add(outcome(1, 254, now + 3s), now);
    for (std::size_t number = 0; number < split_outcomes::of_peer_max - 1; ++number) {
        split_outcome more{.peer = 1, .fulfill = {1}, .until = now + 60s};
        for (std::size_t i = 0; i < 3; ++i) more.id[8 + i] = static_cast<ilp::octet>(number >> 8 * i);
        outcomes.add(std::move(more), now);
    }
    CHECK(outcomes.size() == split_outcomes::of_peer_max + 1);
    CHECK(outcomes.find(2, {1}, now));
    CHECK(!outcomes.find(1, {255}, now));
    CHECK(outcomes.find(1, {254}, now));
}

TEST_CASE("a Fulfill is kept as it is, or without its data if that is long") {
    const ilp::bytes preimage(ilp::hash_size, 7);
    for (const std::size_t size : {0U, 900U, 32'767U}) {
        CAPTURE(size);
        ilp::bytes packet;
        ilp::serialize_fulfill(packet, std::span<const ilp::octet, ilp::hash_size>{preimage}, ilp::bytes(size, 1));
        ilp::bytes kept = fulfill_to_keep(ilp::fulfill_view::parse(packet).value());
        CHECK(kept.size() <= kept_fulfill_max);
        if (size < kept_fulfill_max) CHECK(kept == packet);
        const auto read = ilp::fulfill_view::parse(kept).value();
        CHECK(std::ranges::equal(read.fulfillment(), preimage));
        CHECK(read.data().size() == (size < kept_fulfill_max ? size : 0));
    }
}

}  // namespace split_outcomes_test
