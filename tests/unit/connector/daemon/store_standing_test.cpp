#include "connector/daemon/store_standing.hpp"

#include <catch2/catch.hpp>

#include <chrono>

namespace store_standing_test {

using namespace connector;
using namespace std::chrono_literals;

namespace {

const ilp::steady_time now{1000s};

peering::daemon_place held_by_b() {
    return {.instance = "b", .host = "on b, process 2", .epoch = 7, .lease_left = 30s};
}

}  // namespace

TEST_CASE("store standing: a store that is not shared has no figures") {
    store_standing standing{"on a, process 1", false};
    standing.note_wait(std::nullopt, now);
    CHECK_FALSE(standing.while_waiting(now).has_value());
}

TEST_CASE("store standing: a standby knows whom it waits for, and what was left of the lease then") {
    store_standing standing{"on a, process 1", true};
    const auto at_first = standing.while_waiting(now).value();
    CHECK_FALSE(at_first.is_active);
    CHECK(at_first.holder.empty());
    CHECK(at_first.epoch == 0);
    CHECK_FALSE(at_first.lease_left.has_value());

    standing.note_wait(held_by_b(), now);
    const auto waiting = standing.while_waiting(now + 10s).value();
    CHECK_FALSE(waiting.is_active);
    CHECK_FALSE(waiting.has_taken_over);
    CHECK(waiting.holder == "on b, process 2");
    CHECK(waiting.epoch == 7);
    CHECK(waiting.lease_left == 20s);

    // The server cannot be reached any more, so nobody is known to have the database.
    standing.note_wait(std::nullopt, now + 11s);
    CHECK(standing.while_waiting(now + 11s).value().holder.empty());
    CHECK(standing.while_waiting(now + 11s).value().epoch == 0);
}

TEST_CASE(
    "store standing: who has waited for another daemon has taken over, and who has waited for the server has not") {
    const ilp::timestamp opened{5000ms};
    store_standing after_another{"on a, process 1", true};
    after_another.note_wait(held_by_b(), now);
    after_another.note_wait(std::nullopt, now);
    after_another.note_open(opened);
    CHECK(after_another.for_admin().has_taken_over);
    CHECK((after_another.for_admin().active_since == opened));
    CHECK(after_another.for_admin().host == "on a, process 1");

    store_standing after_the_server{"on a, process 1", true};
    after_the_server.note_wait(std::nullopt, now);
    after_the_server.note_open(opened);
    CHECK_FALSE(after_the_server.for_admin().has_taken_over);
}

}  // namespace store_standing_test
