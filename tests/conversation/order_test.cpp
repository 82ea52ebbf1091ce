#include "tests/conversation/world.hpp"

#include <catch2/catch.hpp>

namespace order_test {

using namespace conversation;

// A packet with every fault that can occur at once is refused by the first stage. With that fault repaired, it is
// refused by the second, and so on to the end of the list.
TEST_CASE("A27-82: a packet with several faults is rejected for the one of the earliest stage") {
    auto settings = usual_settings();
    config::peer_settings& p1 = settings.peers[0];
    p1.max_packet_amount = ilp::amount{1000};
    p1.packet_rate = 1;
    p1.incoming_throughput = ilp::amount{30};
    p1.max_in_flight_amount = ilp::amount{90};
    p1.liquidity = {100};
    config::peer_settings& p2 = settings.peers[1];
    p2.max_packet_amount = ilp::amount{150};
    p2.outgoing_throughput = ilp::amount{20};
    config::account_settings account;
    account.name = "alice";
    account.asset = {"USD", 9};
    settings.accounts = {account};
    world d{settings};
    connector::payment_addresses addresses{settings.ilp_address, d.receiver_secrets, 10s};
    const auto receiver = d.known->directory->receiving_accounts().at(0);
    const std::string expired = addresses.make(receiver->id, d.now.wall - 11s).destination;
    // Uses up the packet rate.
    REQUIRE(d.send("p1", prepare{.amount = 0, .destination = "test.p3"}).what == step::go_on);
    d.load = {.draining = true, .store_unavailable = true, .packets_in_flight_full = true};

    prepare sent{.amount = 1001, .destination = "peer.unknown", .expires_in = -1ms};
    const auto outcome = [&] { return d.send("p1", sent).outcome(); };
    const auto says = [](reject_reason reason) { return std::string{connector::describe(reason).message}; };

    ilp::bytes truncated = d.encode(sent);
    truncated.pop_back();
    CHECK(d.send("p1", truncated).outcome() == says(reject_reason::truncated));
    CHECK(outcome() == says(reject_reason::draining));
    d.load.draining = false;
    CHECK(outcome() == says(reject_reason::store_unavailable));
    d.load.store_unavailable = false;
    CHECK(outcome() == says(reject_reason::too_many_packets_in_flight));
    d.load.packets_in_flight_full = false;
    CHECK(outcome() == says(reject_reason::expired_on_arrival));
    sent.expires_in = 1s;
    CHECK(outcome() == says(reject_reason::amount_above_incoming_maximum));
    sent.amount = 1000;
    CHECK(outcome() == says(reject_reason::packet_rate_exceeded));
    const auto outcome_in_time = [&] {
        d.pass(1s);
        return outcome();
    };
    CHECK(outcome_in_time() == says(reject_reason::unknown_peer_protocol));
    sent.destination = "peer.config";
    CHECK(outcome_in_time() == says(reject_reason::wrong_peer_protocol_condition));
    sent.destination = "test.d";
    CHECK(outcome_in_time() == says(reject_reason::unexpected_payment));
    sent.destination = expired;
    CHECK(outcome_in_time() == says(reject_reason::stream_address_expired));
    sent.destination = addresses.make(receiver->id, d.now.wall).destination;
    CHECK(outcome_in_time() == says(reject_reason::stream_data_unreadable));
    sent.destination = "g.p2";
    CHECK(outcome_in_time() == says(reject_reason::other_network));
    sent.destination = "test.nowhere";
    CHECK(outcome_in_time() == says(reject_reason::no_route));
    sent.destination = "test.p1";
    CHECK(outcome_in_time() == says(reject_reason::back_to_source));
    sent.destination = "test.euro";
    CHECK(outcome_in_time() == says(reject_reason::no_rate));
    sent.destination = "test.cents";
    CHECK(outcome_in_time() == says(reject_reason::converts_to_zero));
    sent.destination = "test.p2";
    CHECK(outcome_in_time() == says(reject_reason::amount_above_outgoing_maximum));
    sent.amount = 150;
    CHECK(outcome_in_time() == says(reject_reason::expires_too_soon));
    sent.expires_in = 2s;
    CHECK(outcome_in_time() == says(reject_reason::sender_lacks_liquidity));
    sent.amount = 100;
    CHECK(outcome_in_time() == says(reject_reason::in_flight_amount_exceeded));
    sent.amount = 90;
    CHECK(outcome_in_time() == says(reject_reason::incoming_throughput_exceeded));
    sent.amount = 30;
    CHECK(outcome_in_time() == says(reject_reason::outgoing_throughput_exceeded));
    sent.amount = 20;
    CHECK(outcome_in_time() == "go on");
}

TEST_CASE("A27-35 A27-82: an amount above the maximum is rejected before balance or rate are considered") {
    auto settings = usual_settings();
    settings.peers[0].max_packet_amount = ilp::amount{1000};
    settings.peers[0].packet_rate = 1;
    settings.peers[0].liquidity = {0};
    world d{settings};
    for (int i = 0; i < 5; ++i) {
        CHECK(d.send("p1", prepare{.amount = ~std::uint64_t{0}})
                  .refused_with(reject_reason::amount_above_incoming_maximum));
    }
    // The refused packet did not use up the packet rate either.
    CHECK(d.send("p1", prepare{.amount = 0}).what == step::go_on);
}

}  // namespace order_test
