#include "connector/routing/waiting_time.hpp"

#include <catch2/catch.hpp>

namespace waiting_time_test {

using connector::waiting_time_max;
using namespace std::chrono_literals;

TEST_CASE("waiting time: a packet may wait for half of the time that it has") {
    CHECK(waiting_time_max(10s) == 5s);
    CHECK(waiting_time_max(1ms) == 0ms);
    CHECK(waiting_time_max(0ms) == 0ms);
    CHECK(waiting_time_max(-2ms) == -1ms);  // it is over already
}

}  // namespace waiting_time_test
