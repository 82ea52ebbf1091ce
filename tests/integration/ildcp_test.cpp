#include "ilp/ildcp.hpp"

#include "tests/integration/vectors.hpp"
#include "tests/support/peer_side.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

namespace ildcp_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

/// Expires in a minute, as the requests of deployed clients do.
prepare request() {
    return {.amount = 0,
            .destination = std::string{ilp::ildcp::destination},
            .expires_in = 60s,
            .condition = ilp::peer_protocol_condition};
}

ilp::bytes expected_answer(std::string_view address, std::uint8_t scale, std::string_view code) {
    ilp::bytes data;
    ilp::ildcp::serialize_response(data, address, scale, code);
    return encode_fulfill(ilp::peer_protocol_fulfillment, data);
}

void expect_answer(const std::optional<http_message>& response, std::string_view address, std::uint8_t scale,
                   std::string_view code) {
    INFO(outcome(response));
    REQUIRE(response);
    CHECK(response->status() == 200);
    CHECK(to_hex(response->body) == to_hex(expected_answer(address, scale, code)));
}

}  // namespace

TEST_CASE("A31-01 A31-02 A34-07: peer.config is answered with the peer's address, scale and code") {
    const fake_peer p3;
    const rig r{[&](daemon_terms& terms) {
        terms.peers.push_back({.name = "p3", .address = "test.d.p3", .port = p3.port(), .code = "EUR", .scale = 2});
    }};
    expect_answer(r.send(request()), "test.p1", 9, "USD");
    expect_answer(r.d.post(request(), "p3"), "test.d.p3", 2, "EUR");

    const auto vectors = integration::load_vectors("generated/ildcp.json");
    const ilp::bytes from_vectors = from_hex(std::string{vectors.at("request_prepare_hex").as_string()});
    expect_answer(r.send(from_vectors), "test.p1", 9, "USD");
    r.expect_untouched();
}

TEST_CASE("A31-03 A31-04: the assigned address is routed to the peer, and may be below ours") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].address = "test.d.p2"; }};
    const auto response = r.d.post(request(), "p2");
    REQUIRE(response);
    ilp::bytes body = response->body;
    const auto fulfill = ilp::fulfill_view::parse(body);
    REQUIRE(fulfill);
    const auto given = parse_ildcp_response(fulfill->data());
    REQUIRE(given);
    CHECK(given->client_address.starts_with("test.d."));
    const prepare payment{.amount = 10, .destination = given->client_address + ".account"};
    expect_fulfill(r.send(payment), payment);
    CHECK(r.p2.request_count() == 1);
}

TEST_CASE("A31-05: the answer stays the same, also after a restart") {
    rig r;
    expect_answer(r.send(request()), "test.p1", 9, "USD");
    expect_answer(r.send(request()), "test.p1", 9, "USD");
    REQUIRE(r.d.stop() == 0);
    r.d.start();
    expect_answer(r.send(request()), "test.p1", 9, "USD");
}

TEST_CASE("A31-06: another condition is refused with F01") {
    const rig r;
    prepare wrong = request();
    wrong.condition = ilp::condition{};
    expect_reject(r.send(wrong), "F01");
    wrong.condition.reset();
    expect_reject(r.send(wrong), "F01");
}

TEST_CASE("A31-07: an expired request is refused with R00") {
    const rig r;
    prepare expired = request();
    expired.expires_in = -1s;
    expect_reject(r.send(expired), "R00");
}

TEST_CASE("A31-08: a request with an amount is refused with F00, and costs nothing") {
    const rig r;
    prepare charged = request();
    charged.amount = 1;
    expect_reject(r.send(charged), "F00");
    r.expect_untouched();
}

TEST_CASE("A31-09: data of the request is ignored") {
    const rig r;
    prepare with_data = request();
    with_data.data = random_bytes(10);
    expect_answer(r.send(with_data), "test.p1", 9, "USD");
}

TEST_CASE("A31-10: every peer gets its configured address, refusals come from ours") {
    const rig r;
    expect_answer(r.d.post(request(), "p1"), "test.p1", 9, "USD");
    expect_answer(r.d.post(request(), "p2"), "test.p2", 9, "USD");
    prepare wrong = request();
    wrong.condition = ilp::condition{};
    CHECK(expect_any_reject(r.send(wrong)).triggered_by == "test.d");
}

TEST_CASE("A31-15: peer.config is never forwarded") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].routes = {""}; }};
    expect_answer(r.send(request()), "test.p1", 9, "USD");
    prepare wrong = request();
    wrong.condition = ilp::condition{};
    expect_reject(r.send(wrong), "F01");
    r.expect_untouched();
}

TEST_CASE("A31-16: peer.config.x is not peer.config") {
    const rig r;
    prepare longer = request();
    longer.destination += ".x";
    expect_reject(r.send(longer), "F01");
    longer.destination = "peer.configuration";
    expect_reject(r.send(longer), "F01");
}

TEST_CASE("A31-17: scales 0 and 255 and a code with multi-byte characters are transmitted correctly") {
    const auto scale = GENERATE(std::uint8_t{0}, std::uint8_t{255});
    const rig r{[&](daemon_terms& terms) {
        terms.peers[0].code = "\xe2\x82\xac";
        terms.peers[0].scale = scale;
    }};
    expect_answer(r.send(request()), "test.p1", scale, "\xe2\x82\xac");
}

}  // namespace ildcp_test
