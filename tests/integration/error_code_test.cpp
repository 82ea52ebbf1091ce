#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace error_code_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("A27-50: an ILDCP request with an amount is refused with F00") {
    const rig r;
    expect_reject(r.send({.amount = 1, .destination = "peer.config", .condition = ilp::peer_protocol_condition}),
                  "F00");
    r.expect_untouched();
}

TEST_CASE("A27-51: packet and peer-protocol faults are refused with F01") {
    const rig r;
    expect_reject(r.send({.destination = "test..x"}), "F01");
    expect_reject(r.send({.amount = 0, .destination = "peer.unknown"}), "F01");
    expect_reject(r.send({.amount = 0, .destination = "peer.config"}), "F01");  // with another condition
    ilp::bytes cut = encode({});
    cut.pop_back();
    expect_reject(r.send(cut), "F01");
    r.expect_untouched();
}

TEST_CASE("A27-52: unreachable destinations are refused with F02") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
    for (const std::string destination : {"g.x", "test.p1.loop", "self.x", "private.x", "test.d.nobody"}) {
        INFO(destination);
        expect_reject(r.send({.destination = destination}), "F02");
    }
    r.expect_untouched();
}

TEST_CASE("A27-56: a payment to the node itself is refused with F06") {
    const rig r;
    expect_reject(r.send({.amount = 10, .destination = "test.d"}), "F06");
    expect_reject(r.send({.amount = 0, .destination = "test.d", .data = random_bytes(50)}), "F06");
    r.expect_untouched();
}

TEST_CASE("A27-60: no rate between two currencies, or a failing next hop, gives T00") {
    SECTION("no rate") {
        const rig r{[](daemon_terms& terms) {
            terms.peers[1].code = "EUR";
            terms.assets = {{"EUR", 9, default_liquidity}};
        }};
        expect_reject(r.send({.amount = 10}), "T00");
        r.expect_untouched();
    }
    SECTION("the next hop fails") {
        rig r;
        r.p2.set_script([](const http_message&) { return answer_http(500); });
        expect_reject(r.send({.amount = 10}), "T00");
        CHECK(r.d.settled_liquidity("p1") == default_liquidity);
    }
}

TEST_CASE("A27-61: a next hop that cannot be reached gives T01, long before the expiry") {
    rig r;
    r.p2.stop();
    expect_reject(r.send({.amount = 10, .expires_in = 30s}), "T01");
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
    r.p2.start();
    CHECK(eventually([&] { return outcome(r.send(prepare{})) == "fulfill"; }));
}

TEST_CASE("A27-63 A18-08: a saturated connector answers T03 at once") {
    const auto hold = std::make_shared<gate>();
    const auto held = [&](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    };
    const auto saturate = [&](rig& r, std::size_t reaches_p2, int fits) {
        r.p2.set_script(held);
        std::vector<http_connection> connections;
        for (int i = 0; i < fits; ++i) {
            connections.emplace_back(r.d.port()).send(ilp_request(encode({.amount = 10})));
            REQUIRE(r.p2.wait_for_requests(std::min<std::size_t>(reaches_p2, connections.size())));
        }
        REQUIRE(eventually([&] { return r.d.scrape().sum("ilp_packets_in_flight", {{"peer", "p2"}}) == fits; }));
        for (int i = 0; i < 5; ++i) expect_reject(r.send({.amount = 10}), "T03");
        hold->open();
        for (auto& connection : connections) expect_fulfill(connection.receive(), {.amount = 10});
        CHECK(r.d.settled_liquidity("p1") == default_liquidity - 10 * static_cast<std::uint64_t>(fits));
        CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    };
    SECTION("by packets in flight") {
        rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "max_packets_in_flight: 3"}; }};
        saturate(r, 3, 3);
    }
    SECTION("by packets that wait for one slow next hop") {
        rig r{[](daemon_terms& terms) { terms.peers[1].outgoing = {"max_connections: 2", "max_waiting: 2"}; }};
        saturate(r, 2, 4);
    }
}

TEST_CASE("A27-64: insufficient liquidity gives T04") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].liquidity = 9; }};
    CHECK(expect_reject(r.send({.amount = 10}), "T04").message ==
          "insufficient liquidity: the balance of the peer that sent the packet is too low");
    CHECK(r.p2.request_count() == 0);
}

TEST_CASE("A27-65: above the packet rate comes T05, and later packets pass again") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].terms = {"packet_rate: 1", "packet_burst: 3"}; }};
    http_connection connection{r.d.port()};
    std::string burst;
    for (int i = 0; i < 6; ++i) burst += serialize(ilp_request(encode({.amount = 10})));
    connection.send(burst);
    std::vector<std::string> outcomes;
    for (int i = 0; i < 6; ++i) outcomes.push_back(outcome(connection.receive()));
    CHECK(std::ranges::count(outcomes, "fulfill") == 3);
    CHECK(std::ranges::count(outcomes, "T05") == 3);
    CHECK(eventually([&] { return outcome(connection.exchange(ilp_request(encode({})))) == "fulfill"; }));
}

TEST_CASE("A27-66: HTTP 429 from the next hop gives T03, T02 and T05 packets are relayed") {
    rig r;
    r.p2.set_script([](const http_message&) { return answer_http(429); });
    expect_reject(r.send({.amount = 10}), "T03");
    for (const std::string code : {"T02", "T05"}) {
        r.p2.set_script([&](const http_message&) { return answer_reject(code); });
        const auto reject = expect_any_reject(r.send({.amount = 10}));
        CHECK(reject.code == code);
        CHECK(reject.triggered_by == "test.p2");
    }
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
}

TEST_CASE("A27-68: a packet that has expired on arrival is refused with R00") {
    const rig r;
    expect_reject(r.send({.expires_in = -1ms}), "R00");
    expect_reject(r.send({.expires_in = -1h}), "R00");
    r.expect_untouched();
}

TEST_CASE("A27-70: too little time to forward is refused with R02") {
    const rig r;
    expect_reject(r.send({.expires_in = 1000ms}), "R02");
    expect_reject(r.send({.expires_in = 1900ms}), "R02");
    r.expect_untouched();
    const prepare enough{.expires_in = 10s};
    expect_fulfill(r.send(enough), enough);
}

TEST_CASE("A27-80: our Rejects carry a code, our address, and a short message") {
    const rig r{[](daemon_terms& terms) {
        terms.peers[0].terms = {"max_packet_amount: 1000"};
        terms.peers[0].liquidity = 100;
    }};
    // expect_reject looks at every part of a Reject.
    expect_reject(r.send({.destination = "test.nowhere"}), "F02");
    expect_reject(r.send({.destination = "bad address"}), "F01");
    expect_reject(r.send({.expires_in = -1s}), "R00");
    expect_reject(r.send({.expires_in = 1s}), "R02");
    expect_reject(r.send({.amount = 101}), "T04");
    expect_reject(r.send({.amount = 1001}), "F08");
    expect_reject(r.send({.destination = "test.d"}), "F06");
}

TEST_CASE("A27-82: a packet with several faults is refused by the first check") {
    const rig r{[](daemon_terms& terms) {
        terms.peers[0].terms = {"max_packet_amount: 1000", "incoming_throughput: 1200"};
        terms.peers[0].liquidity = 100;
    }};
    ilp::bytes undecodable = encode({.amount = 5000, .expires_in = -1s});
    undecodable.pop_back();
    expect_reject(r.send(undecodable), "F01");
    expect_reject(r.send({.amount = 5000, .expires_in = -1s}), "R00");
    expect_reject(r.send({.amount = 5000, .destination = "peer.unknown"}), "F08");
    expect_reject(r.send({.amount = 1001, .destination = "test.nowhere"}), "F08");
    expect_reject(r.send({.amount = 200, .destination = "peer.unknown", .expires_in = 1s}), "F01");
    expect_reject(r.send({.amount = 200, .destination = "test.d", .expires_in = 1s}), "F06");
    expect_reject(r.send({.amount = 200, .destination = "test.nowhere", .expires_in = 1s}), "F02");
    expect_reject(r.send({.amount = 200, .expires_in = 1s}), "R02");
    CHECK(r.p2.request_count() == 0);
    CHECK(r.d.settled_liquidity("p1") == 100);

    const rig limited{[](daemon_terms& terms) {
        terms.peers[0].terms = {"max_packet_amount: 1000", "packet_rate: 1", "packet_burst: 1",
                                "incoming_throughput: 1"};
    }};
    http_connection connection{limited.d.port()};
    connection.send(serialize(ilp_request(encode({.amount = 1}))) +
                    serialize(ilp_request(encode({.amount = 1000, .destination = "peer.unknown"}))) +
                    serialize(ilp_request(encode({.amount = 1001, .destination = "peer.unknown"}))));
    CHECK(outcome(connection.receive()) == "fulfill");
    expect_reject(connection.receive(), "T05");
    expect_reject(connection.receive(), "F08");
}

}  // namespace error_code_test
