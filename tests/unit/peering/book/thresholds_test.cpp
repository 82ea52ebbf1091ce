#include "peering/book/thresholds.hpp"

#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <set>

namespace thresholds_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

constexpr account_id bob{3};

liquidity_watch watch_at(std::uint64_t threshold, account_kind kind = account_kind::peer_liquidity) {
    return {{threshold}, kind, "bob's uuid", "USD's uuid", "USD", 9};
}

account_change change(account_id id, wide_amount before, wide_amount after) {
    // Totals above 2^64, as after years of traffic. Only their difference counts.
    const wide_amount debits = wide_amount{amount_max} * 5;
    return {id, account_kind::peer_liquidity, {debits, debits + before}, {debits, debits + after}};
}

std::vector<event_record> events_of(const thresholds& thresholds, std::initializer_list<account_change> changes) {
    std::vector<event_record> events{{"left over", "from before", "{}"}};
    thresholds.crossed(std::vector<account_change>{changes}, events);
    return events;
}

bool fires(std::uint64_t threshold, std::uint64_t before, std::uint64_t after) {
    thresholds thresholds;
    thresholds.watch(bob, watch_at(threshold));
    return !events_of(thresholds, {change(bob, before, after)}).empty();
}

}  // namespace

TEST_CASE("a threshold fires only when the balance falls to it or below") {
    CHECK(fires(100, 101, 100));
    CHECK(fires(100, 5000, 0));
    CHECK_FALSE(fires(100, 101, 101));
    CHECK_FALSE(fires(100, 5000, 101));
    CHECK_FALSE(fires(100, 100, 99));
    CHECK_FALSE(fires(100, 100, 100));
    CHECK_FALSE(fires(100, 99, 0));
    CHECK_FALSE(fires(100, 0, 100));
    CHECK_FALSE(fires(100, 0, 5000));
    CHECK(fires(0, 1, 0));
    CHECK_FALSE(fires(0, 0, 0));
    CHECK_FALSE(fires(0, 0, 1));
    CHECK(fires(amount_max - 1, amount_max, amount_max - 1));
    CHECK(fires(amount_max - 1, amount_max, 0));
    CHECK_FALSE(fires(amount_max, amount_max, 0));
    CHECK_FALSE(fires(amount_max, 0, amount_max));
}

TEST_CASE("a threshold is armed again above it") {
    thresholds thresholds;
    thresholds.watch(bob, watch_at(100));
    std::vector<bool> fired;
    wide_amount balance = 200;
    for (const unsigned next : {150U, 100U, 50U, 100U, 0U, 101U, 100U, 1000U, 3U}) {
        fired.push_back(!events_of(thresholds, {change(bob, balance, next)}).empty());
        balance = next;
    }
    CHECK(fired == std::vector<bool>{false, true, false, false, false, false, true, false, true});
}

TEST_CASE("each watched account has its own event, and others have none") {
    thresholds thresholds;
    thresholds.watch(account_id{1}, watch_at(5, account_kind::asset_liquidity));
    thresholds.watch(bob, watch_at(10));
    const auto events =
        events_of(thresholds, {change(account_id{1}, 6, 5), change(account_id{2}, 6, 0), change(bob, 20, 10)});
    REQUIRE(events.size() == 2);
    CHECK(events[0].type == "asset.liquidity_low");
    CHECK(events[1].type == "peer.liquidity_low");
    CHECK(is_uuid_v4(events[0].uuid));
    CHECK(events[0].uuid != events[1].uuid);
}

TEST_CASE("a watch can be replaced and ended") {
    thresholds thresholds;
    const auto crossing_150 = change(bob, 200, 150);
    CHECK(events_of(thresholds, {crossing_150}).empty());
    thresholds.watch(bob, watch_at(100));
    CHECK(events_of(thresholds, {crossing_150}).empty());
    thresholds.watch(bob, watch_at(150));
    CHECK(events_of(thresholds, {crossing_150}).size() == 1);
    thresholds.watch(bob, std::nullopt);
    CHECK(events_of(thresholds, {crossing_150}).empty());
    thresholds.watch(bob, std::nullopt);
}

TEST_CASE("the data of an event is JSON, whatever the asset's code") {
    const std::string code = GENERATE("USD", "\"", "\\u0022}, \"balance\": \"", "\xe2\x82\xac\xf0\x9f\x92\xb6", "a\tb");
    thresholds thresholds;
    liquidity_watch watch = watch_at(amount_max - 1);
    watch.asset_code = code;
    watch.asset_scale = 255;
    thresholds.watch(bob, watch);
    const auto events = events_of(thresholds, {change(bob, amount_max, amount_max - 2)});
    REQUIRE(events.size() == 1);
    const boost::json::value expected{
        {"id", "bob's uuid"},
        {"asset", {{"id", "USD's uuid"}, {"code", code}, {"scale", 255}}},
        {"liquidityThreshold", "18446744073709551614"},
        {"balance", "18446744073709551613"},
    };
    CHECK(boost::json::parse(events[0].data) == expected);
}

namespace {

config::settings watched_pair() {
    config::settings settings;
    settings.assets = {make_asset("USD", 9)};
    settings.peers = {make_peer("bob", "USD", 9, 100), make_peer("carol", "USD", 9, 100)};
    settings.peers[0].liquidity_threshold = {50};
    return settings;
}

/// Exposes each commit before it is written, and fails the first ones.
class observed_store final : public store_decorator {
public:
    using store_decorator::store_decorator;

    std::expected<void, store_error> commit(const changes& changes) override {
        if (!changes.new_events.empty()) {
            for (const event_record& event : changes.new_events) uuids.insert(event.uuid);
            moved_with_event = std::ranges::any_of(changes.accounts, [](const account_change& account) {
                return account.after.debits_posted == 60;  // the account is bob's
            });
        }
        if (failures > 0) {
            --failures;
            return std::unexpected{store_error{"disk"}};
        }
        return store_decorator::commit(changes);
    }

    int failures = 0;
    std::set<std::string> uuids;
    bool moved_with_event = false;
};

}  // namespace

TEST_CASE("a transaction that sets a threshold raises an event if the account is low by it and was not before") {
    const auto events_raised = [](std::optional<liquidity_watch> before, std::optional<liquidity_watch> after,
                                  wide_amount balance, std::optional<wide_amount> moves_to = std::nullopt) {
        thresholds thresholds;
        thresholds.watch(bob, std::move(before));
        std::vector<account_change> changes;
        if (moves_to) changes.push_back(change(bob, balance, *moves_to));
        std::vector<event_record> events;
        const watch_change set{bob, std::move(after)};
        thresholds.crossed(changes, events, {&set, 1}, [&](account_id) { return account_totals{0, balance}; });
        return events.size();
    };
    CHECK(events_raised({}, watch_at(100), 100) == 1);
    CHECK(events_raised({}, watch_at(100), 0) == 1);
    CHECK(events_raised({}, watch_at(100), 101) == 0);
    CHECK(events_raised({}, watch_at(100), 0, 50) == 1);   // a new account with a deposit below its threshold
    CHECK(events_raised({}, watch_at(100), 0, 101) == 0);  // and above it
    CHECK(events_raised(watch_at(50), watch_at(100), 70) == 1);
    CHECK(events_raised(watch_at(50), watch_at(100), 40) == 0);  // was low before
    CHECK(events_raised(watch_at(100), watch_at(100), 40) == 0);
    CHECK(events_raised(watch_at(100), watch_at(50), 70) == 0);
    CHECK(events_raised(watch_at(100), {}, 70) == 0);
    CHECK(events_raised(watch_at(50), watch_at(60), 100, 40) == 1);  // one event, though both are crossed
    CHECK(events_raised(watch_at(50), {}, 100, 40) == 0);
}

TEST_CASE("a threshold of the file raises one event when it is set at or above the balance, and none at later starts") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const auto events_at_start = [&](const config::settings& file) {
        const auto store = place.open();
        books books{*store};
        std::vector<std::string> types;
        books.keeper.on_events([&](std::span<const event_record> events) {
            for (const event_record& event : events) types.push_back(event.type);
        });
        const auto known = build_or_throw(file, books.keeper);
        static_cast<void>(build_or_throw(file, books.keeper, known.get()));  // a reload
        return types;
    };
    const std::vector<std::string> one{"peer.liquidity_low"};
    const std::vector<std::string> none;
    config::settings settings = watched_pair();
    settings.peers[0].liquidity_threshold = {100};
    CHECK(events_at_start(settings) == one);  // a new peer
    CHECK(events_at_start(settings) == none);
    settings.peers[0].liquidity_threshold = {50};
    CHECK(events_at_start(settings) == none);
    settings.peers[0].liquidity_threshold = {200};
    CHECK(events_at_start(settings) == one);
    settings.assets[0].liquidity_threshold = {7};
    CHECK(events_at_start(settings) == std::vector<std::string>{"asset.liquidity_low"});
    CHECK(events_at_start(settings) == none);
    const auto store = place.open();
    CHECK(count_pending_events(*store) == 3);
}

TEST_CASE("the event of a crossing is written with the totals that crossed, once, whatever fails before") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    {
        observed_store store{place.open()};
        books books{store};
        const auto registry = build_or_throw(watched_pair(), books.keeper);
        int events_raised = 0;
        books.keeper.on_events(
            [&](std::span<const event_record> events) { events_raised += static_cast<int>(events.size()); });
        durable_watch watch;
        committer committer{books.keeper};
        const std::size_t listener = committer.add_listener(watch.callback());
        store.failures = 3;
        posting_batch batch;
        const auto send = [&](std::size_t from, std::size_t to, std::uint64_t amount) {
            packet_transfer transfer;
            transfer.add(*registry->peers()[from].liquidity, *registry->peers()[to].liquidity, {amount});
            REQUIRE(ledger::hold(transfer.legs()));
            batch.add(transfer.legs());
        };
        // Down to 45, up to 55 and down to 50 within one commit is a single crossing.
        send(0, 1, 55);
        send(1, 0, 10);
        send(0, 1, 5);
        const commit_ticket ticket = committer.submit(listener, batch);
        committer.start();
        watch.wait_for(ticket);
        CHECK(store.uuids.size() == 1);
        CHECK(store.moved_with_event);
        CHECK(events_raised == 1);
        send(0, 1, 5);
        send(1, 0, 100);
        watch.wait_for(committer.submit(listener, batch));
        CHECK(committer.stop(10s));
        CHECK(events_raised == 1);
    }
    const auto store = place.open();
    const auto events = store->load_pending_events(event_line::node, 10).value();
    REQUIRE(events.size() == 1);
    CHECK(boost::json::parse(events[0].event.data).at("balance") == "50");
}

TEST_CASE("a transaction that fails leaves neither totals nor an event") {
    const store_place place{store_kind::sqlite};
    const auto store = place.open();
    books books{*store};
    const auto registry = build_or_throw(watched_pair(), books.keeper);
    packet_transfer transfer;
    transfer.add(*registry->peers()[0].liquidity, *registry->peers()[1].liquidity, {60});
    REQUIRE(ledger::hold(transfer.legs()));
    posting_batch batch;
    batch.add(transfer.legs());
    const peer_change nobody{77, {.name = "nobody", .ilp_address = "test.nobody"}};
    const auto refused = books.keeper.write({.changed_peers = {&nobody, 1}, .postings = batch.postings()});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);
    CHECK(count_pending_events(*store) == 0);
    CHECK((store->load().value().peers[0].liquidity.totals == account_totals{0, 100}));
    CHECK(balance_of(books.ledger, *registry->peers()[0].liquidity) == 100);

    REQUIRE(books.keeper.write({.postings = batch.postings()}).has_value());
    CHECK(count_pending_events(*store) == 1);
    CHECK((store->load().value().peers[0].liquidity.totals == account_totals{60, 100}));
}

TEST_CASE("events of other parts are written beside those of thresholds, if events are kept") {
    const bool keeps_events = GENERATE(true, false);
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    books books{*store};
    const auto registry = build_or_throw(watched_pair(), books.keeper);
    books.keeper.keep_events(keeps_events);
    std::vector<std::string> reported;
    books.keeper.on_events([&](std::span<const event_record> events) {
        for (const event_record& event : events) reported.push_back(event.type);
    });
    packet_transfer transfer;
    transfer.add(*registry->peers()[0].liquidity, *registry->peers()[1].liquidity, {60});
    REQUIRE(ledger::hold(transfer.legs()));
    posting_batch batch;
    batch.add(transfer.legs());
    const event_record other{new_uuid(), "peer.unreachable", "{}"};
    REQUIRE(books.keeper.write({.postings = batch.postings(), .new_events = {&other, 1}}).has_value());
    CHECK(reported == std::vector<std::string>{"peer.liquidity_low", "peer.unreachable"});
    const auto kept = store->load_pending_events(event_line::node, 10).value();
    REQUIRE(kept.size() == (keeps_events ? 2U : 0U));
    if (keeps_events) CHECK(kept[1].event.uuid == other.uuid);
    REQUIRE(books.keeper.write({}).has_value());
    CHECK(reported.size() == 2);
}

TEST_CASE("a withdrawal crosses a threshold when it is posted, not while it is pending, and a deposit arms it again") {
    const auto store = open_or_throw("memory:");
    books books{*store};
    const auto registry = build_or_throw(watched_pair(), books.keeper);
    std::vector<std::string> types;
    books.keeper.on_events([&](std::span<const event_record> events) {
        for (const event_record& event : events) types.push_back(event.type);
    });
    committer committer{books.keeper};
    operator_transfers transfers{committer};
    operator_requests requests{committer, transfers};
    committer.start();
    const transfer_accounts accounts{*registry->peers()[0].liquidity, *registry->assets()[0].settlement};
    const ilp::timestamp now{1'800'000'000'000ms};
    const std::string first = new_uuid();
    REQUIRE_FALSE(requests.withdraw(first, accounts, {60}, 10s, now).get());
    CHECK(types.empty());
    REQUIRE_FALSE(requests.end(first, transfer_state::posted, now).get());
    CHECK(types.size() == 1);
    REQUIRE_FALSE(requests.deposit(new_uuid(), accounts, {11}).get());
    CHECK(types.size() == 1);
    REQUIRE_FALSE(requests.withdraw(new_uuid(), accounts, {1}, 0s, now).get());
    CHECK(types.size() == 2);
    CHECK(committer.stop(10s));
}

}  // namespace thresholds_test
