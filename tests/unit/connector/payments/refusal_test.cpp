#include "connector/payments/refusal.hpp"

#include <catch2/catch.hpp>

namespace refusal_test {

using connector::refusal;
using connector::reject_reason;
using connector::remedy;
using connector::to_text;
using connector::with_refusal;
using ilp::error_code;

TEST_CASE("refusal: a refusal of this node is named with its reason, and with what can be done") {
    CHECK(to_text({.code = error_code::t01_peer_unreachable, .of_this_node = reject_reason::next_hop_disabled}) ==
          "T01 Peer Unreachable of this node: account of the next hop is disabled (next_hop_disabled); enable the peer "
          "(`ilpctl peer enable PEER`)");
    CHECK(to_text({.code = error_code::t03_connector_busy, .of_this_node = reject_reason::draining}) ==
          "T03 Connector Busy of this node: connector is shutting down (draining)");
    for (const auto reason : {reject_reason::no_route, reject_reason::no_rate, reject_reason::rate_too_old,
                              reject_reason::asset_lacks_liquidity, reject_reason::sender_lacks_liquidity,
                              reject_reason::next_hop_unreachable, reject_reason::next_hop_refused_us}) {
        CHECK_FALSE(remedy(reason).empty());
    }
}

TEST_CASE("refusal: another node is named by its address, if the Reject has one") {
    CHECK(to_text({.code = error_code::t04_insufficient_liquidity, .triggered_by = "test.x"}) ==
          "T04 Insufficient Liquidity of test.x");
    CHECK(to_text({.code = error_code::t04_insufficient_liquidity}) == "T04 Insufficient Liquidity");
    CHECK(to_text(refusal{}) == "an unknown code");
}

TEST_CASE("refusal: a payment that has ended names who refused its last packet, if that is why") {
    const refusal last{.code = error_code::f02_unreachable, .of_this_node = {}, .triggered_by = "test.x"};
    CHECK(with_refusal("It is over", error_code::f02_unreachable, last) == "It is over (F02 Unreachable of test.x)");
    CHECK(with_refusal("It is over", error_code::f06_unexpected_payment, last) ==
          "It is over (F06 Unexpected Payment)");
    CHECK(with_refusal("It is over", error_code::f02_unreachable, std::nullopt) == "It is over (F02 Unreachable)");
    CHECK(with_refusal("It is over", std::nullopt, last) == "It is over");
}

}  // namespace refusal_test
