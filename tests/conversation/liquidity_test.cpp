#include "connector/routing/stages/hold_liquidity.hpp"
#include "tests/conversation/world.hpp"
#include "tests/support/end_of_process.hpp"

#include <catch2/catch.hpp>

#include <limits>

namespace liquidity_test {

using namespace conversation;

namespace {

constexpr std::uint64_t amount_max = std::numeric_limits<std::uint64_t>::max();

/// Each leg as "debit account -> credit account: amount", with the names of the peers and assets.
std::vector<std::string> legs_of(const world& d, const decision& decided) {
    const auto name = [&d](const peering::liquidity_account* account) -> std::string {
        for (const peering::peer& peer : d.known->peers()) {
            if (peer.liquidity == account) return std::string{peer.name()};
        }
        for (const peering::asset& asset : d.known->assets()) {
            if (asset.liquidity == account) return asset.code + "/" + std::to_string(asset.scale);
        }
        return "?";
    };
    std::vector<std::string> legs;
    for (const peering::leg& leg : decided.context.transfer.legs()) {
        legs.push_back(name(leg.debit) + " -> " + name(leg.credit) + ": " + std::to_string(leg.amount.value));
    }
    return legs;
}

}  // namespace

TEST_CASE("A27-11 A32-05 A32-06: amounts in flight are subtracted from the sender's liquidity") {
    auto settings = usual_settings();
    settings.peers[0].liquidity = {100};
    world d{settings};
    const decision first = d.send("p1", prepare{.amount = 60});
    REQUIRE(first.what == step::go_on);
    CHECK(d.available("p1") == 40);
    CHECK(d.send("p1", prepare{.amount = 60}).refused_with(reject_reason::sender_lacks_liquidity));
    CHECK(d.send("p1", prepare{.amount = 41}).refused_with(reject_reason::sender_lacks_liquidity));
    CHECK(d.available("p1") == 40);
    const decision second = d.send("p1", prepare{.amount = 40});
    REQUIRE(second.what == step::go_on);
    d.release(first);
    CHECK(d.available("p1") == 60);
    d.release(second);
    CHECK(d.at_rest());
    CHECK(d.send("p1", prepare{.amount = 100}).what == step::go_on);
}

TEST_CASE("A27-12 A27-18 A32-01 A32-02 A32-03: a reject releases the hold, and a fulfill moves it") {
    world d;
    const decision rejected = d.send("p1", prepare{.amount = 300});
    CHECK(d.available("p1") == 999'700);
    CHECK(d.available("p2") == 1'000'000);
    d.release(rejected);
    CHECK(d.available("p1") == 1'000'000);
    CHECK(d.available("p2") == 1'000'000);
    CHECK(d.at_rest());

    const decision fulfilled = d.send("p1", prepare{.amount = 300});
    d.post(fulfilled);
    CHECK(d.available("p1") == 999'700);
    CHECK(d.available("p2") == 1'000'300);
    CHECK(d.at_rest());
}

TEST_CASE("A32-09: within an asset the transfer goes from peer to peer") {
    world d;
    CHECK(legs_of(d, d.send("p1", prepare{.amount = 300})) == std::vector<std::string>{"p1 -> p2: 300"});
    CHECK(legs_of(d, d.send("p1", prepare{.amount = 0})).empty());
}

TEST_CASE("A32-09: within an asset the sender pays the spread to the asset") {
    auto settings = usual_settings();
    settings.peers[0].spread = std::uint16_t{100};
    world d{settings};
    const decision sent = d.send("p1", prepare{.amount = 300});
    CHECK(legs_of(d, sent) == std::vector<std::string>{"p1 -> p2: 297", "p1 -> USD/9: 3"});
    d.post(sent);
    CHECK(d.at_rest());
}

TEST_CASE("within an asset no amount grows: a packet that would is never held") {
    world d;
    const decision sent = d.send("p1", prepare{.amount = 300});
    connector::packet_context grown = sent.context;
    grown.transfer = {};
    const auto end = support::run_in_a_copy(
        [&] { connector::stages::hold(grown, *d.peer("p2").asset, *d.peer("p2").liquidity, {301}); });
    CHECK(end.is_broken_invariant("within one asset no amount grows"));
}

TEST_CASE("A32-09: between assets each side moves against its own asset") {
    auto settings = usual_settings();
    settings.peers[0].liquidity = {amount_max / 2};
    world d{settings};
    const decision down = d.send("p1", prepare{.amount = 25'000'000, .destination = "test.cents"});
    CHECK(legs_of(d, down) == std::vector<std::string>{"p1 -> USD/9: 25000000", "USD/2 -> cents: 2"});
    const decision up = d.send("cents", prepare{.amount = 3, .destination = "test.p1"});
    CHECK(legs_of(d, up) == std::vector<std::string>{"cents -> USD/2: 3", "USD/9 -> p1: 30000000"});
    d.post(down);
    d.post(up);
    CHECK(d.asset_available("USD", 9) == 1'000'000'000'000 + 25'000'000 - 30'000'000);
    CHECK(d.asset_available("USD", 2) == 1'000'000 - 2 + 3);
    CHECK(d.at_rest());
}

TEST_CASE("A27-64: the other asset must have enough liquidity, and nothing stays held if it does not") {
    auto settings = usual_settings();
    settings.assets[1].liquidity = {1};
    settings.peers[0].liquidity = {1'000'000'000};
    world d{settings};
    const decision refused = d.send("p1", prepare{.amount = 20'000'000, .destination = "test.cents"});
    CHECK(refused.refused_with(reject_reason::asset_lacks_liquidity));
    CHECK(refused.context.transfer.empty());
    CHECK(d.at_rest());
    CHECK(d.available("p1") == 1'000'000'000);
    CHECK(d.send("p1", prepare{.amount = 10'000'000, .destination = "test.cents"}).what == step::go_on);
}

TEST_CASE("A32-08: without liquidity every amount except 0 is refused until a deposit is made") {
    auto settings = usual_settings();
    settings.peers[0].liquidity = {0};
    world d{settings};
    CHECK(d.send("p1", prepare{.amount = 1}).refused_with(reject_reason::sender_lacks_liquidity));
    CHECK(d.send("p1", prepare{.amount = 0}).what == step::go_on);
    const decision payment = d.send("p2", prepare{.amount = 5, .destination = "test.p1"});
    CHECK(d.send("p1", prepare{.amount = 1}).refused_with(reject_reason::sender_lacks_liquidity));
    d.post(payment);
    CHECK(d.send("p1", prepare{.amount = 5}).what == step::go_on);
}

TEST_CASE("A32-12: no account exceeds the largest amount, and nothing stays held if it would") {
    auto settings = usual_settings();
    settings.peers[1].liquidity = {amount_max - 10};
    world d{settings};
    const decision fits = d.send("p1", prepare{.amount = 6});
    REQUIRE(fits.what == step::go_on);
    CHECK(d.send("p1", prepare{.amount = 5}).refused_with(reject_reason::account_is_full));
    const decision rest = d.send("p1", prepare{.amount = 4});
    REQUIRE(rest.what == step::go_on);
    d.post(fits);
    d.release(rest);
    CHECK(d.available("p1") == 999'994);
    CHECK(d.available("p2") == amount_max - 4);
    CHECK(d.at_rest());
}

TEST_CASE("A27-10: the account of the sending peer is debited") {
    world d;
    const ilp::bytes packet = d.encode({.amount = 7, .destination = "test.p3"});
    d.post(d.send("p1", packet));
    CHECK(d.available("p1") == 999'993);
    CHECK(d.available("p2") == 1'000'000);
    d.post(d.send("p2", packet));
    CHECK(d.available("p2") == 999'993);
    CHECK(d.available("p3") == 1'000'014);
}

TEST_CASE("A27-23: the same Prepare twice is two packets") {
    world d;
    const ilp::bytes packet = d.encode({.amount = 7});
    CHECK(d.send("p1", packet).what == step::go_on);
    CHECK(d.send("p1", packet).what == step::go_on);
    CHECK(d.available("p1") == 999'986);
}

TEST_CASE("A27-18: a refused packet holds nothing, whichever stage refused it") {
    auto settings = usual_settings();
    settings.peers[0].max_packet_amount = ilp::amount{1000};
    world d{settings};
    for (const prepare& sent :
         {prepare{.expires_in = 0ms}, prepare{.amount = 1001}, prepare{.destination = "peer.x"},
          prepare{.destination = "test.d"}, prepare{.destination = "test.nowhere"}, prepare{.destination = "test.p1"},
          prepare{.destination = "test.euro"}, prepare{.destination = "test.cents"}, prepare{.expires_in = 1s}}) {
        const decision refused = d.send("p1", sent);
        CHECK(refused.what == step::reject);
        CHECK(refused.context.transfer.empty());
    }
    CHECK(d.at_rest());
    CHECK(d.available("p1") == 1'000'000);
}

}  // namespace liquidity_test
