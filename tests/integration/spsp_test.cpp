#include "ilp/stream/packet.hpp"
#include "ilp/stream/request.hpp"
#include "peering/spsp/spsp_message.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace spsp_test {

// Payment pointers to accounts of a real daemon.
namespace {

using namespace support;
namespace stream = ilp::stream;

/// A daemon with an account alice, and its listener for senders.
struct payee {
    std::uint16_t port = free_port();
    rig r{[this](daemon_terms& terms) {
        terms.sections = {
            "accounts: [{name: alice, asset: {code: USD, scale: 9}}]",
            "receiving: {secret: " + std::string(64, 'a') + "}",
            "spsp: {enabled: true, default_account: alice, listen: 127.0.0.1:" + std::to_string(port) + "}"};
    }};

    std::optional<http_message> ask(const std::string& target) const {
        return http_connection{port}.exchange(
            {.method = "GET", .target = target, .headers = {{"Accept", "application/spsp4+json"}}});
    }
    peering::spsp_details details(const std::string& target = "/alice") const {
        const auto answer = ask(target);
        REQUIRE(answer);
        REQUIRE(answer->status() == 200);
        return peering::parse_spsp_answer(ilp::as_text(answer->body)).value();
    }
};

/// A packet of a sender that knows the details.
prepare packet_to(const peering::spsp_details& to, std::uint64_t amount) {
    ilp::bytes plaintext(200);
    stream::packet_writer writer{plaintext, {ilp::packet_type::prepare, 1, {amount}}};
    REQUIRE(writer.add(stream::stream_money{1, 1}));
    stream::envelope_cipher cipher;
    prepare packet{.amount = amount, .destination = to.destination.text()};
    packet.data.resize(writer.packet().size() + stream::envelope_overhead);
    packet.condition =
        stream::seal_request(cipher, stream::derive_keys(to.shared_secret), writer.packet(), packet.data).condition;
    return packet;
}

}  // namespace

TEST_CASE("A09-06: a packet with the secret to the address is fulfilled") {
    const payee d;
    for (const char* const target : {"/alice", "/.well-known/pay"}) {
        CHECK(outcome(d.r.send(packet_to(d.details(target), 1000))) == "fulfill");
    }
    // The address of one payment with the secret of another one.
    auto mixed = d.details();
    mixed.shared_secret = d.details().shared_secret;
    CHECK(outcome(d.r.send(packet_to(mixed, 1000))) != "fulfill");
    CHECK(d.r.d.settled_liquidity("p1") == default_liquidity - 2000);
    CHECK(d.r.d.audit().status == 0);
}

TEST_CASE("A09-06: details that were given before a restart can be paid after it") {
    payee d;
    const auto details = d.details();
    d.r.d.kill9();
    d.r.d.start();
    CHECK(outcome(d.r.send(packet_to(details, 1000))) == "fulfill");
    CHECK(d.r.d.settled_liquidity("p1") == default_liquidity - 1000);
}

TEST_CASE("A09-07: a daemon has no payment for an account that it does not have") {
    const payee d;
    for (const char* const target : {"/bob", "/p1", "/", "/alice/"}) {
        const auto answer = d.ask(target);
        REQUIRE(answer);
        CHECK(answer->status() == 404);
        CHECK(ilp::as_text(answer->body).contains("InvalidReceiverError"));
    }
}

TEST_CASE("without spsp.enabled nothing listens for senders") {
    const std::uint16_t port = free_port();
    const rig r{
        [&](daemon_terms& terms) { terms.sections = {"spsp: {listen: 127.0.0.1:" + std::to_string(port) + "}"}; }};
    CHECK_THROWS(http_connection{port});
}

}  // namespace spsp_test
