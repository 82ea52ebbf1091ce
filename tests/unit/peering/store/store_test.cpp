#include "peering/audit.hpp"
#include "peering/open_store.hpp"
#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

namespace store_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

// What every store must do. store_sqlite_test.cpp and store_postgres_test.cpp have the cases specific to each.

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

/// A withdrawal of 30 from bob that is pending until its second phase.
transfer_record withdrawal_of(traffic& traffic, ilp::timestamp expires_at) {
    return {.uuid = new_uuid(),
            .kind = transfer_kind::withdrawal,
            .state = transfer_state::pending,
            .debit = traffic.bob()->id,
            .credit = traffic.registry->assets()[0].settlement->id,
            .amount = {30},
            .expires_at = expires_at};
}

ilp::digest digest_of(std::string_view text) {
    return ilp::sha256(ilp::as_bytes(text));
}

/// Every term has a value, and texts contain characters that are special in JSON, SQL or arrays.
kept_peer_terms all_terms() {
    return {.name = R"(NULL "{},\ é ')",
            .ilp_address = "test.erin",
            .origin = origin::api,
            .enabled = false,
            .deleted_at = ilp::timestamp{1'800'000'000'001ms},
            .max_packet_amount = ilp::amount::max(),
            .liquidity_threshold = ilp::amount{0},
            .routes = {"test.frank", R"(")", ""},
            .incoming_tokens = {digest_of("one"), digest_of("two")},
            .outgoing_endpoint = R"(http://user:"pass\@example/)",
            .outgoing_token = "{NULL}"};
}

/// An asset with that number, whose accounts and id `traffic` does not use.
asset_record asset_of(std::uint32_t number, asset_terms terms) {
    return {.id = 100 + number,
            .uuid = new_uuid(),
            .code = "A" + std::to_string(number),
            .scale = 2,
            .liquidity = {account_id{1000 + 2 * number}, account_kind::asset_liquidity, {}},
            .settlement = {account_id{1001 + 2 * number}, account_kind::settlement, {}},
            .created_at = ilp::timestamp{1'700'000'000'000ms + number * 1ms},
            .terms = terms};
}

peer_record peer_of(std::uint32_t number, std::uint32_t asset, kept_peer_terms terms) {
    return {.id = 100 + number,
            .uuid = new_uuid(),
            .asset_id = asset,
            .liquidity = {account_id{2000 + number}, account_kind::peer_liquidity, {}},
            .created_at = ilp::timestamp{1'710'000'000'000ms + number * 1ms},
            .terms = std::move(terms)};
}

std::vector<std::string> types_of(const std::vector<listed_event>& page) {
    std::vector<std::string> types;
    for (const listed_event& event : page) types.push_back(event.event.type);
    return types;
}

ilp::timestamp now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
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

TEST_CASE("a commit that a store refuses changes nothing, and is refused finally") {
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
    const asset_change nothing{17, {.liquidity_threshold = ilp::amount{5}}};
    const transfer_record unknown = withdrawal_of(traffic, {});

    changes wrong;
    SECTION("a peer in an asset that is not there, behind a change that would be right") {
        wrong.changed_peers = {&renamed, 1};
        wrong.new_peers = {&stranger, 1};
    }
    SECTION("a change of a peer that is not there") {
        wrong.changed_peers = {&nobody, 1};
    }
    SECTION("a change of an asset that is not there, behind a change that would be right") {
        wrong.changed_peers = {&renamed, 1};
        wrong.changed_assets = {&nothing, 1};
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

TEST_CASE("events are kept in the store until they are delivered or given up") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    traffic traffic{*store};
    const std::array events{make_event("peer.liquidity_low"), make_event("asset.liquidity_low"),
                            make_event("peer.liquidity_low")};
    changes changes = traffic.commit();
    changes.new_events = events;
    REQUIRE(store->commit(changes).has_value());
    CHECK(count_pending_events(*store) == 3);
    const auto loaded = store->load_pending_events(event_line::node, 2).value();
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
    const auto left = store->load_pending_events(event_line::node, 10).value();
    REQUIRE(left.size() == 1);
    CHECK(left[0].event.uuid == events[0].uuid);
    CHECK(left[0].attempts == 1);
    CHECK(left[0].due == later);
    CHECK(count_pending_events(*store) == 1);
}

TEST_CASE("a store keeps the terms of assets and peers, whatever their origin, and changes them") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    const std::array assets{asset_of(0, {}), asset_of(1, {.origin = origin::api,
                                                          .withdrawal_threshold = ilp::amount{7},
                                                          .liquidity_threshold = ilp::amount::max(),
                                                          .deleted_at = ilp::timestamp{5ms}})};
    const std::array peers{peer_of(0, assets[0].id, {.name = "bob", .ilp_address = "test.bob"}),
                           peer_of(1, assets[1].id, all_terms()),
                           peer_of(2, assets[1].id, {.ilp_address = "test.nameless", .origin = origin::api}),
                           peer_of(3, assets[0].id, {.name = "bob", .ilp_address = "test.bob", .enabled = false})};
    changes made;
    made.new_assets = assets;
    made.new_peers = peers;
    REQUIRE(store->commit(made).has_value());
    const auto reopen = [&] {
        if (!place.is_durable()) return;
        store.reset();
        store = place.open();
    };

    reopen();
    const catalogue loaded = store->load().value();
    REQUIRE(loaded.assets.size() == assets.size());
    for (std::size_t i = 0; i < assets.size(); ++i) {
        CHECK(loaded.assets[i].uuid == assets[i].uuid);
        CHECK(loaded.assets[i].created_at == assets[i].created_at);
        CHECK(loaded.assets[i].terms == assets[i].terms);
    }
    REQUIRE(loaded.peers.size() == peers.size());
    for (std::size_t i = 0; i < peers.size(); ++i) {
        CHECK(loaded.peers[i].uuid == peers[i].uuid);
        CHECK(loaded.peers[i].created_at == peers[i].created_at);
        CHECK(loaded.peers[i].terms == peers[i].terms);
    }

    const std::array changed_assets{asset_change{assets[0].id, assets[1].terms}, asset_change{assets[1].id, {}}};
    const std::array changed_peers{peer_change{peers[0].id, all_terms()}, peer_change{peers[1].id, peers[2].terms},
                                   peer_change{peers[2].id, peers[0].terms}};
    changes changed;
    changed.changed_assets = changed_assets;
    changed.changed_peers = changed_peers;
    REQUIRE(store->commit(changed).has_value());
    reopen();
    const catalogue after = store->load().value();
    CHECK(after.assets[0].terms == assets[1].terms);
    CHECK(after.assets[1].terms == asset_terms{});
    CHECK(after.assets[1].created_at == assets[1].created_at);
    CHECK(after.peers[0].terms == all_terms());
    CHECK(after.peers[1].terms == peers[2].terms);
    CHECK(after.peers[2].terms == peers[0].terms);
    CHECK(after.peers[3].terms == peers[3].terms);
    CHECK(after.peers[0].created_at == peers[0].created_at);
}

TEST_CASE("a store keeps receiving accounts, and their names are unique among those that are not deleted") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    const std::array assets{asset_of(0, {})};
    const auto account = [&](std::uint32_t number, receiving_account_terms terms) {
        return receiving_account_record{.id = 200 + number,
                                        .uuid = new_uuid(),
                                        .asset_id = assets[0].id,
                                        .liquidity = {account_id{3000 + number}, account_kind::receiving, {}},
                                        .created_at = ilp::timestamp{1'720'000'000'000ms + number * 1ms},
                                        .terms = std::move(terms)};
    };
    const receiving_account_terms deleted{.name = "alice", .origin = origin::api, .deleted_at = ilp::timestamp{9ms}};
    const std::array made{account(0, {.name = "alice", .public_name = R"(NULL "{},\ é ')", .origin = origin::api}),
                          account(1, {.name = "carol", .origin = origin::file, .enabled = false}), account(2, deleted)};
    const std::array totals{account_change{account_id{3000}, account_kind::receiving, {0, 0}, {0, 5}},
                            account_change{assets[0].settlement.id, account_kind::settlement, {0, 0}, {5, 0}}};
    REQUIRE(store->commit({.new_assets = assets, .new_receiving_accounts = made, .accounts = totals}));
    const auto reopen = [&] {
        if (!place.is_durable()) return;
        store.reset();
        store = place.open();
    };
    reopen();
    const auto loaded = store->load().value().receiving_accounts;
    REQUIRE(loaded.size() == made.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
        CHECK(loaded[i].id == made[i].id);
        CHECK(loaded[i].uuid == made[i].uuid);
        CHECK(loaded[i].asset_id == assets[0].id);
        CHECK(loaded[i].liquidity.id == made[i].liquidity.id);
        CHECK(loaded[i].liquidity.kind == account_kind::receiving);
        CHECK(loaded[i].created_at == made[i].created_at);
        CHECK(loaded[i].terms == made[i].terms);
    }
    CHECK((loaded[0].liquidity.totals == account_totals{0, 5}));

    const std::array namesake{account(3, {.name = "alice", .origin = origin::file})};
    const auto refused = store->commit({.new_receiving_accounts = namesake});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().final);
    const receiving_account_change nobody{17, {.name = "nobody"}};
    CHECK_FALSE(store->commit({.changed_receiving_accounts = {&nobody, 1}}));
    CHECK(store->load().value().receiving_accounts.size() == made.size());

    // The name passes from one account to the next in one transaction.
    const receiving_account_change gone{made[0].id, deleted};
    REQUIRE(store->commit({.new_receiving_accounts = namesake, .changed_receiving_accounts = {&gone, 1}}));
    reopen();
    const auto after = store->load().value().receiving_accounts;
    REQUIRE(after.size() == 4);
    CHECK(after[0].terms == deleted);
    CHECK(after[3].terms == namesake[0].terms);
}

TEST_CASE("damaged terms are detected at load, and the message names their owner") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    {
        const auto store = place.open();
        const std::array assets{asset_of(0, {})};
        const std::array peers{peer_of(0, assets[0].id, {.ilp_address = "test.nameless"})};
        changes made;
        made.new_assets = assets;
        made.new_peers = peers;
        REQUIRE(store->commit(made).has_value());
    }
    const auto [damage, owner] =
        GENERATE(std::pair{R"(UPDATE assets SET terms = '{"liquidity_threshold": 5}')", "asset A0/2"},
                 std::pair{R"(UPDATE assets SET terms = '{"liquidity_threshold": "5"')", "asset A0/2"},
                 std::pair{R"(UPDATE peers SET terms = '[]')", "peer test.nameless"},
                 std::pair{R"(UPDATE peers SET terms = '{"incoming_tokens": ["12"]}', name = 'erin')", "peer erin"});
    CAPTURE(damage);
    place.execute(damage);
    const auto loaded = place.open()->load();
    REQUIRE_FALSE(loaded.has_value());
    CHECK_THAT(loaded.error().message, Catch::Contains(std::string{"the terms of "} + owner + " are damaged"));
}

TEST_CASE("a peer without a name is shown by its address in the book") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    const std::array assets{asset_of(0, {.deleted_at = ilp::timestamp{5ms}})};
    const std::array peers{peer_of(0, assets[0].id, {.ilp_address = "test.nameless"}),
                           peer_of(1, assets[0].id, {.name = "erin", .ilp_address = "test.erin"})};
    const std::array receivers{receiving_account_record{.id = 1,
                                                        .uuid = new_uuid(),
                                                        .asset_id = assets[0].id,
                                                        .liquidity = {account_id{3000}, account_kind::receiving, {}},
                                                        .terms = {.name = "alice"}}};
    changes made;
    made.new_assets = assets;
    made.new_peers = peers;
    made.new_receiving_accounts = receivers;
    REQUIRE(store->commit(made).has_value());
    struct owners final : book_visitor {
        void account(const account_record&, std::string_view owner, std::string_view) override {
            seen.emplace_back(owner);
        }
        void transfer(account_id, account_id, wide_amount, transfer_state) override {}
        std::vector<std::string> seen;
    };
    owners visitor;
    REQUIRE(read_book(place.url(), visitor).has_value());
    CHECK(visitor.seen == std::vector<std::string>{"liquidity of asset A0/2", "settlement of asset A0/2",
                                                   "liquidity of peer test.nameless", "liquidity of peer erin",
                                                   "receiving account alice"});
}

TEST_CASE("terms that a store could not read again are refused finally") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    const std::array assets{asset_of(0, {})};
    changes made;
    made.new_assets = assets;
    REQUIRE(store->commit(made).has_value());
    const std::array peers{peer_of(0, assets[0].id, {.ilp_address = "test.erin", .outgoing_token = "\xff"})};
    changes wrong;
    wrong.new_peers = peers;
    const auto refused = store->commit(wrong);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);
    CHECK(store->load().value().peers.empty());
    CHECK(store->commit({}).has_value());
}

TEST_CASE("an answer is kept under its key until it is forgotten") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    const std::array answers{
        idempotency_record{R"(key "{},\ é ')", "00ff", R"({"text": "\u00e9 ' \" \\"})", ilp::timestamp{10ms}},
        idempotency_record{"", "01", "", ilp::timestamp{11ms}},
        idempotency_record{"late", "02", "{}", ilp::timestamp{12ms}}};
    changes made;
    made.new_answers = answers;
    REQUIRE(store->commit(made).has_value());
    if (place.is_durable()) {
        store.reset();
        store = place.open();
    }
    for (const idempotency_record& answer : answers) CHECK(store->find_answer(answer.key).value() == answer);
    CHECK_FALSE(store->find_answer("key").value().has_value());
    CHECK_FALSE(store->find_answer(std::string_view{"late\0", 5}).value().has_value());

    changes again;
    again.new_answers = std::span{answers}.last(1);
    const auto refused = store->commit(again);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);

    const idempotency_record successor{answers[0].key, "03", "[]", ilp::timestamp{13ms}};
    changes later;
    later.new_answers = {&successor, 1};
    later.forget_answers_before = ilp::timestamp{12ms};
    REQUIRE(store->commit(later).has_value());
    CHECK(store->find_answer(successor.key).value() == successor);
    CHECK_FALSE(store->find_answer("").value().has_value());
    CHECK(store->find_answer("late").value() == answers[2]);
}

namespace {

/// A payment that has a value in each field.
payment_record payment_of(std::uint64_t number, account_id account) {
    return {.number = number,
            .uuid = new_uuid(),
            .account = account,
            .receiver = R"($host.example/{NULL},\ é ')",
            .is_fixed_delivery = number % 2 == 0,
            .amount = ilp::amount::max(),
            .slippage = 9'999,
            .at_most = number % 2 == 0 ? std::optional{ilp::amount::max()} : std::nullopt,
            .created_at = ilp::timestamp{1'800'000'000'000ms + number * 1ms},
            .standing = {.status = payment_status::sending,
                         .offer = payment_offer{.send_max = ilp::amount::max(),
                                                .minimum = {1, amount_max},
                                                .expected = {amount_max, 1}}},
            .sent = {amount_max - 1},
            .delivered = ilp::amount::max()};
}

}  // namespace

TEST_CASE("payments are kept with all their fields, change until they end, and are loaded until then") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    const auto reopen = [&] {
        if (!place.is_durable()) return;
        store.reset();
        store = place.open();
    };
    {
        books books{*store};
        build_or_throw(three_peers(), books.keeper);
    }
    CHECK(store->load().value().last_payment == 0);
    const account_id account = store->load().value().peers[0].liquidity.id;
    std::array payments{payment_of(1, account), payment_of(2, account)};
    payments[1].standing = {.status = payment_status::quoting};
    payments[1].sent = payments[1].delivered = {};
    REQUIRE(store->commit({.new_payments = payments}).has_value());
    reopen();
    for (const payment_record& payment : payments) CHECK(store->find_payment(payment.uuid).value() == payment);
    CHECK_FALSE(store->find_payment(new_uuid()).value().has_value());
    CHECK_FALSE(store->find_payment(std::string_view{"x\0y", 3}).value().has_value());
    CHECK(store->load().value().open_payments == std::vector(payments.begin(), payments.end()));
    CHECK(store->load().value().last_payment == 2);

    payments[0].standing = {.status = payment_status::failed,
                            .failure = R"(refused: NULL, "F02" é ')",
                            .ended_at = ilp::timestamp{1'800'000'000'999ms}};
    payments[1].standing = payments[0].standing;
    payments[1].standing.offer = payment_of(2, account).standing.offer;
    payments[1].sent = {7};
    payments[1].delivered = {3};
    const std::array changed{payment_change{1, payments[0].standing}, payment_change{2, payments[1].standing}};
    const payment_progress progress{2, {7}, {3}};
    REQUIRE(store->commit({.changed_payments = changed, .advanced_payments = {&progress, 1}}).has_value());
    reopen();
    for (const payment_record& payment : payments) CHECK(store->find_payment(payment.uuid).value() == payment);
    CHECK(store->load().value().open_payments.empty());
    CHECK(store->load().value().last_payment == 2);
}

TEST_CASE("a payment is not accepted twice, and an ended or unknown one does not change") {
    store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    {
        books books{*store};
        build_or_throw(three_peers(), books.keeper);
    }
    const account_id account = store->load().value().peers[0].liquidity.id;
    payment_record payment = payment_of(1, account);
    payment.standing.ended_at = payment.created_at;
    payment.standing.status = payment_status::completed;
    REQUIRE(store->commit({.new_payments = {&payment, 1}}).has_value());
    const auto refuses = [&](const changes& changes) {
        const auto answer = store->commit(changes);
        return !answer && answer.error().final;
    };
    payment_record same_uuid = payment;
    same_uuid.number = 2;
    CHECK(refuses({.new_payments = {&same_uuid, 1}}));
    payment_record same_number = payment_of(1, account);
    CHECK(refuses({.new_payments = {&same_number, 1}}));
    for (const std::uint64_t number : {1U, 2U}) {
        const payment_change change{number, {.status = payment_status::sending}};
        CHECK(refuses({.changed_payments = {&change, 1}}));
    }
    const payment_progress progress{2, {1}, {1}};
    CHECK(refuses({.advanced_payments = {&progress, 1}}));
    CHECK(store->find_payment(payment.uuid).value() == payment);
}

TEST_CASE("payments are listed in pages, from either end and in either order, all or those of an account") {
    store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    {
        books books{*store};
        build_or_throw(three_peers(), books.keeper);
    }
    const catalogue loaded = store->load().value();
    std::vector<payment_record> payments;
    for (std::uint64_t number = 1; number <= 7; ++number) {
        payments.push_back(payment_of(number, loaded.peers[number % 3 == 0 ? 0 : 1].liquidity.id));
    }
    REQUIRE(store->commit({.new_payments = payments}).has_value());
    const auto numbers = [&](const payment_query& query) {
        std::vector<std::uint64_t> listed;
        const auto found = store->list_payments(query).value().value();
        for (const payment_record& payment : found) {
            CHECK(payment == payments[payment.number - 1]);
            listed.push_back(payment.number);
        }
        return listed;
    };
    using list = std::vector<std::uint64_t>;
    CHECK(numbers({}) == list{7, 6, 5, 4, 3, 2, 1});
    CHECK(numbers({.newest_first = false}) == list{1, 2, 3, 4, 5, 6, 7});
    CHECK(numbers({.limit = 2}) == list{7, 6});
    CHECK(numbers({.from_the_end = true, .limit = 2}) == list{2, 1});
    CHECK(numbers({.newest_first = false, .from_the_end = true, .limit = 2}) == list{6, 7});
    CHECK(numbers({.after = payments[5].uuid, .before = payments[1].uuid}) == list{5, 4, 3});
    CHECK(numbers({.after = payments[1].uuid, .before = payments[5].uuid, .newest_first = false}) == list{3, 4, 5});
    CHECK(numbers({.account = loaded.peers[0].liquidity.id}) == list{6, 3});
    CHECK(numbers({.after = payments[5].uuid, .account = loaded.peers[0].liquidity.id}) == list{3});
    CHECK(numbers({.limit = 0}).empty());
    for (const std::string& unknown : {new_uuid(), std::string{}, std::string{"x\0y", 3}, std::string{"'"}}) {
        CHECK_FALSE(store->list_payments({.after = unknown}).value().has_value());
        CHECK_FALSE(store->list_payments({.before = unknown}).value().has_value());
    }
}

TEST_CASE("an account's transfers are listed with all their fields, the newest first") {
    store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    const ilp::timestamp begin = now();
    traffic traffic{*store};
    const account_id bob = traffic.bob()->id;
    const account_id settlement = traffic.registry->assets()[0].settlement->id;
    REQUIRE(store->commit(traffic.commit()).has_value());
    transfer_record withdrawal = withdrawal_of(traffic, ilp::timestamp{1'800'000'000'123ms});
    changes made;
    made.new_transfers = {&withdrawal, 1};
    REQUIRE(store->commit(made).has_value());
    withdrawal.state = transfer_state::voided;
    changes ended;
    ended.ended_transfers = {&withdrawal, 1};
    REQUIRE(store->commit(ended).has_value());
    const ilp::timestamp end = now();

    const auto taken = store->list_transfers(bob, account_side::debit, 10).value();
    REQUIRE(taken.size() == (place.is_durable() ? 2 : 1));
    CHECK(taken[0].uuid == withdrawal.uuid);
    CHECK(taken[0].kind == transfer_kind::withdrawal);
    CHECK(taken[0].state == transfer_state::voided);
    CHECK(taken[0].debit == bob);
    CHECK(taken[0].credit == settlement);
    CHECK(taken[0].amount == 30);
    CHECK(taken[0].packets == 0);
    CHECK(taken[0].created_at >= begin);
    CHECK(taken[0].created_at <= end);
    CHECK(taken[0].expires_at == withdrawal.expires_at);
    if (place.is_durable()) {
        CHECK(taken[1].uuid.empty());
        CHECK_FALSE(taken[1].kind.has_value());
        CHECK(taken[1].state == transfer_state::posted);
        CHECK(taken[1].credit == traffic.carol()->id);
        CHECK(taken[1].amount == 10);
        CHECK(taken[1].packets == 3);
        CHECK_FALSE(taken[1].expires_at.has_value());
        CHECK(taken[1].number < taken[0].number);
    }
    CHECK(store->list_transfers(bob, account_side::debit, 1).value().size() == 1);
    CHECK(store->list_transfers(bob, account_side::debit, 0).value().empty());
    // A list may begin at a row, but only at one of this account and side.
    CHECK(store->list_transfers(bob, account_side::debit, 10, taken.back().number).value().size() == 1);
    CHECK(store->list_transfers(bob, account_side::credit, 10, taken.back().number).value().empty());
    CHECK(store->list_transfers(traffic.carol()->id, account_side::debit, 10, taken.back().number).value().empty());
    for (const std::uint64_t none : {std::uint64_t{0}, std::uint64_t{1'000'000}, ~std::uint64_t{0}}) {
        CHECK(store->list_transfers(bob, account_side::debit, 10, none).value().empty());
    }
    const auto given = store->list_transfers(bob, account_side::credit, 10).value();
    REQUIRE(given.size() == 1);
    CHECK(given[0].kind == transfer_kind::deposit);
    CHECK(store->list_transfers(account_id{77}, account_side::debit, 10).value().empty());
}

TEST_CASE("a store that keeps something has a size") {
    store_place place{GENERATE(kinds_of_stores())};
    const auto store = place.open();
    const traffic traffic{*store};
    CHECK((store->size().value() > 10'000) == place.is_durable());
}

TEST_CASE("random commits, with refused ones and restarts, give the same lists as a plain model") {
    store_place place{GENERATE(kinds_of_stores())};
    std::mt19937_64 random{printed_seed("listed transfers of " + place.url())};
    const auto below = [&](std::uint64_t end) { return random() % end; };
    auto store = place.open();
    books books{*store};
    config::settings settings;
    settings.assets = {make_asset("USD", 9)};
    for (int i = 0; i < 6; ++i) settings.peers.push_back(make_peer("peer" + std::to_string(i), "USD", 9, 0));
    const auto registry = build_or_throw(settings, books.keeper);
    std::vector<liquidity_account*> accounts{registry->assets()[0].settlement};
    for (const peer& peer : registry->peers()) accounts.push_back(peer.liquidity);

    struct row {
        account_id debit;
        account_id credit;
        wide_amount amount;
        std::string uuid;
        transfer_state state;
    };
    std::vector<row> model;
    // The whole history can also be read in pages, each of which begins at the row at which the one before ended.
    const auto in_pages = [&](account_id account, account_side side, std::size_t size) {
        std::vector<listed_transfer> all;
        std::optional<std::uint64_t> from;
        for (;;) {
            auto page = store->list_transfers(account, side, size + 1, from).value();
            const bool more = page.size() > size;
            if (more) from = page.back().number;
            all.insert(all.end(), page.begin(), more ? page.end() - 1 : page.end());
            if (!more) return all;
        }
    };
    const auto agrees = [&](account_id account, account_side side, std::size_t limit) {
        const auto listed = store->list_transfers(account, side, limit).value();
        if (limit > 0) {
            const auto paged = in_pages(account, side, limit);
            if (!std::ranges::equal(listed, paged | std::views::take(limit), {}, &listed_transfer::number,
                                    &listed_transfer::number)) {
                return false;
            }
        }
        std::size_t at = 0;
        for (const row& row : std::views::reverse(model)) {
            if ((side == account_side::debit ? row.debit : row.credit) != account) continue;
            if (at == limit) break;
            if (at == listed.size()) return false;
            const listed_transfer& found = listed[at++];
            if (found.debit != row.debit || found.credit != row.credit || found.amount != row.amount ||
                found.uuid != row.uuid || found.state != row.state) {
                return false;
            }
        }
        return at == listed.size() && std::ranges::is_sorted(listed, std::greater{}, &listed_transfer::number);
    };

    for (int commit = 0; commit < 100; ++commit) {
        CAPTURE(commit);
        std::vector<posting> postings;
        std::vector<transfer_record> transfers;
        std::vector<row> rows;
        const auto pair = [&] {
            const std::size_t from = below(accounts.size());
            return std::pair{accounts[from], accounts[(from + 1 + below(accounts.size() - 1)) % accounts.size()]};
        };
        for (std::uint64_t left = below(5); place.is_durable() && left > 0; --left) {
            const auto [debit, credit] = pair();
            postings.push_back({debit, credit, below(1000), 1});
            rows.push_back({debit->id, credit->id, postings.back().amount, "", transfer_state::posted});
        }
        for (std::uint64_t left = below(3); left > 0; --left) {
            const auto [debit, credit] = pair();
            transfers.push_back({.uuid = new_uuid(),
                                 .kind = transfer_kind::withdrawal,
                                 .state = below(2) == 0 ? transfer_state::pending : transfer_state::posted,
                                 .debit = debit->id,
                                 .credit = credit->id,
                                 .amount = {below(1000)},
                                 .expires_at = {}});
            const transfer_record& made = transfers.back();
            rows.push_back({made.debit, made.credit, made.amount.value, made.uuid, made.state});
        }
        // Another test covers totals. Here the accounts named by a commit keep totals of zero.
        std::vector<account_change> totals;
        books.ledger.changes_of(postings, totals);
        for (account_change& account : totals) account.after = {};
        changes changes;
        changes.postings = postings;
        changes.new_transfers = transfers;
        changes.accounts = totals;
        const transfer_record unknown{.uuid = new_uuid(), .amount = {}};
        const bool is_wrong = below(4) == 0;
        if (is_wrong) changes.ended_transfers = {&unknown, 1};
        REQUIRE(store->commit(changes).has_value() == !is_wrong);
        if (!is_wrong) model.insert(model.end(), rows.begin(), rows.end());
        if (place.is_durable() && below(20) == 0) {
            store.reset();
            store = place.open();
        }
        const account_id account = accounts[below(accounts.size())]->id;
        REQUIRE(agrees(account, account_side::debit, below(10)));
        REQUIRE(agrees(account, account_side::credit, 1000));
    }
    for (const liquidity_account* const account : accounts) {
        CHECK(agrees(account->id, account_side::debit, 1000));
        CHECK(agrees(account->id, account_side::credit, 1000));
    }
}

TEST_CASE("events are listed in pages, from either end and in either order") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    // Their types share only the first letter.
    std::vector<event_record> events;
    for (int i = 0; i < 12; ++i) events.push_back(make_event((i % 3 == 0 ? "x" : "y") + std::to_string(i)));
    changes made;
    made.new_events = events;
    REQUIRE(store->commit(made).has_value());

    for (const bool newest_first : {true, false}) {
        for (const bool from_the_end : {true, false}) {
            for (int after = -1; after < 12; ++after) {
                for (int before = -1; before < 12; ++before) {
                    for (const std::size_t limit : {0U, 1U, 4U, 100U}) {
                        event_query query{.newest_first = newest_first, .from_the_end = from_the_end, .limit = limit};
                        if (after >= 0) query.after = events[static_cast<std::size_t>(after)].uuid;
                        if (before >= 0) query.before = events[static_cast<std::size_t>(before)].uuid;
                        std::vector<std::string> expected;
                        bool has_begun = after < 0;
                        for (int at = 0; at < 12; ++at) {
                            const int i = newest_first ? 11 - at : at;
                            if (i == before) break;
                            if (has_begun) expected.push_back(events[static_cast<std::size_t>(i)].type);
                            if (i == after) has_begun = true;
                        }
                        if (expected.size() > limit) {
                            const auto excess = static_cast<std::ptrdiff_t>(expected.size() - limit);
                            if (from_the_end) {
                                expected.erase(expected.begin(), expected.begin() + excess);
                            } else {
                                expected.erase(expected.end() - excess, expected.end());
                            }
                        }
                        CAPTURE(newest_first, from_the_end, after, before, limit);
                        REQUIRE(types_of(store->list_events(query).value().value()) == expected);
                    }
                }
            }
        }
    }
    using types = std::vector<std::string>;
    CHECK(types_of(store->list_events({.types = {"y2", "x0", R"(")"}}).value().value()) == types{"y2", "x0"});
    CHECK(types_of(store->list_events({.not_types = {"y11", R"(")"}, .limit = 2}).value().value()) ==
          types{"y10", "x9"});
    CHECK(types_of(store->list_events({.types = {"y2", "x0"}, .not_types = {"x0"}}).value().value()) == types{"y2"});
    CHECK(store->list_events({.types = {"z"}}).value().value().empty());
    for (const std::string& unknown : {new_uuid(), std::string{}, std::string{"x\0y", 3}, std::string{"'"}}) {
        CHECK_FALSE(store->list_events({.after = unknown}).value().has_value());
        CHECK_FALSE(store->list_events({.before = unknown}).value().has_value());
        CHECK_FALSE(store->list_events({.after = unknown, .before = events[0].uuid}).value().has_value());
    }
}

TEST_CASE("an event is listed with its outcome") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    const ilp::timestamp begin = now();
    const std::array events{make_event("delivered"), make_event("tried"), make_event("given up")};
    const std::array attempts{event_attempt{events[0].uuid, true, {}},
                              event_attempt{events[1].uuid, false, ilp::timestamp{4'000'000'000'000ms}},
                              event_attempt{events[2].uuid, false, {}}};
    changes made;
    made.new_events = events;
    made.event_attempts = attempts;
    REQUIRE(store->commit(made).has_value());
    const ilp::timestamp end = now();
    const auto page = store->list_events({.newest_first = false}).value().value();
    REQUIRE(page.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(page[i].event.uuid == events[i].uuid);
        CHECK(page[i].event.data == events[i].data);
        CHECK(page[i].created_at >= begin);
        CHECK(page[i].created_at <= end);
        CHECK(page[i].attempts == (i == 0 ? 0 : 1));
        CHECK(page[i].delivered_at.has_value() == (i == 0));
    }
    CHECK(page[0].delivered_at >= begin);
    CHECK_FALSE(page[0].due.has_value());
    CHECK(page[1].due == attempts[1].due);
    CHECK_FALSE(page[2].due.has_value());
}

TEST_CASE("an open event is not delivered, counted or listed until a change has closed it") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    event_record open = make_event("open");
    open.is_open = true;
    const std::array events{make_event("first"), open, make_event("last")};
    changes made;
    made.new_events = events;
    REQUIRE(store->commit(made).has_value());
    using types = std::vector<std::string>;
    const auto listed = [&] { return types_of(store->list_events({.newest_first = false}).value().value()); };
    const types others{"first", "last"};
    const auto expect_open = [&] {
        CHECK(listed() == others);
        CHECK(store->load_pending_events(event_line::node, 10).value().size() == 2);
        CHECK(count_pending_events(*store) == 2);
        const auto kept = store->load().value().open_events;
        REQUIRE(kept.size() == 1);
        CHECK(kept[0].uuid == open.uuid);
        CHECK(kept[0].data == open.data);
        CHECK(kept[0].is_open);
    };
    expect_open();

    open.data = R"({"more":1})";
    changes change;
    change.changed_events = {&open, 1};
    REQUIRE(store->commit(change).has_value());
    store.reset();
    store = place.open();
    expect_open();

    open.data = R"({"all":2})";
    open.is_open = false;
    REQUIRE(store->commit(change).has_value());
    CHECK(listed() == types{"first", "last", "open"});
    CHECK(count_pending_events(*store) == 3);
    CHECK(store->load().value().open_events.empty());
    const auto pending = store->load_pending_events(event_line::node, 10).value();
    const auto found = std::ranges::find(pending, open.uuid, [](const auto& each) { return each.event.uuid; });
    REQUIRE(found != pending.end());
    CHECK(found->event.data == open.data);

    // One that is closed does not change any more, and packets do not wait for one that somebody has deleted.
    event_record late = open;
    late.data = "{}";
    changes too_late;
    too_late.changed_events = {&late, 1};
    REQUIRE(store->commit(too_late).has_value());
    const auto afterwards = store->load_pending_events(event_line::node, 10).value();
    CHECK(afterwards.size() == pending.size());
    for (const auto& each : afterwards) CHECK(each.event.data != "{}");
}

TEST_CASE("whoever follows the list of events by its cursor misses none that was open when its page was read") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    std::vector<event_record> begun;
    for (const char* const type : {"a", "b", "c"}) {
        begun.push_back(make_event(type));
        begun.back().is_open = true;
    }
    changes made;
    made.new_events = begun;
    REQUIRE(store->commit(made).has_value());
    std::optional<std::string> cursor;
    std::vector<std::string> seen;
    const auto read_on = [&] {
        const auto page = store->list_events({.after = cursor, .newest_first = false}).value().value();
        for (const listed_event& each : page) {
            seen.push_back(each.event.type);
            cursor = each.event.uuid;
        }
    };
    // One is closed before and one after an event that is written at once, and one beside another.
    const auto close = [&](std::size_t number, std::span<const event_record> others) {
        begun[number].is_open = false;
        changes closing;
        closing.new_events = others;
        closing.changed_events = {&begun[number], 1};
        REQUIRE(store->commit(closing).has_value());
    };
    close(1, {});
    const ilp::timestamp before = now();
    const event_record at_once = make_event("x");
    made.new_events = {&at_once, 1};
    REQUIRE(store->commit(made).has_value());
    read_on();
    CHECK(seen == std::vector<std::string>{"b", "x"});
    close(2, {});
    read_on();
    CHECK(seen == std::vector<std::string>{"b", "x", "c"});
    const event_record beside = make_event("y");
    close(0, {&beside, 1});
    read_on();
    std::ranges::sort(seen);
    CHECK(seen == std::vector<std::string>{"a", "b", "c", "x", "y"});
    const auto all = store->list_events({.newest_first = false}).value().value();
    CHECK(std::ranges::is_sorted(all, {}, &listed_event::created_at));
    CHECK(all.back().created_at >= before);
}

namespace {

split_outcome outcome_of(std::uint32_t peer, std::uint32_t number, ilp::timestamp until) {
    split_outcome outcome{.peer = peer, .fulfill = ilp::bytes(300), .until = until};
    for (std::size_t i = 0; i < outcome.fulfill.size(); ++i) outcome.fulfill[i] = static_cast<ilp::octet>(i);
    for (std::size_t i = 0; i < 4; ++i) outcome.id[12 + i] = static_cast<ilp::octet>(number >> 8 * i);
    return outcome;
}

/// The outcomes that a start would load, by peer and id.
std::vector<split_outcome> outcomes_in(store& store) {
    auto found = store.load().value().split_outcomes;
    std::ranges::sort(found, {}, [](const split_outcome& each) { return std::pair{each.peer, each.id}; });
    return found;
}

}  // namespace

TEST_CASE("outcomes of split packets are written with their postings, and loaded as long as their time is not over") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    {
        traffic traffic{*store};
        changes made = traffic.commit();
        const std::array outcomes{outcome_of(1, 1, now() + 1h), outcome_of(1, 2, now() + 1h),
                                  outcome_of(2, 1, now() + 1h), outcome_of(2, 3, now() - 1ms)};
        made.new_split_outcomes = outcomes;
        REQUIRE(store->commit(made).has_value());
        store.reset();
        store = place.open();
        CHECK(outcomes_in(*store) == std::vector(outcomes.begin(), outcomes.begin() + 3));
        CHECK((store->load().value().peers.at(0).liquidity.totals == account_totals{10, 100}));
    }
    CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
}

TEST_CASE("the first outcome of a split packet is kept, whether another one comes in the same commit or later") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    const split_outcome first = outcome_of(1, 1, now() + 1h);
    split_outcome again = first;
    again.fulfill = {9};
    again.until += 1h;
    const std::array twice{first, again};
    REQUIRE(store->commit({.new_split_outcomes = twice}).has_value());
    CHECK(outcomes_in(*store) == std::vector{first});
    REQUIRE(store->commit({.new_split_outcomes = {&again, 1}}).has_value());
    CHECK(outcomes_in(*store) == std::vector{first});
}

TEST_CASE("a commit that a store refuses keeps none of its outcomes of split packets") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    traffic traffic{*store};
    changes made = traffic.commit();
    traffic.accounts[1].id = account_id{77};
    const split_outcome outcome = outcome_of(1, 1, now() + 1h);
    made.new_split_outcomes = {&outcome, 1};
    const auto refused = store->commit(made);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);
    CHECK(outcomes_in(*store).empty());
}

TEST_CASE("outcomes of split packets whose time is over are deleted by commits with others, a bounded number by each") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    const auto count = [&] { return place.value("SELECT count(*) FROM split_outcomes"); };
    std::vector<split_outcome> old;
    for (std::uint32_t number = 0; number < 250; ++number) old.push_back(outcome_of(1, number, now() - 1ms));
    REQUIRE(store->commit({.new_split_outcomes = old}).has_value());
    CHECK(count() == "250");
    // An empty commit and one of something else leave them alone.
    REQUIRE(store->commit({}).has_value());
    const event_record event = make_event("other");
    REQUIRE(store->commit({.new_events = {&event, 1}}).has_value());
    CHECK(count() == "250");
    const std::array young{outcome_of(2, 1, now() + 1h), outcome_of(2, 2, now() + 1h), outcome_of(2, 3, now() + 1h)};
    for (std::size_t i = 0; i < young.size(); ++i) {
        REQUIRE(store->commit({.new_split_outcomes = {&young[i], 1}}).has_value());
        constexpr std::array left{"150", "50", "3"};
        CHECK(count() == left[i]);
    }
    CHECK(outcomes_in(*store) == std::vector(young.begin(), young.end()));
    // An id whose time is over may be used again.
    split_outcome reused = old[0];
    reused.until = now() + 1h;
    REQUIRE(store->commit({.new_split_outcomes = {&old[0], 1}}).has_value());
    REQUIRE(store->commit({.new_split_outcomes = {&reused, 1}}).has_value());
    CHECK(outcomes_in(*store).front() == reused);
}

TEST_CASE("a damaged outcome of a split packet prevents the start, and the message names the table") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    const split_outcome outcome = outcome_of(1, 1, now() + 1h);
    REQUIRE(store->commit({.new_split_outcomes = {&outcome, 1}}).has_value());
    const bool is_sqlite = place.url().starts_with("sqlite");
    place.execute(is_sqlite ? "UPDATE split_outcomes SET split_id = x'0102'"
                            : "UPDATE split_outcomes SET split_id = '\\x0102'");
    CHECK_THAT(store->load().error().message,
               Catch::Contains("table split_outcomes has 2 octets, but each has 16: restore a backup"));
}

TEST_CASE("a store keeps what may be in flight and what is in doubt, until there is neither") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    account_id bob{};
    account_id carol{};
    {
        traffic traffic{*store};
        bob = traffic.bob()->id;
        carol = traffic.carol()->id;
        changes made = traffic.commit();
        const std::array flights{flight_record{bob, amount_max, 0}, flight_record{carol, 64, amount_max}};
        made.changed_flights = flights;
        REQUIRE(store->commit(made).has_value());
        store.reset();
        store = place.open();
        CHECK(store->load().value().flights == std::vector(flights.begin(), flights.end()));
    }
    const std::array changed{flight_record{carol, 0, 7}, flight_record{bob, 0, 0}};
    REQUIRE(store->commit({.changed_flights = changed}).has_value());
    CHECK(store->load().value().flights == std::vector<flight_record>{{carol, 0, 7}});
    const flight_record ended{carol, 0, 0};
    REQUIRE(store->commit({.changed_flights = {&ended, 1}}).has_value());
    CHECK(store->load().value().flights.empty());
    CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
}

TEST_CASE("a correction is kept, listed and audited as a kind of transfer of its own") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    traffic traffic{*store};
    transfer_record correction = withdrawal_of(traffic, {});
    correction.kind = transfer_kind::correction;
    correction.state = transfer_state::posted;
    std::swap(correction.debit, correction.credit);
    correction.expires_at.reset();
    const account_change paid{correction.debit, account_kind::settlement, {200, 0}, {230, 0}};
    const account_change credited{correction.credit, account_kind::peer_liquidity, {0, 100}, {0, 130}};
    const std::array accounts{paid, credited};
    REQUIRE(store->commit({.new_transfers = {&correction, 1}, .accounts = accounts}).has_value());
    CHECK(store->find_transfer(correction.uuid).value() == correction);
    CHECK(store->list_transfers(correction.credit, account_side::credit, 1).value().at(0).kind ==
          transfer_kind::correction);
    CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
}

TEST_CASE("a store that keeps nothing accepts outcomes of split packets") {
    const store_place place{store_kind::memory};
    const auto store = place.open();
    const split_outcome outcome = outcome_of(1, 1, now() + 1h);
    REQUIRE(store->commit({.new_split_outcomes = {&outcome, 1}}).has_value());
    CHECK(store->load().value().split_outcomes.empty());
}

TEST_CASE("a store that keeps nothing has no events to list") {
    store_place place{store_kind::memory};
    const auto store = place.open();
    const event_record event = make_event("lost");
    changes made;
    made.new_events = {&event, 1};
    REQUIRE(store->commit(made).has_value());
    CHECK(store->list_events({}).value().value().empty());
    CHECK_FALSE(store->list_events({.after = event.uuid}).value().has_value());
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
    CHECK(sums_are_zero(snapshot_of(books.ledger)));
    const catalogue loaded = store->load().value();
    CHECK((loaded.assets[7].settlement.totals == account_totals{200'000, 0}));
    CHECK(loaded.peers.size() == 10'000);
    const audit_report report = audit(place.url()).value();
    CHECK(report.faults.empty());
    CHECK(report.accounts == 10'100);
    CHECK(report.assets == 50);
}

TEST_CASE("a URL of another kind is refused and not shown, as it may contain a password") {
    for (const std::string url : {"", "sqlite:", "memory", "memory:x", "mysql://user:hunter2@host/db", "ilpd.db"}) {
        const auto opened = open_store(url);
        REQUIRE_FALSE(opened.has_value());
        CHECK_THAT(opened.error().message, Catch::Contains("sqlite:PATH") && !Catch::Contains("hunter2"));
    }
}

}  // namespace store_test
