#include "connector/transport/http/lost_request.hpp"

#include <catch2/catch.hpp>

namespace lost_request_test {

using connector::lost_request;
using connector::may_be_sent_again;

TEST_CASE("lost request: it is sent again once, and only if the next hop has certainly not taken it") {
    CHECK(may_be_sent_again({.on_reused_connection = true, .ended_before_arrival = true}));
    CHECK(may_be_sent_again({.on_reused_connection = true, .answered_request_timeout = true}));
    CHECK_FALSE(may_be_sent_again({.on_reused_connection = true}));
    CHECK_FALSE(may_be_sent_again({.ended_before_arrival = true, .answered_request_timeout = true}));
    CHECK_FALSE(may_be_sent_again({.on_reused_connection = true, .sent_before = true, .ended_before_arrival = true}));
    CHECK_FALSE(
        may_be_sent_again({.on_reused_connection = true, .sent_before = true, .answered_request_timeout = true}));
}

}  // namespace lost_request_test
