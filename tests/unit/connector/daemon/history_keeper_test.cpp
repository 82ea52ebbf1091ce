#include "connector/daemon/history_keeper.hpp"

#include <catch2/catch.hpp>

namespace history_keeper_test {

using namespace std::chrono_literals;
using connector::history_keeper;

TEST_CASE("history keeper: the steps take a small share of the time, however long each takes") {
    const history_keeper::result full{peering::history_step{1000, true}};
    CHECK(history_keeper::pause_after(full, 2ms) == 38ms);
    CHECK(history_keeper::pause_after(full, 100ms) == 1900ms);
    CHECK(history_keeper::pause_after(full, 60s) == 19min);
}

TEST_CASE("history keeper: it waits while nothing is old enough, and after a failure") {
    const history_keeper::result last{peering::history_step{999, false}};
    CHECK(history_keeper::pause_after(last, 2ms) == history_keeper::idle_pause);
    const history_keeper::result failed{std::unexpected{peering::store_error{"disk full"}}};
    CHECK(history_keeper::pause_after(failed, 2ms) == history_keeper::idle_pause);
}

TEST_CASE("history keeper: a step has more if there are more transfers or more events, and fails with either") {
    using peering::history_step;
    using result = history_keeper::result;
    CHECK_FALSE(history_keeper::both(history_step{5, false}, history_step{1, false})->has_more);
    CHECK(history_keeper::both(history_step{1000, true}, history_step{})->has_more);
    CHECK(history_keeper::both(history_step{}, history_step{1000, true})->has_more);
    CHECK(history_keeper::both(history_step{5, false}, history_step{1000, true})->rows == 5);
    const result failed{std::unexpected{peering::store_error{"disk full"}}};
    CHECK(history_keeper::both(failed, history_step{1000, true}).error().message == "disk full");
    CHECK(history_keeper::both(history_step{1000, true}, failed).error().message == "disk full");
}

}  // namespace history_keeper_test
