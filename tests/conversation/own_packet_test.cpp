#include "connector/transport/own_packets.hpp"
#include "tests/conversation/world.hpp"
#include "tests/support/stream_sender.hpp"

#include <catch2/catch.hpp>

namespace own_packet_test {

using namespace conversation;

/// A node with two accounts, of which alice pays.
struct paying_world : world {
    explicit paying_world(const config::settings& settings = with_accounts())
        : world{settings},
          payer{connector::own_payer(settings.ilp_address, *find("alice").asset, *find("alice").liquidity)},
          addresses{settings.ilp_address, receiver_secrets, 1h} {
        rates.set("USD", "EUR", {.rate = ilp::parse_rate("0.5").value(), .spread = 100});
        fund(10'000);
    }

    static config::settings with_accounts() {
        auto settings = usual_settings();
        for (const auto& [name, code] : {std::pair{"alice", "USD"}, std::pair{"bob", "EUR"}}) {
            config::account_settings made;
            made.name = name;
            made.asset = {code, 9};
            settings.accounts.push_back(made);
        }
        return settings;
    }

    const peering::receiving_account& find(std::string_view name) const {
        return *known->directory->find_receiving_account_by_name(name);
    }
    std::uint64_t balance(std::string_view name) const { return find(name).liquidity->available.load(); }

    void fund(std::uint64_t amount) {
        peering::packet_transfer transfer;
        transfer.add(*peer("p1").liquidity, *find("alice").liquidity, {amount});
        REQUIRE(peering::ledger::hold(transfer.legs()));
        post(transfer);
    }

    decision send_own(const prepare& prepare) {
        ilp::bytes body = encode(prepare);
        auto [what, context] = router.decide_own(body, payer, *forwarding_table, rates, load, now);
        return {std::move(body), what, context};
    }

    peering::peer payer;
    connector::payment_addresses addresses;
};

TEST_CASE("own packets: a payment's packet is routed, held and patched like any other") {
    paying_world d;
    const auto decided = d.send_own({.amount = 300, .destination = "test.p2.receiver", .expires_in = 10s});
    REQUIRE(decided.what == step::go_on);
    CHECK(decided.to() == "p2");
    const auto before = d.available("p2");
    CHECK(d.balance("alice") == 9'700);
    ilp::bytes forwarded{decided.forwarded().begin(), decided.forwarded().end()};
    const auto sent = ilp::prepare_view::parse(forwarded).value();
    CHECK(sent.amount() == ilp::amount{300});
    CHECK(sent.expires_at() == d.now.wall + 9s);
    d.post(decided);
    CHECK(d.available("p2") == before + 300);
    CHECK(d.at_rest());
}

TEST_CASE("own packets: they are converted with the spread of the currencies") {
    paying_world d;
    const auto decided = d.send_own({.amount = 2'000, .destination = "test.euro.receiver"});
    REQUIRE(decided.what == step::go_on);
    CHECK(decided.context.outgoing_amount == ilp::amount{990});
    CHECK(d.balance("alice") == 8'000);
    d.give_back(decided);
    CHECK(d.balance("alice") == 10'000);
    CHECK(d.at_rest());
}

TEST_CASE("own packets: an amount above the next hop's maximum is answered with the maximum in units of the account") {
    auto settings = paying_world::with_accounts();
    settings.peers[4].max_packet_amount = ilp::amount{99};
    paying_world d{settings};
    const auto decided = d.send_own({.amount = 1'000, .destination = "test.euro.receiver"});
    REQUIRE(decided.refused_with(reject_reason::amount_above_outgoing_maximum));
    REQUIRE(decided.context.maximum_amount);
    const auto again =
        d.send_own({.amount = decided.context.maximum_amount->value, .destination = "test.euro.receiver"});
    REQUIRE(again.what == step::go_on);
    CHECK(again.context.outgoing_amount == ilp::amount{99});
    d.give_back(again);
    CHECK(d.at_rest());
}

TEST_CASE("own packets: a payment between two accounts of this node is fulfilled here") {
    paying_world d;
    const auto [destination, shared_secret] = d.addresses.make(d.find("bob").id, d.now.wall);
    support::stream_sender sender{destination, shared_secret};
    const auto request = sender.next(400);
    const auto decided =
        d.send_own({.amount = 1'000, .destination = destination, .data = request.data, .condition = request.condition});
    REQUIRE(decided.what == step::fulfill);
    CHECK(ilp::fulfills(decided.context.fulfillment, request.condition));
    d.post(decided);
    CHECK(d.balance("alice") == 9'000);
    CHECK(d.balance("bob") == 495);
    CHECK(d.at_rest());
}

TEST_CASE("own packets: an account does not pay itself") {
    paying_world d;
    const auto [destination, shared_secret] = d.addresses.make(d.find("alice").id, d.now.wall);
    support::stream_sender sender{destination, shared_secret};
    const auto request = sender.next(400);
    const auto decided =
        d.send_own({.amount = 1'000, .destination = destination, .data = request.data, .condition = request.condition});
    CHECK(decided.refused_with(reject_reason::payment_to_itself));
    CHECK(d.balance("alice") == 10'000);
    CHECK(d.at_rest());
}

TEST_CASE("own packets: what is refused holds nothing") {
    paying_world d;
    CHECK(d.send_own({.amount = 10'001}).refused_with(reject_reason::sender_lacks_liquidity));
    CHECK(d.send_own({.destination = "test.nobody"}).refused_with(reject_reason::no_route));
    CHECK(d.send_own({.destination = "g.elsewhere"}).refused_with(reject_reason::other_network));
    CHECK(d.send_own({.destination = "peer.config"}).what == step::reject);
    CHECK(d.send_own({.destination = "test.d"}).what == step::reject);
    CHECK(d.send_own({.expires_in = 1500ms}).refused_with(reject_reason::expires_too_soon));
    d.set_enabled("p2", false);
    CHECK(d.send_own({}).refused_with(reject_reason::next_hop_disabled));
    d.load.store_unavailable = true;
    CHECK(d.send_own({}).refused_with(reject_reason::store_unavailable));
    d.load.draining = true;
    CHECK(d.send_own({}).refused_with(reject_reason::draining));
    CHECK(d.balance("alice") == 10'000);
    CHECK(d.at_rest());
}

}  // namespace own_packet_test
