#include "ilp/payment/round_trip_times.hpp"

#include <catch2/catch.hpp>

namespace round_trip_times_test {

using namespace std::chrono_literals;
using ilp::round_trip_times;

TEST_CASE("round-trip times: before the first measurement there is a guess") {
    const round_trip_times times;
    CHECK_FALSE(times.is_known());
    CHECK(times.smoothed() == 500ms);
    CHECK_FALSE(times.is_slow());
    CHECK(times.lifetime() == 6s);
}

TEST_CASE("round-trip times: the average follows the measurements") {
    round_trip_times times;
    times.measured(100ms);
    CHECK(times.smoothed() == 100ms);
    for (int i = 0; i < 100; ++i) times.measured(200ms);
    CHECK(times.smoothed() > 199ms);
    CHECK(times.smoothed() <= 200ms);
    CHECK_FALSE(times.is_slow());
    for (int i = 0; i < 100; ++i) times.measured(300ms);
    CHECK(times.is_slow());
}

TEST_CASE("round-trip times: a packet gets a few round trips and what connectors subtract, within bounds") {
    round_trip_times quick;
    for (int i = 0; i < 100; ++i) quick.measured(1ms);
    CHECK(quick.lifetime() > 5s);
    CHECK(quick.lifetime() < 5s + 10ms);
    round_trip_times slow;
    for (int i = 0; i < 100; ++i) slow.measured(3s);
    CHECK(slow.lifetime() > 11s);
    CHECK(slow.lifetime() < 12s);
    slow.measured(1h);
    CHECK(slow.lifetime() == round_trip_times::lifetime_max);
    round_trip_times zero;
    zero.measured(0ns);
    CHECK(zero.is_known());
}

TEST_CASE("round-trip times: what was slow under a load is not slow at rest, and keeps what it has learned") {
    round_trip_times times;
    times.had_too_little_time();
    times.measured(100ms);
    for (int i = 0; i < 100; ++i) times.measured(400ms);
    REQUIRE(times.is_slow());
    round_trip_times rested = times.at_rest();
    CHECK_FALSE(rested.is_slow());
    CHECK(rested.smoothed() == 100ms);
    CHECK(rested.lifetime() > 10s);
    CHECK_FALSE(round_trip_times{}.at_rest().is_known());
    rested.measured(500ms);  // the path has become longer
    CHECK(rested.smoothed() == 500ms);
    CHECK_FALSE(rested.is_slow());
    for (int i = 0; i < 100; ++i) rested.measured(1100ms);
    CHECK(rested.is_slow());
}

TEST_CASE("round-trip times: R02 gives the packets more time for the connectors, up to the usual 30 s") {
    round_trip_times times;
    times.measured(10ms);
    const auto before = times.lifetime();
    times.had_too_little_time();
    CHECK(times.lifetime() == before + 5s);
    for (int i = 0; i < 100; ++i) times.had_too_little_time();
    CHECK(times.lifetime() == round_trip_times::lifetime_max);
}

}  // namespace round_trip_times_test
