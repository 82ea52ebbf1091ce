#include "ilp/echo.hpp"

#include "tests/integration/vectors.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

namespace echo_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

ilp::bytes request_data(std::string_view source) {
    ilp::bytes data;
    ilp::echo::serialize_request(data, source);
    return data;
}

ilp::bytes response_data() {
    ilp::bytes data;
    ilp::echo::serialize_response(data);
    return data;
}

ilp::fulfillment known_fulfillment() {
    return fulfillment_for("echo", {});
}

/// An echo request whose fulfillment the sender knows, so that the sender can fulfill the response.
prepare echo_request(std::string_view source, std::uint64_t amount = 10) {
    return {.amount = amount,
            .destination = "test.d",
            .data = request_data(source),
            .condition = condition_for(known_fulfillment())};
}

scripted_answer fulfill_echo(const http_message&) {
    return answer_packet(encode_fulfill(known_fulfillment()));
}

}  // namespace

TEST_CASE("ECH-01: echoes above the small limit are refused with F06") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "echo_max_amount: 100"}; }};
    r.p1.set_script(fulfill_echo);
    expect_reject(r.send(echo_request("test.p1.ping", 101)), "F06");
    CHECK(r.p1.request_count() == 0);
    CHECK(outcome(r.send(echo_request("test.p1.ping", 100))) == "fulfill");
}

TEST_CASE("ECH-01: the limit can be 0") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "echo_max_amount: 0"}; }};
    r.p1.set_script(fulfill_echo);
    expect_reject(r.send(echo_request("test.p1.ping", 1)), "F06");
    expect_reject(r.send({.amount = 1, .destination = "test.d", .condition = ilp::echo::one_way_condition}), "F06");
    CHECK(r.p1.request_count() == 0);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
}

TEST_CASE("ECH-02 ECH-03 ECH-04: an echo request becomes a Prepare to its source, and its Fulfill comes back") {
    rig r;
    r.p1.set_script(fulfill_echo);
    prepare sent = echo_request("test.p1.ping1");
    sent.expires_at = now() + 10s;
    const auto response = r.send(sent);
    REQUIRE(response);
    CHECK(response->body == encode_fulfill(known_fulfillment()));
    REQUIRE(r.p1.request_count() == 1);
    const auto pong = r.p1.last_prepare();
    CHECK(pong.destination == "test.p1.ping1");
    CHECK(pong.amount == 10);
    CHECK(pong.condition == *sent.condition);
    CHECK(pong.data == response_data());
    CHECK(pong.expires_at == *sent.expires_at - 1s);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
}

TEST_CASE("ECH-02: the answer obeys routing, balance and rate rules") {
    SECTION("to another peer the value moves") {
        rig r;
        r.p2.set_script(fulfill_echo);
        CHECK(outcome(r.send(echo_request("test.p2.ping"))) == "fulfill");
        CHECK(r.p2.last_prepare().data == response_data());
        CHECK(r.d.settled_liquidity("p1") == default_liquidity - 10);
        CHECK(r.d.liquidity("p2") == default_liquidity + 10);
    }
    SECTION("no route") {
        const rig r;
        expect_reject(r.send(echo_request("test.nowhere.ping")), "F02");
        r.expect_untouched();
    }
    SECTION("no credit") {
        const rig r{[](daemon_terms& terms) { terms.peers[0].liquidity = 5; }};
        expect_reject(r.send(echo_request("test.p2.ping")), "T04");
        CHECK(r.p2.request_count() == 0);
    }
    SECTION("too little time") {
        const rig r;
        prepare hasty = echo_request("test.p1.ping");
        hasty.expires_in = 1s;
        expect_reject(r.send(hasty), "R02");
        r.expect_untouched();
    }
}

TEST_CASE("ECH-04: a Reject of the answer becomes the Reject of the request") {
    rig r;
    const ilp::bytes reject = encode_reject("F99", "test.p1", "no", to_bytes("data"));
    r.p1.set_script([&](const http_message&) { return answer_packet(reject); });
    const auto response = r.send(echo_request("test.p1.ping"));
    REQUIRE(response);
    CHECK(response->body == reject);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
}

TEST_CASE("ECH-05: malformed echoes are refused with F01") {
    const rig r;
    const auto vectors = integration::load_vectors("generated/echo.json");
    for (const auto& entry : vectors.at("malformed").as_array()) {
        const std::string name{entry.at("name").as_string()};
        INFO(name);
        // The first fifteen octets alone are not the prefix, so this is not an echo but a payment to the node.
        expect_reject(
            r.send({.destination = "test.d", .data = from_hex(std::string{entry.at("data_hex").as_string()})}),
            name == "15 octets of prefix" ? "F06" : "F01");
    }
    for (const std::string source : {"peer.x", "peer.config", "self.x"}) {
        INFO(source);
        expect_reject(r.send(echo_request(source)), "F01");
    }
    r.expect_untouched();
}

TEST_CASE("ECH-06: an unsolicited echo response is not forwarded") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
    const auto reject = expect_any_reject(r.send({.amount = 10, .destination = "test.d", .data = response_data()}));
    CHECK((reject.code == "F06" || reject.code == "F01"));
    r.expect_untouched();
}

TEST_CASE("ECH-07: an echo to our own address does not loop") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
    for (const std::string source : {"test.d", "test.d.below"}) {
        INFO(source);
        CHECK(expect_any_reject(r.send(echo_request(source))).code.starts_with("F"));
    }
    r.expect_untouched();
}

TEST_CASE("ECH-08: a one-way ping is fulfilled here, and this node keeps its amount") {
    const rig r{[](daemon_terms& terms) { terms.assets = {{"USD", 9, 1000}}; }};
    const auto response = r.send({.amount = 10,
                                  .destination = "test.d",
                                  .data = to_bytes("payload"),
                                  .condition = ilp::echo::one_way_condition});
    REQUIRE(response);
    ilp::bytes body = response->body;
    const auto fulfill = ilp::fulfill_view::parse(body);
    REQUIRE(fulfill);
    CHECK(std::ranges::equal(fulfill->fulfillment(), ilp::echo::one_way_fulfillment));
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 10);
    CHECK(r.d.asset_liquidity("USD", 9) == 1010);
    CHECK(r.p2.request_count() == 0);
}

}  // namespace echo_test
