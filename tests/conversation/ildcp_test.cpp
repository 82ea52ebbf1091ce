#include "ilp/ildcp.hpp"

#include "tests/conversation/world.hpp"
#include "tests/support/peer_side.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace ildcp_test {

using namespace conversation;

namespace {

prepare request() {
    return {.amount = 0, .destination = "peer.config", .condition = ilp::peer_protocol_condition};
}

/// The whole Fulfill that the sender receives.
ilp::bytes fulfill_of(const decision& decided) {
    REQUIRE(decided.what == step::fulfill);
    return fulfill_with(decided.context.fulfillment, decided.context.answer_data);
}

}  // namespace

TEST_CASE("A31-01 A31-02 A31-17: each peer receives its own address, scale and code, as in the vectors") {
    const auto vectors = vectors::load("generated/ildcp.json");
    for (const auto& vector : vectors.at("responses").as_array()) {
        const std::string code{vectors::text(vector.at("asset_code"))};
        const auto scale = vector.at("asset_scale").to_number<std::uint8_t>();
        INFO(boost::json::serialize(vector));
        auto settings = usual_settings();
        settings.assets = {asset(code, scale)};
        settings.peers = {peer("p1", code, scale)};
        settings.peers[0].ilp_address = ilp::address::parse(vectors::text(vector.at("client_address"))).value();
        world d{settings};
        CHECK(fulfill_of(d.send("p1", request())) == vectors::from_hex(vectors::text(vector.at("fulfill_hex"))));
    }
}

TEST_CASE("A31-01: the request of the vectors is answered") {
    world d;
    const auto vectors = vectors::load("generated/ildcp.json");
    const decision decided = d.send("p1", vectors::from_hex(vectors::text(vectors.at("request_prepare_hex"))));
    const auto response = support::parse_ildcp_response(decided.context.answer_data);
    REQUIRE(decided.what == step::fulfill);
    REQUIRE(response);
    CHECK(response->client_address == "test.p1");
    CHECK(response->asset_scale == 9);
    CHECK(response->asset_code == "USD");
    CHECK(d.at_rest());
}

TEST_CASE("A31-03 A31-05: a peer gets the same address every time, and that address is routed to it") {
    auto settings = usual_settings();
    settings.peers[0].ilp_address = ilp::address::parse("test.d.child").value();
    world d{settings};
    const ilp::bytes first = fulfill_of(d.send("p1", request()));
    d.pass(1h);
    CHECK(fulfill_of(d.send("p1", request())) == first);
    const decision decided = d.send("p2", prepare{.destination = "test.d.child.x"});
    REQUIRE(decided.what == step::go_on);
    CHECK(decided.to() == "p1");
}

TEST_CASE("A31-06: another condition is rejected with F01") {
    world d;
    prepare wrong = request();
    wrong.condition = condition_of(preimage);
    const decision refused = d.send("p1", wrong);
    CHECK(refused.refused_with(reject_reason::wrong_peer_protocol_condition));
    CHECK(d.code_of(refused) == "F01");
}

TEST_CASE("A31-07: an expired request is rejected with R00") {
    world d;
    prepare expired = request();
    expired.expires_in = -1ms;
    CHECK(d.code_of(d.send("p1", expired)) == "R00");
    // A request that expires too soon to be forwarded is still answered, since it goes nowhere.
    expired.expires_in = 1ms;
    CHECK(d.send("p1", expired).what == step::fulfill);
}

TEST_CASE("A31-08: a request with an amount is rejected with F00, and the amount is not taken") {
    world d;
    prepare paid = request();
    paid.amount = 1;
    const decision refused = d.send("p1", paid);
    CHECK(refused.refused_with(reject_reason::peer_protocol_with_amount));
    const auto reject = d.reject_of(refused);
    CHECK(reject.code == "F00");
    CHECK(reject.triggered_by == "test.d");
    CHECK(d.at_rest());
}

TEST_CASE("A31-09: data of the request is ignored") {
    world d;
    prepare with_data = request();
    with_data.data = to_bytes("0123456789");
    CHECK(fulfill_of(d.send("p1", with_data)) == fulfill_of(d.send("p1", request())));
}

TEST_CASE("A31-10 A31-15 A31-16: refusals carry our address, and no peer protocol packet is forwarded") {
    auto settings = usual_settings();
    settings.peers[1].routes = {"peer", ""};
    world d{settings};
    prepare below = request();
    below.destination = "peer.config.x";
    const decision refused = d.send("p1", below);
    CHECK(refused.refused_with(reject_reason::unknown_peer_protocol));
    CHECK(d.reject_of(refused).triggered_by == "test.d");
    CHECK(d.send("p1", request()).what == step::fulfill);
}

}  // namespace ildcp_test
