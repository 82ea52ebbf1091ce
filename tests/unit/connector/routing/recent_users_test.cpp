#include "connector/routing/recent_users.hpp"

#include <catch2/catch.hpp>

namespace recent_users_test {

using connector::recent_users;
using namespace std::chrono_literals;

TEST_CASE("recent users: one alone shares with nobody, until another comes and again when it has gone") {
    recent_users users{10s};
    ilp::steady_time now = ilp::steady_time{} + 1000h;
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(users.note(7, now));
        now += 1s;
    }
    CHECK(users.note(8, now));
    CHECK(users.note(7, now));
    CHECK(users.note(7, now + 9s));
    CHECK_FALSE(users.note(7, now + 10s));
    CHECK(users.has_others(8, now + 19s));
    CHECK_FALSE(users.has_others(8, now + 20s));
    CHECK_FALSE(users.note(8, now + 20s));  // user 7 has been gone for as long as it counts
    CHECK(users.has_others(7, now + 20s));
    CHECK_FALSE(users.has_others(8, now + 20s));
}

}  // namespace recent_users_test
