#include "peering/store.hpp"

#include "peering/audit.hpp"
#include "peering/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

// What every store must do. store_sqlite_test.cpp and store_postgres_test.cpp have what is special to each.

namespace {

config::settings three_peers() {
    config::settings settings;
    settings.assets = {make_asset("USD", 9, 1000), make_asset("EUR", 255)};
    settings.peers = {make_peer("bob", "USD", 9, amount_max), make_peer("carol", "EUR", 255, 0),
                      make_peer("dave", "USD", 9, 7)};
    return settings;
}

event_record make_event(const std::string& type) {
    return {new_uuid(), type, R"({"balance": "5", "text": "\u00e9 ' \" \\"})"};
}

/// A withdrawal of 30 from bob that waits for its second phase.
transfer_record withdrawal_of(traffic& traffic, ilp::timestamp expires_at) {
    return {.uuid = new_uuid(),
            .kind = transfer_kind::withdrawal,
            .state = transfer_state::pending,
            .debit = traffic.bob()->id,
            .credit = traffic.registry->assets()[0].settlement->id,
            .amount = {30},
            .expires_at = expires_at};
}

}  // namespace

TEST_CASE("a store keeps assets, peers and first deposits") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    CHECK(store->load().value().assets.empty());
    {
        books books{*store};
        build_or_throw(three_peers(), books.keeper);
    }
    if (place.is_durable()) {
        store.reset();
        store = place.open();
    }

    const catalogue loaded = store->load().value();
    REQUIRE(loaded.assets.size() == 2);
    CHECK(loaded.assets[0].code == "USD");
    CHECK(loaded.assets[1].scale == 255);
    CHECK((loaded.assets[0].liquidity.totals == account_totals{0, 1000}));
    CHECK((loaded.assets[0].settlement.totals == account_totals{wide_amount{amount_max} + 1007, 0}));
    CHECK((loaded.assets[1].settlement.totals == account_totals{}));
    REQUIRE(loaded.peers.size() == 3);
    CHECK((loaded.peers[0].liquidity.totals == account_totals{0, amount_max}));
    CHECK(loaded.peers[0].terms.ilp_address == "test.bob");
    CHECK(loaded.peers[2].asset_id == loaded.assets[0].id);

    std::set<std::string> uuids;
    std::set<account_id> accounts;
    for (const asset_record& asset : loaded.assets) {
        CHECK(is_uuid_v4(asset.uuid));
        uuids.insert(asset.uuid);
        accounts.insert({asset.liquidity.id, asset.settlement.id});
    }
    for (const peer_record& peer : loaded.peers) {
        CHECK(is_uuid_v4(peer.uuid));
        uuids.insert(peer.uuid);
        accounts.insert(peer.liquidity.id);
    }
    CHECK(uuids.size() == 5);
    CHECK(accounts.size() == 7);

    const peer_change change{loaded.peers[1].id, {.name = "caroline", .ilp_address = "test.c"}};
    changes renamed;
    renamed.changed_peers = {&change, 1};
    REQUIRE(store->commit(renamed).has_value());
    CHECK(store->load().value().peers[1].terms.name == "caroline");
    CHECK(store->load().value().peers[1].terms.ilp_address == "test.c");
}

TEST_CASE("what a store refuses changes nothing, and is refused for good") {
    store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    traffic traffic{*store};
    const catalogue before = store->load().value();
    peer_record stranger;
    stranger.id = 9;
    stranger.uuid = new_uuid();
    stranger.terms.name = "stranger";
    stranger.terms.ilp_address = "test.stranger";
    stranger.asset_id = before.assets[0].id + 1;
    stranger.liquidity = {account_id{99}, account_kind::peer_liquidity, {}};
    const peer_change nobody{17, {.name = "nobody", .ilp_address = "test.nobody"}};
    const peer_change renamed{before.peers[0].id, {.name = "robert", .ilp_address = "test.robert"}};
    const transfer_record unknown = withdrawal_of(traffic, {});

    changes wrong;
    SECTION("a peer in an asset that is not there, behind a change that would be right") {
        wrong.changed_peers = {&renamed, 1};
        wrong.new_peers = {&stranger, 1};
    }
    SECTION("a change of a peer that is not there") {
        wrong.changed_peers = {&nobody, 1};
    }
    SECTION("the end of a withdrawal that is not there") {
        wrong.ended_transfers = {&unknown, 1};
    }
    const auto refused = store->commit(wrong);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);
    const catalogue after = store->load().value();
    CHECK(after.peers.size() == before.peers.size());
    CHECK(after.peers[0].terms.name == "bob");
    CHECK(store->commit(traffic.commit()).has_value());
}

TEST_CASE("a commit of packets is there when the store is opened again") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    traffic traffic{*store};
    REQUIRE(store->commit(traffic.commit()).has_value());
    store.reset();
    const catalogue loaded = place.open()->load().value();
    CHECK((loaded.peers[0].liquidity.totals == account_totals{10, 100}));
    CHECK((loaded.peers[1].liquidity.totals == account_totals{0, 110}));
    const audit_report report = audit(place.url()).value();
    CHECK(report.faults.empty());
    CHECK(report.transfers == 3);
}

TEST_CASE("A32-12: totals above 2^64 and amounts of 2^64-1 survive the store") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const wide_amount large = wide_amount{amount_max} * amount_max;
    auto store = place.open();
    traffic traffic{*store};
    for (account_change& account : traffic.accounts) account.after = {large, large + amount_max};
    transfer_record withdrawal = withdrawal_of(traffic, {});
    withdrawal.amount = {amount_max};
    changes changes = traffic.commit();
    changes.new_transfers = {&withdrawal, 1};
    REQUIRE(store->commit(changes).has_value());
    store.reset();
    store = place.open();
    CHECK((store->load().value().peers[1].liquidity.totals == account_totals{large, large + amount_max}));
    CHECK(store->find_transfer(withdrawal.uuid).value()->amount == ilp::amount::max());
}

TEST_CASE("a withdrawal in two phases is found in whatever state it is, and loaded while it is pending") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    traffic traffic{*store};
    const ilp::timestamp expiry{1'800'000'000'123ms};
    std::vector<transfer_record> withdrawals;
    for (int i = 0; i < 4; ++i) withdrawals.push_back(withdrawal_of(traffic, expiry + i * 1ms));
    changes made;
    made.new_transfers = withdrawals;
    REQUIRE(store->commit(made).has_value());
    CHECK(store->load().value().pending_withdrawals.size() == 4);
    CHECK_FALSE(store->find_transfer(new_uuid()).value().has_value());

    const std::array states{transfer_state::posted, transfer_state::voided, transfer_state::expired};
    for (std::size_t i = 0; i < states.size(); ++i) withdrawals[i].state = states[i];
    changes ended;
    ended.ended_transfers = std::span{withdrawals}.first(3);
    REQUIRE(store->commit(ended).has_value());
    if (place.is_durable()) {
        store.reset();
        store = place.open();
    }
    for (const transfer_record& withdrawal : withdrawals) {
        CHECK(store->find_transfer(withdrawal.uuid).value() == withdrawal);
    }
    const auto pending = store->load().value().pending_withdrawals;
    REQUIRE(pending.size() == 1);
    CHECK(pending[0] == withdrawals[3]);

    changes again;
    again.ended_transfers = std::span{withdrawals}.first(1);
    CHECK_FALSE(store->commit(again).has_value());
    changes twice;
    twice.new_transfers = std::span{withdrawals}.first(1);
    const auto refused = store->commit(twice);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);
}

TEST_CASE("events wait in the store until they are delivered or given up") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    traffic traffic{*store};
    const std::array events{make_event("peer.liquidity_low"), make_event("asset.liquidity_low"),
                            make_event("peer.liquidity_low")};
    changes changes = traffic.commit();
    changes.new_events = events;
    REQUIRE(store->commit(changes).has_value());
    CHECK(store->count_pending_events().value() == 3);
    const auto loaded = store->load_pending_events(2).value();
    REQUIRE(loaded.size() == 2);
    CHECK(loaded[0].event.uuid == events[0].uuid);
    CHECK(loaded[0].event.type == "peer.liquidity_low");
    CHECK(loaded[0].event.data == events[0].data);
    CHECK(loaded[0].attempts == 0);

    const ilp::timestamp later{4'000'000'000'000ms};
    const std::array attempts{event_attempt{events[0].uuid, false, later}, event_attempt{events[1].uuid, true, {}},
                              event_attempt{events[2].uuid, false, {}}};
    peering::changes tried;
    tried.event_attempts = attempts;
    REQUIRE(store->commit(tried).has_value());
    store.reset();
    store = place.open();
    const auto left = store->load_pending_events(10).value();
    REQUIRE(left.size() == 1);
    CHECK(left[0].event.uuid == events[0].uuid);
    CHECK(left[0].attempts == 1);
    CHECK(left[0].due == later);
    CHECK(store->count_pending_events().value() == 1);
}

TEST_CASE("ten thousand peers in fifty assets are added at once") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    config::settings settings;
    for (int i = 0; i < 50; ++i) settings.assets.push_back(make_asset("A" + std::to_string(i), 9));
    for (int i = 0; i < 10'000; ++i) {
        settings.peers.push_back(make_peer("peer" + std::to_string(i), "A" + std::to_string(i % 50), 9, 1'000));
    }
    books books{*store};
    const auto registry = build_or_throw(settings, books.keeper);
    CHECK(registry->peers().size() == 10'000);
    CHECK(sums_are_zero(books.ledger.snapshot()));
    const catalogue loaded = store->load().value();
    CHECK((loaded.assets[7].settlement.totals == account_totals{200'000, 0}));
    CHECK(loaded.peers.size() == 10'000);
    const audit_report report = audit(place.url()).value();
    CHECK(report.faults.empty());
    CHECK(report.accounts == 10'100);
    CHECK(report.assets == 50);
}

TEST_CASE("a URL of another kind is refused, and not repeated: it may hold a password") {
    for (const std::string url : {"", "sqlite:", "memory", "memory:x", "mysql://user:hunter2@host/db", "ilpd.db"}) {
        const auto opened = open_store(url);
        REQUIRE_FALSE(opened.has_value());
        CHECK_THAT(opened.error().message, Catch::Contains("sqlite:PATH") && !Catch::Contains("hunter2"));
    }
}
