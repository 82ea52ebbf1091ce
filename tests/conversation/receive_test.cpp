#include "tests/conversation/world.hpp"
#include "tests/support/stream_sender.hpp"

#include <catch2/catch.hpp>

namespace receive_test {

using namespace conversation;
namespace stream = ilp::stream;

config::account_settings account(const std::string& name, const std::string& code = "USD", std::uint8_t scale = 9) {
    config::account_settings made;
    made.name = name;
    made.asset = {code, scale};
    return made;
}

/// A node with accounts, and with the rates between their currencies.
struct receiving_world : world {
    explicit receiving_world(config::settings settings = with_accounts()) : world{settings} {
        rates.set("USD", "EUR", {.rate = ilp::parse_rate("0.5").value(), .spread = 0});
        addresses.emplace(settings.ilp_address, receiver_secrets, 1h);
    }

    static config::settings with_accounts() {
        auto settings = usual_settings();
        settings.accounts = {account("alice"), account("bob", "EUR"), account("carol", "USD", 2)};
        return settings;
    }

    const peering::receiving_account& find(std::string_view name) const {
        return *known->directory->find_receiving_account_by_name(name);
    }
    std::uint64_t balance(std::string_view name) const { return find(name).liquidity->available.load(); }

    support::stream_sender sender_to(std::string_view name) {
        const auto [destination, shared_secret] = addresses->make(find(name).id, now.wall);
        return {destination, shared_secret};
    }

    decision deliver(const support::stream_sender& sender, const support::stream_sender::request& request,
                     std::uint64_t amount, std::optional<ilp::condition> condition = {}) {
        return send("p1", prepare{.amount = amount,
                                  .destination = sender.destination(),
                                  .data = request.data,
                                  .condition = condition.value_or(request.condition)});
    }

    std::optional<connector::payment_addresses> addresses;
};

const ilp::condition not_ours = condition_of(preimage);

TEST_CASE("A29-02 A29-07 A29-26: a payment within one asset goes from the peer to the account") {
    receiving_world d;
    auto sender = d.sender_to("alice");
    for (std::uint64_t packet = 1; packet <= 3; ++packet) {
        const auto request = sender.next(100);
        const auto decided = d.deliver(sender, request, 100);
        REQUIRE(decided.what == step::fulfill);
        CHECK(ilp::fulfills(decided.context.fulfillment, request.condition));
        const auto reply = sender.reply(request, ilp::packet_type::fulfill, decided.context.answer_data);
        REQUIRE(reply);
        CHECK(reply->head().amount == ilp::amount{100});
        d.post(decided);
        CHECK(d.find("alice").liquidity->available.load() == packet * 100);
        CHECK(d.available("p1") == 1'000'000 - packet * 100);
    }
    CHECK(d.at_rest());
}

TEST_CASE("A29-07 A29-16: a payment in another currency is converted, and its sender learns what arrived, in what") {
    receiving_world d;
    auto sender = d.sender_to("bob");
    const auto request = sender.next(50, {stream::connection_new_address{"test.sender"}});
    const auto decided = d.deliver(sender, request, 100);
    REQUIRE(decided.what == step::fulfill);
    const auto reply = sender.reply(request, ilp::packet_type::fulfill, decided.context.answer_data);
    REQUIRE(reply);
    CHECK(reply->head().amount == ilp::amount{50});
    bool has_asset = false;
    for (stream::frame_reader frames = reply->frames(); const auto next = frames.next();) {
        const auto* const details = std::get_if<stream::connection_asset_details>(&*next);
        has_asset = has_asset || (details != nullptr && *details == stream::connection_asset_details{"EUR", 9});
    }
    CHECK(has_asset);
    d.post(decided);
    CHECK(d.balance("bob") == 50);
    CHECK(d.available("p1") == 1'000'000 - 100);
    CHECK(d.asset_available("EUR", 9) == 1'000'000 - 50);
    CHECK(d.asset_available("USD", 9) == 1'000'000'000'000 + 100);
    CHECK(d.at_rest());
}

TEST_CASE("A29-08 A29-09 A29-34: what is not fulfilled holds nothing and is answered with the amount, in F99") {
    receiving_world d;
    auto sender = d.sender_to("bob");
    const auto probe = sender.next(0);
    const auto too_much = sender.next(51);
    for (const auto& [request, decided, reason] :
         {std::tuple{probe, d.deliver(sender, probe, 100, not_ours), reject_reason::stream_not_fulfillable},
          std::tuple{too_much, d.deliver(sender, too_much, 100), reject_reason::stream_below_minimum}}) {
        CHECK(decided.refused_with(reason));
        CHECK(decided.context.transfer.empty());
    }
    // A decision's data is valid until the next one.
    const auto again = d.deliver(sender, probe, 100, not_ours);
    const auto reject = d.reject_of(again);
    CHECK(reject.code == "F99");
    CHECK(reject.message.empty());
    const auto reply = sender.reply(probe, ilp::packet_type::reject, reject.data);
    REQUIRE(reply);
    CHECK(reply->head().amount == ilp::amount{50});
    // An amount that the peer could not pay can be asked for, too.
    const auto large = d.deliver(sender, probe, 1'000'000'000'000, not_ours);
    CHECK(large.refused_with(reject_reason::stream_not_fulfillable));
    CHECK(d.at_rest());
}

TEST_CASE("A29-03 A29-04: forged tokens, unknown and disabled accounts and foreign data get F06 without data") {
    receiving_world d;
    auto sender = d.sender_to("alice");
    const auto request = sender.next(0);
    const auto refused_for = [&](std::string destination, reject_reason reason, ilp::bytes data) {
        const auto decided = d.send(
            "p1",
            prepare{.destination = std::move(destination), .data = std::move(data), .condition = request.condition});
        CHECK(decided.refused_with(reason));
        CHECK(d.code_of(decided) == "F06");
        CHECK(d.reject_of(decided).data.empty());
    };
    std::string forged = sender.destination();
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    refused_for(forged, reject_reason::unexpected_payment, request.data);
    refused_for("test.d", reject_reason::unexpected_payment, request.data);
    const auto nobody = d.addresses->make(999, d.now.wall);
    refused_for(nobody.destination, reject_reason::unexpected_payment, request.data);
    for (const ilp::bytes& data : {ilp::bytes{}, ilp::bytes(27, 1), ilp::bytes(100, 2)}) {
        refused_for(sender.destination(), reject_reason::stream_data_unreadable, data);
    }
    auto other = d.sender_to("alice");
    refused_for(sender.destination(), reject_reason::stream_data_unreadable, other.next(0).data);
    CHECK(d.send("p1", prepare{.destination = sender.destination() + ".x"}).refused_with(reject_reason::no_route));
    CHECK(d.send("p1", prepare{.destination = "test.d.alice"}).refused_with(reject_reason::no_route));
    CHECK(d.at_rest());
}

TEST_CASE("A29-28 A29-29: neither a packet nor an address that has expired is fulfilled") {
    receiving_world d;
    auto sender = d.sender_to("alice");
    const auto request = sender.next(0);
    CHECK(d.send("p1", prepare{.destination = sender.destination(),
                               .data = request.data,
                               .expires_in = 0ms,
                               .condition = request.condition})
              .refused_with(reject_reason::expired_on_arrival));
    d.pass(1h);
    const auto decided = d.deliver(sender, request, 1);
    REQUIRE(decided.what == step::fulfill);
    world::give_back(decided);
    d.pass(1ms);
    CHECK(d.deliver(sender, request, 1).refused_with(reject_reason::stream_address_expired));
}

TEST_CASE("A29-27: the same Prepare twice is fulfilled twice, and credited twice") {
    receiving_world d;
    auto sender = d.sender_to("alice");
    const auto request = sender.next(10);
    for (int i = 0; i < 2; ++i) {
        const auto decided = d.deliver(sender, request, 10);
        REQUIRE(decided.what == step::fulfill);
        d.post(decided);
    }
    CHECK(d.balance("alice") == 20);
    CHECK(d.at_rest());
}

TEST_CASE("a payment takes from the limits of its sender, and is refused as a forwarded packet would be") {
    auto settings = receiving_world::with_accounts();
    settings.peers[0].liquidity = {1000};
    settings.peers[0].max_in_flight_amount = ilp::amount{500};
    receiving_world d{settings};
    auto alice = d.sender_to("alice");
    const auto request = alice.next(0);
    CHECK(d.deliver(alice, request, 1001).refused_with(reject_reason::sender_lacks_liquidity));
    CHECK(d.deliver(alice, request, 501).refused_with(reject_reason::in_flight_amount_exceeded));
    const auto rejected = d.deliver(alice, request, 501);
    CHECK(d.reject_of(rejected).data.empty());
    auto carol = d.sender_to("carol");
    CHECK(d.deliver(carol, carol.next(0), 100).refused_with(reject_reason::converts_to_zero));
    d.rates = {};
    auto bob = d.sender_to("bob");
    CHECK(d.deliver(bob, bob.next(0), 100).refused_with(reject_reason::no_rate));
    CHECK(d.at_rest());
}

TEST_CASE(
    "A29-31: with the former secret in the file, addresses of before are still paid, and without it they are not") {
    auto settings = receiving_world::with_accounts();
    settings.receiving.secret = config::secret{std::string(64, '1')};
    receiving_world before{settings};
    auto sender = before.sender_to("alice");
    const auto request = sender.next(1);
    settings.receiving.secret = config::secret{std::string(64, '2') + "," + std::string(64, '1')};
    receiving_world rotated{settings};
    const auto decided = rotated.deliver(sender, request, 1);
    REQUIRE(decided.what == step::fulfill);
    rotated.post(decided);
    settings.receiving.secret = config::secret{std::string(64, '2')};
    receiving_world after{settings};
    CHECK(after.deliver(sender, request, 1).refused_with(reject_reason::unexpected_payment));
    receiving_world without;
    CHECK(without.deliver(sender, request, 1).refused_with(reject_reason::unexpected_payment));
}

}  // namespace receive_test
