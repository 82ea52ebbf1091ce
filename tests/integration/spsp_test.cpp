#include "peering/spsp/spsp_message.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/rig.hpp"
#include "tests/support/stream_sender.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace spsp_test {

// Payment pointers to accounts of a real daemon.
namespace {

using namespace support;

/// A daemon with an account alice, and its listener for senders.
struct payee {
    std::uint16_t port = free_port();
    rig r{[this](daemon_terms& terms) {
        terms.accounts = {{"alice"}};
        terms.receiving = {"secret: \"" + std::string(64, 'a') + "\""};
        terms.spsp = {"enabled: true", "default_account: alice", "listen: 127.0.0.1:" + std::to_string(port)};
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

    /// Pays 1000 as a sender that has these details.
    std::string pay(const peering::spsp_details& to) const {
        stream_sender sender{to.destination.text(), to.shared_secret};
        const auto request = sender.next(1000);
        return outcome(r.send({.amount = 1000,
                               .destination = sender.destination(),
                               .data = request.data,
                               .condition = request.condition}));
    }
    std::string balance() const {
        const auto answer =
            admin_client{r.d.admin_port()}.ask("{ receivingAccountByName(name: \"alice\") { liquidity } }");
        return std::string{answer.field().at("liquidity").as_string()};
    }
};

}  // namespace

TEST_CASE("A09-06: a packet with the secret to the address is fulfilled") {
    const payee d;
    for (const char* const target : {"/alice", "/.well-known/pay"}) {
        CHECK(d.pay(d.details(target)) == "fulfill");
    }
    // The address of one payment with the secret of another one.
    auto mixed = d.details();
    mixed.shared_secret = d.details().shared_secret;
    CHECK(d.pay(mixed) != "fulfill");
    CHECK(d.balance() == "2000");
    CHECK(d.r.d.settled_liquidity("p1") == default_liquidity - 2000);
    CHECK(d.r.d.audit().status == 0);
}

TEST_CASE("A09-06: details that were given before a restart can be paid after it") {
    payee d;
    const auto details = d.details();
    d.r.d.kill9();
    d.r.d.start();
    CHECK(d.pay(details) == "fulfill");
    CHECK(d.balance() == "1000");
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
    const rig r{[&](daemon_terms& terms) { terms.spsp = {"listen: 127.0.0.1:" + std::to_string(port)}; }};
    CHECK_THROWS(http_connection{port});
}

}  // namespace spsp_test
