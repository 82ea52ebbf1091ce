#include "peering/administration/recovery.hpp"

#include "peering/administration/administration.hpp"
#include "peering/administration/stored_terms.hpp"
#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace recovery_test {

using namespace peering;
using namespace peering::testing;

namespace {

constexpr ilp::timestamp noon{std::chrono::hours{24 * 20'000}};
constexpr wide_amount near_2_to_128 = ~wide_amount{0} - 5;

peer_record peer_of_api(std::uint32_t id, const std::string& name, account_id account) {
    peer_record peer{
        .id = id, .uuid = new_uuid(), .asset_id = 1, .liquidity = {account, account_kind::peer_liquidity, {0, 100}}};
    peer.terms.name = name;
    peer.terms.ilp_address = "test." + name;
    peer.terms.origin = origin::api;
    peer.terms.routes = {"test.east", "test.west"};
    peer.terms.incoming_tokens = {ilp::sha256(ilp::as_bytes(name))};
    peer.terms.outgoing_endpoint = "http://127.0.0.1:4002/";
    peer.terms.outgoing_token = "to-" + name;
    return peer;
}

/// The content of a store with one asset, two peers that operators have created, and a pending withdrawal.
catalogue sound() {
    asset_record usd{.id = 1,
                     .uuid = new_uuid(),
                     .code = "USD",
                     .scale = 9,
                     .liquidity = {account_id{1}, account_kind::asset_liquidity, {}},
                     .settlement = {account_id{2}, account_kind::settlement, {200, 0}}};
    usd.terms.origin = origin::api;
    catalogue found;
    found.assets = {usd};
    found.peers = {peer_of_api(1, "bob", account_id{3}), peer_of_api(2, "carol", account_id{4})};
    found.peers[1].terms.routes = {"test.south"};
    found.pending_withdrawals.push_back({.uuid = new_uuid(),
                                         .kind = transfer_kind::withdrawal,
                                         .state = transfer_state::pending,
                                         .debit = account_id{3},
                                         .credit = account_id{2},
                                         .amount = {30},
                                         .expires_at = noon});
    return found;
}

/// A daemon that starts with what a store has.
struct start {
    explicit start(const catalogue& found) {
        if (auto recovered = recover(found, known, keeper.keeper, transfers, payments); !recovered) {
            refusal = recovered.error();
        }
    }

    std::unique_ptr<store> kept = open_or_throw("memory:");
    books keeper{*kept};
    peering::committer committer{keeper.keeper};
    operator_transfers transfers{committer};
    peering::payments payments;
    directory known{*ilp::address::parse("test.us")};
    std::string refusal;
};

}  // namespace

TEST_CASE("recovery: a start continues with the stored peers, balances and reserved withdrawals") {
    const start found{sound()};
    REQUIRE(found.refusal.empty());
    CHECK(found.known.asset_count() == 1);
    CHECK(found.known.peer_count() == 2);
    CHECK(found.known.find_peer_by_name("bob")->liquidity->available == 70);
    CHECK(found.known.find_peer_by_name("carol")->liquidity->available == 100);
    CHECK(found.known.owners_of("test.east").size() == 1);
    CHECK(found.transfers.pending_count() == 1);
    CHECK(found.payments.open().empty());
    CHECK(sums_are_zero(snapshot_of(found.keeper.ledger)));
}

TEST_CASE("recovery: a payment that has not ended goes on, and holds nothing meanwhile") {
    catalogue store = sound();
    store.open_payments = {{.number = 7,
                            .uuid = new_uuid(),
                            .account = account_id{4},
                            .receiver = "$dave.example",
                            .amount = {50},
                            .standing = {.status = payment_status::sending, .offer = payment_offer{.send_max = {50}}},
                            .sent = {20}}};
    store.last_payment = 9;
    const start found{store};
    REQUIRE(found.refusal.empty());
    CHECK(found.payments.open().at(7) == store.open_payments[0]);
    CHECK(found.known.find_peer_by_name("carol")->liquidity->available == 100);
}

TEST_CASE("recovery: what may have been in flight is in doubt, and each crash is reported by one event") {
    catalogue store = sound();
    store.flights = {{account_id{3}, 64, 0}, {account_id{4}, 8, 5}};
    start found{store};
    REQUIRE(found.refusal.empty());
    CHECK(found.keeper.keeper.flights().doubts() == std::unordered_map<account_id, std::uint64_t>{{account_id{4}, 5}});
    std::vector<event_record> events;
    found.keeper.keeper.on_events([&](auto raised) { events.assign(raised.begin(), raised.end()); });
    REQUIRE(report_doubts(store, found.keeper.keeper));
    REQUIRE(events.size() == 2);
    CHECK(events[0].type == "peer.books_in_doubt");
    CHECK(events[0].data.starts_with("{\"id\":\"" + store.peers[0].uuid + "\""));
    CHECK_THAT(events[0].data, Catch::EndsWith("\"addedAmount\":\"64\",\"amountInDoubt\":\"64\"}"));
    CHECK_THAT(events[1].data, Catch::EndsWith("\"addedAmount\":\"8\",\"amountInDoubt\":\"13\"}"));
    CHECK(found.keeper.keeper.flights().doubt_about(account_id{4}) == 13);
    events.clear();
    REQUIRE(report_doubts(store, found.keeper.keeper));
    CHECK(events.empty());
}

TEST_CASE("recovery: flights of an account that is not a peer's prevent the start") {
    catalogue store = sound();
    store.flights = {{GENERATE(account_id{2}, account_id{99}), 64, 0}};
    CHECK_THAT(start{store}.refusal, Catch::Contains("which is not the account of a peer"));
}

TEST_CASE("recovery: a peer of the file is absent until the file is read") {
    catalogue store = sound();
    store.peers[1].terms.origin = origin::file;
    const start found{store};
    REQUIRE(found.refusal.empty());
    CHECK(found.known.peer_count() == 1);
    CHECK(found.known.absent_peers().contains(2));
    CHECK(found.known.last_peer_id() == 2);
}

TEST_CASE("recovery: a peer that came back from the store can be removed") {
    start found{sound()};
    REQUIRE(found.refusal.empty());
    const peer_update gone{found.known.find_peer_by_name("bob"), nullptr};
    found.known.apply({}, {&gone, 1});
    CHECK(found.known.owners_of("test.east").empty());
}

TEST_CASE("recovery: peers that were reached over plain HTTP before there was TLS still are") {
    catalogue store = sound();
    store.peers[0].terms.outgoing_endpoint = "http://8.8.8.8/";
    SECTION("and the operator is told") {
        store.peers[1].terms.outgoing_endpoint = "https://bank.example/";
        CHECK(unencrypted_by_default(store.peers) == std::vector{store.peers[0].uuid});
        const start found{store};
        REQUIRE(found.refusal.empty());
        CHECK(found.known.find_peer_by_name("bob")->outgoing.allow_plain_http);
        CHECK_FALSE(found.known.find_peer_by_name("carol")->outgoing.allow_plain_http);
        store.peers[0].terms = kept_terms_of(*found.known.find_peer_by_name("bob"));
        CHECK(unencrypted_by_default(store.peers).empty());
    }
    SECTION("also those with a name") {
        store.peers[1].terms.outgoing_endpoint = "http://bank.example/";
        CHECK(unencrypted_by_default(store.peers).size() == 2);
    }
    SECTION("but not those that a later version has kept") {
        store.peers[0].terms.allow_plain_http = false;
        CHECK(unencrypted_by_default(store.peers).empty());
        const start found{store};
        REQUIRE(found.refusal.empty());
        CHECK_FALSE(found.known.find_peer_by_name("bob")->outgoing.allow_plain_http);
    }
    SECTION("nor those that are deleted or in the file") {
        store.peers[0].terms.deleted_at = noon;
        store.peers[1].terms.outgoing_endpoint = "http://8.8.8.8/";
        store.peers[1].terms.origin = origin::file;
        CHECK(unencrypted_by_default(store.peers).empty());
    }
}

TEST_CASE("recovery: the tokens that we sign name our address, unless the store has another subject") {
    catalogue store = sound();
    store.peers[0].terms.outgoing_jwt_secret = "secret";
    store.peers[1].terms.outgoing_jwt_secret = "secret";
    store.peers[1].terms.outgoing_jwt_subject = "alice";
    const start found{store};
    REQUIRE(found.refusal.empty());
    CHECK(found.known.find_peer_by_name("bob")->outgoing.jwt_subject == "test.us");
    CHECK(found.known.find_peer_by_name("carol")->outgoing.jwt_subject == "alice");
}

TEST_CASE("recovery: the terms of a peer's connections come back from the store") {
    catalogue store = sound();
    kept_peer_terms& bob = store.peers[0].terms;
    bob.client_keys = {{}};
    bob.ca_certificates = "PEM";
    bob.allow_plain_http = true;
    bob.outgoing_protocol = "http2";
    bob.outgoing_mode = "asynchronous";
    SECTION("as they were") {
        const start found{store};
        REQUIRE(found.refusal.empty());
        CHECK(kept_terms_of(*found.known.find_peer_by_name("bob")) == bob);
    }
    SECTION("unless they are damaged") {
        bob.outgoing_protocol = "http3";
        CHECK_THAT(start{store}.refusal, Catch::Contains("an invalid HTTP protocol in the store: restore a backup"));
        bob.outgoing_protocol = "http2";
        bob.split = config::split_settings{ilp::amount{9}, 1025};
        CHECK_THAT(start{store}.refusal, Catch::Contains("an invalid number of parts in the store: restore a backup"));
    }
    SECTION("and a key that stands for two peers is refused") {
        store.peers[1].terms.client_keys = {{}};
        CHECK(start{store}.refusal.empty());
        bob.incoming_tokens.clear();
        CHECK(start{store}.refusal.empty());
        store.peers[1].terms.incoming_tokens.clear();
        CHECK_THAT(start{store}.refusal, Catch::Contains("a client key that occurs twice in the store"));
    }
}

TEST_CASE("recovery: a broken book is refused at the start") {
    catalogue store = sound();
    peer_record& bob = store.peers[0];
    asset_record& usd = store.assets[0];
    std::vector<std::string> expected;
    SECTION("below zero") {
        bob.liquidity.totals.debits_posted = 101;
        expected = {"peer bob", "below zero"};
    }
    SECTION("has more than the largest amount") {
        usd.liquidity.totals.credits_posted = wide_amount{amount_max} + 1;
        expected = {"USD/9", "largest amount"};
    }
    SECTION("a sum that is not zero") {
        bob.liquidity.totals.credits_posted -= 1;
        expected = {"USD/9", "not zero"};
    }
    SECTION("totals that would wrap at the next transfer, although the balances are sound") {
        bob.liquidity.totals = {near_2_to_128 - 100, near_2_to_128};
        usd.settlement.totals = {200, 0};
        expected = {"peer bob", "too large"};
    }
    SECTION("totals of a settlement account that would wrap") {
        usd.settlement.totals = {near_2_to_128, near_2_to_128 - 200};
        expected = {"settlement of asset USD/9", "too large"};
    }
    SECTION("totals that wrap when they are added up, so that a missing 2^128 does not show") {
        constexpr wide_amount half = ~wide_amount{0} >> 1U;
        usd.settlement.totals = {half, 0};
        bob.liquidity.totals = {half - 100, half};
        store.peers[1].liquidity.totals = {half - 100, half};
        expected = {"too large"};
    }
    SECTION("a peer without an asset") {
        bob.asset_id = 9;
        expected = {"peer bob", "has no asset"};
    }
    SECTION("a peer whose id is not a UUID") {
        bob.uuid = GENERATE(as<std::string>{}, "", "bob", std::string(37, 'a'), std::string(100'000, 'a'));
        expected = {"peer number 1", "UUID"};
    }
    SECTION("the largest account id, after which the next would be 0") {
        bob.liquidity.id = account_id{0xffffffffU};
        expected = {"peer bob", "id above"};
    }
    SECTION("the largest account id of an asset") {
        usd.settlement.id = account_id{0xffffffffU};
        expected = {"USD/9", "id above"};
    }
    SECTION("the largest ids of an asset and a peer") {
        if (GENERATE(true, false)) {
            bob.id = 0xffffffffU;
        } else {
            usd.id = 0xffffffffU;
        }
        expected = {"id above"};
    }
    SECTION("a prefix that a peer has twice") {
        bob.terms.routes = {"test.east", "test.west", "test.east"};
        expected = {bob.uuid, "'test.east' twice"};
    }
    SECTION("a peer's own address as one of its routes") {
        bob.terms.routes = {"test.east", "test.bob"};
        expected = {bob.uuid, "'test.bob' twice"};
    }
    SECTION("an invalid route") {
        bob.terms.routes = {GENERATE("test..east", "test.east\ntest.west", "nowhere")};
        expected = {bob.uuid, "route"};
    }
    SECTION("a token that two peers have") {
        store.peers[1].terms.incoming_tokens = bob.terms.incoming_tokens;
        expected = {store.peers[1].uuid, "token"};
    }
    SECTION("a token that a peer has twice") {
        bob.terms.incoming_tokens.push_back(bob.terms.incoming_tokens.front());
        expected = {bob.uuid, "token"};
    }
    SECTION("an invalid endpoint") {
        bob.terms.outgoing_endpoint = "somewhere";
        expected = {bob.uuid, "endpoint"};
    }
    SECTION("a withdrawal of more than its account has") {
        store.pending_withdrawals[0].amount = {101};
        expected = {"pending withdrawal"};
    }
    SECTION("a pending deposit") {
        store.pending_withdrawals[0].kind = transfer_kind::deposit;
        expected = {"pending withdrawal"};
    }
    SECTION("a withdrawal that would pay out of the settlement account") {
        std::swap(store.pending_withdrawals[0].debit, store.pending_withdrawals[0].credit);
        expected = {"pending withdrawal"};
    }
    SECTION("a withdrawal to another peer") {
        store.pending_withdrawals[0].credit = account_id{4};
        expected = {"pending withdrawal"};
    }
    SECTION("a payment from an account that is not there") {
        store.open_payments = {{.number = 1, .uuid = new_uuid(), .account = account_id{99}, .amount = {1}}};
        store.last_payment = 1;
        expected = {"a payment"};
    }
    const start found{store};
    for (const std::string& text : expected) CHECK_THAT(found.refusal, Catch::Contains(text));
    CHECK_THAT(found.refusal, Catch::Contains("restore"));
    CHECK(found.refusal.size() < 1000);
}

TEST_CASE("recovery: a route that occurs twice in the store is refused at the next start") {
    const store_place place{store_kind::sqlite};
    config::settings file;
    file.assets = {make_asset("USD", 9)};
    const auto start_again = [&] {
        const auto store = place.open();
        books books{*store};
        const auto built = build(file, books.keeper);
        return built ? "started" : built.error();
    };
    {
        const auto store = place.open();
        books books{*store};
        const auto known = build_or_throw(file, books.keeper);
        transaction transaction{books.keeper, noon};
        REQUIRE(known->administration->create_peer(transaction, {.asset_uuid = known->assets().front().uuid,
                                                                 .ilp_address = "test.dave",
                                                                 .routes = {"test.east"},
                                                                 .outgoing_endpoint = "http://127.0.0.1:4002/",
                                                                 .outgoing_token = "to-dave"}));
        REQUIRE(known->administration->commit(transaction, [] {}));
    }
    REQUIRE(start_again() == "started");
    place.execute(R"(UPDATE peers SET terms = replace(terms, '["test.east"]', '["test.east","test.east"]'))");
    CHECK_THAT(start_again(), Catch::Contains("'test.east' twice") && Catch::Contains("restore a backup"));
}

TEST_CASE("recovery: ids that the next start would refuse are not assigned") {
    catalogue store = sound();
    store.peers[1].id = record_id_max;
    start found{store};
    REQUIRE(found.refusal.empty());
    administration desk{found.known};
    transaction transaction{found.keeper.keeper, noon};
    REQUIRE(desk.create_peer(transaction, {.asset_uuid = store.assets[0].uuid,
                                           .ilp_address = "test.dave",
                                           .outgoing_endpoint = "http://127.0.0.1:4002/",
                                           .outgoing_token = "to-dave"}));
    const auto written = desk.commit(transaction, [] {});
    REQUIRE_FALSE(written.has_value());
    CHECK_THAT(written.error().message, Catch::Contains("all ids"));
    CHECK(found.known.peer_count() == 2);
}

}  // namespace recovery_test
