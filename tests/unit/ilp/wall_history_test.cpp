#include "ilp/wall_history.hpp"

#include <catch2/catch.hpp>

namespace wall_history_test {

using namespace std::chrono_literals;

namespace {

constexpr ilp::timestamp noon{1'800'000'000'000ms};
constexpr ilp::steady_time start{1000s};

/// `elapsed` after the start, when the wall clock has been set by `set`.
ilp::instant after(std::chrono::milliseconds elapsed, std::chrono::milliseconds set = {}) {
    return {noon + elapsed + set, start + elapsed};
}

}  // namespace

TEST_CASE("wall history: without a step, both clocks run at the same pace, also before the start") {
    ilp::wall_history wall;
    wall.observe(after(0s));
    wall.observe(after(10s));
    for (const auto time : {-24h * 365, -1h, 0h}) {
        CHECK(wall.moment_of(noon + time) == start + time);
        CHECK(wall.age_of(noon + time) == 10s - time);
    }
    CHECK(wall.moment_of(noon + 10s) == start + 10s);
    CHECK(wall.earliest_within(0s) == noon + 10s);
    CHECK(wall.earliest_within(4s) == noon + 6s);
    CHECK(wall.earliest_within(48h) == noon + 10s - 48h);
}

TEST_CASE("wall history: setting the wall clock forward makes nothing older") {
    ilp::wall_history wall;
    wall.observe(after(0s));
    wall.observe(after(3s, 1h));
    wall.observe(after(10s, 1h));
    CHECK(wall.age_of(noon) == 10s);
    CHECK(wall.age_of(noon + 1h + 4s) == 6s);
    CHECK(wall.earliest_within(5s) == noon + 1h + 5s);
    CHECK(wall.earliest_within(8s) == noon + 2s);
}

TEST_CASE("wall history: setting the wall clock back makes nothing younger before it is there again") {
    ilp::wall_history wall;
    wall.observe(after(0s));
    wall.observe(after(3s, -1h));
    wall.observe(after(10s, -1h));
    CHECK(wall.age_of(noon) == 10s);
    CHECK(wall.age_of(noon + 2s) == 8s);
    CHECK(wall.age_of(noon - 1h + 3s) == 7s);
    // Whatever has been stored since the beginning is not older than the time that the clock was set to.
    CHECK(wall.earliest_within(10s) == noon - 1h + 3s);
    CHECK(wall.earliest_within(5s) == noon - 1h + 5s);
    // If a time has been shown twice, the last time counts.
    wall.observe(after(1h + 10s, -1h));
    CHECK(wall.age_of(noon) == 10s);
}

TEST_CASE("wall history: a time that the wall clock has not reached is taken for that of the start") {
    ilp::wall_history wall;
    wall.observe(after(0s));
    wall.observe(after(10s));
    CHECK(wall.age_of(noon + 1h) == 10s);
    CHECK(wall.age_of(ilp::timestamp::max()) == 10s);
    CHECK(wall.moment_of(ilp::timestamp::min()) < start);
    wall.observe(after(20s, 1h));
    CHECK(wall.age_of(noon + 30min) == 20s);  // skipped
}

TEST_CASE("wall history: a step back to the right time leaves no trace in what is stored from then on") {
    ilp::wall_history wall;
    wall.observe(after(0s));
    wall.observe(after(10s, -1h));
    wall.observe(after(20s));
    wall.observe(after(30s));
    CHECK(wall.age_of(noon + 25s) == 5s);
    CHECK(wall.age_of(noon + 5s) == 25s);
    CHECK(wall.age_of(noon - 1h + 15s) == 15s);
}

TEST_CASE("wall history: reading the clocks one after the other is no step") {
    ilp::wall_history wall;
    wall.observe(after(0s));
    for (int i = 1; i <= 1000; ++i) wall.observe(after(i * 1s, i % 2 == 0 ? 90ms : 0ms));
    CHECK(wall.age_of(noon + 1000s) == 0s);
    CHECK(wall.age_of(noon + 1000s + 90ms) == 0s);
    CHECK(wall.age_of(noon) == 1000s);
}

TEST_CASE("wall history: of very many steps the last ones are known") {
    ilp::wall_history wall;
    for (int i = 0; i < 1000; ++i) wall.observe(after(i * 1s, i * 1h));
    CHECK(wall.age_of(noon + 990h + 990s) == 9s);
    CHECK(wall.age_of(noon + 999h + 999s) == 0s);
}

TEST_CASE("clocks: a time of the wall clock is converted to the steady clock") {
    CHECK(after(5s).when(noon + 20s) == start + 20s);
    CHECK(after(5s, 1h).when(noon + 1h + 20s) == start + 20s);
    CHECK(after(5s).when(noon) == start);
}

}  // namespace wall_history_test
