#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

namespace stage_test {

// The stages of a packet in order, each with the packets that it refuses. Other tests cover the details of each stage.

namespace {

using namespace support;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("stage: authenticate - HTTP 401") {
    const rig r;
    auto request = ilp_request(encode({}));
    request.headers[0].second = "Bearer nobody";
    expect_status(http_connection{r.d.port()}.exchange(request), 401);
    r.expect_untouched();
}

TEST_CASE("stage: decode - HTTP 400, or F01 when the first octet is 0x0c") {
    const rig r;
    expect_status(r.send(to_bytes("\x0d nonsense")), 400);
    expect_reject(r.send(to_bytes("\x0c nonsense")), "F01");
    r.expect_untouched();
}

TEST_CASE("stage: expired on arrival - R00") {
    const rig r;
    expect_reject(r.send({.expires_in = -1ms}), "R00");
    r.expect_untouched();
}

TEST_CASE("stage: maximum packet amount of the incoming peer - F08, before balance and rate") {
    const rig r{[](daemon_terms& terms) {
        terms.peers[0].terms = {"max_packet_amount: 1000", "packet_rate: 1", "packet_burst: 1"};
        terms.peers[0].liquidity = 0;
    }};
    for (int i = 0; i < 5; ++i) expect_amount_too_large(r.send({.amount = 1001}), 1001, 1000);
    CHECK(r.p2.request_count() == 0);
}

TEST_CASE("stage: packet rate of the incoming peer - T05") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].terms = {"packet_rate: 1", "packet_burst: 2"}; }};
    http_connection connection{r.d.port()};
    std::string burst;
    for (int i = 0; i < 3; ++i) burst += serialize(ilp_request(encode({})));
    connection.send(burst);
    CHECK(outcome(connection.receive()) == "fulfill");
    CHECK(outcome(connection.receive()) == "fulfill");
    expect_reject(connection.receive(), "T05");
    CHECK(r.p2.request_count() == 2);
    // The limit applies to this peer only; another peer is not affected.
    CHECK(outcome(r.d.post(prepare{.destination = "test.p1"}, "p2")) == "fulfill");
}

TEST_CASE("stage: throughput of the incoming peer - T04") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].terms = {"incoming_throughput: 1000"}; }};
    http_connection connection{r.d.port()};
    connection.send(serialize(ilp_request(encode({.amount = 600}))) + serialize(ilp_request(encode({.amount = 600}))) +
                    serialize(ilp_request(encode({.amount = 0}))));
    CHECK(outcome(connection.receive()) == "fulfill");
    expect_reject(connection.receive(), "T04");
    CHECK(outcome(connection.receive()) == "fulfill");
    CHECK(eventually([&] { return outcome(r.send({.amount = 600})) == "fulfill"; }));
}

TEST_CASE("stage: peer protocols - F01 for unknown ones, an answer for ILDCP, never forwarded") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
    expect_reject(r.send({.amount = 0, .destination = "peer.unknown"}), "F01");
    CHECK(outcome(r.send({.amount = 0, .destination = "peer.config", .condition = ilp::peer_protocol_condition})) ==
          "fulfill");
    r.expect_untouched();
}

TEST_CASE("stage: own address - F06") {
    const rig r;
    expect_reject(r.send({.destination = "test.d"}), "F06");
    r.expect_untouched();
}

TEST_CASE("stage: route - F02 without one, and for the way back to the source") {
    const rig r;
    expect_reject(r.send({.destination = "test.nowhere"}), "F02");
    expect_reject(r.send({.destination = "test.p1.x"}), "F02");
    expect_reject(r.send({.destination = "test.d.x"}), "F02");
    r.expect_untouched();
}

TEST_CASE("stage: convert - R01 to zero, F08 on overflow, T00 without a rate") {
    const fake_peer wide, foreign;
    const rig r{[&](daemon_terms& terms) {
        terms.peers[1].scale = 2;
        terms.peers.push_back({.name = "wide", .port = wide.port(), .scale = 19});
        terms.peers.push_back({.name = "foreign", .port = foreign.port(), .code = "EUR"});
    }};
    expect_reject(r.send({.amount = 1}), "R01");
    expect_amount_too_large(r.send({.amount = 10'000'000'000, .destination = "test.wide"}), 10'000'000'000,
                            1'844'674'407);
    expect_reject(r.send({.amount = 1, .destination = "test.foreign"}), "T00");
    r.expect_untouched();
    CHECK(wide.request_count() + foreign.request_count() == 0);
}

TEST_CASE("stage: maximum packet amount of the outgoing peer - F08 in incoming units") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].terms = {"max_packet_amount: 500"}; }};
    expect_amount_too_large(r.send({.amount = 501}), 501, 500);
    r.expect_untouched();
}

TEST_CASE("stage: throughput of the outgoing peer - T04") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].terms = {"outgoing_throughput: 1000"}; }};
    http_connection connection{r.d.port()};
    connection.send(serialize(ilp_request(encode({.amount = 600}))) + serialize(ilp_request(encode({.amount = 600}))));
    CHECK(outcome(connection.receive()) == "fulfill");
    expect_reject(connection.receive(), "T04");
    CHECK(r.p2.request_count() == 1);
    CHECK(eventually([&] { return outcome(r.send({.amount = 600})) == "fulfill"; }));
}

TEST_CASE("stage: shorten expiry - R02 when less than the window would be left") {
    const rig r;
    expect_reject(r.send({.expires_in = 1500ms}), "R02");
    r.expect_untouched();
}

TEST_CASE("stage: hold liquidity - T04") {
    SECTION("of the source") {
        const rig r{[](daemon_terms& terms) { terms.peers[0].liquidity = 10; }};
        expect_reject(r.send({.amount = 11}), "T04");
        CHECK(r.p2.request_count() == 0);
    }
    SECTION("of the other asset") {
        const rig r{[](daemon_terms& terms) {
            terms.peers[1].scale = 6;
            terms.assets = {{"USD", 6, 10}};
        }};
        expect_reject(r.send({.amount = 11'000}), "T04");
        r.expect_untouched();
        CHECK(outcome(r.send({.amount = 10'000})) == "fulfill");
        CHECK(r.d.asset_liquidity("USD", 6) == 0);
    }
}

TEST_CASE("stage: send - T01 unreachable, R00 timed out, T00 nonsense answer") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "min_expiration_window: 200ms"}; }};
    r.p2.set_script([](const http_message&) { return answer_close(); });
    expect_reject(r.send({.amount = 10}), "T01");
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    expect_reject(r.send({.amount = 10, .expires_in = 700ms}), "R00");
    r.p2.set_script([](const http_message&) { return answer_packet(to_bytes("nonsense")); });
    expect_reject(r.send({.amount = 10}), "T00");
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
    CHECK(r.d.liquidity("p2") == default_liquidity);
}

TEST_CASE("stage: check the fulfillment - F05") {
    rig r;
    r.p2.set_script([](const http_message&) { return answer_packet(encode_fulfill(ilp::fulfillment{})); });
    expect_reject(r.send({.amount = 10}), "F05");
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
}

TEST_CASE("stage: post or void the transfer, make it durable, answer") {
    rig r;
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    r.d.kill9();
    r.d.start();
    CHECK(r.d.liquidity("p1") == default_liquidity - 10);
    CHECK(r.d.liquidity("p2") == default_liquidity + 10);
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    CHECK(outcome(r.send({.amount = 10})) == "F99");
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 10);
}

}  // namespace stage_test
