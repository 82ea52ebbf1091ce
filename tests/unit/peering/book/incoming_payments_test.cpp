#include "peering/book/incoming_payments.hpp"

#include "peering/administration/recovery.hpp"
#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace incoming_payments_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

const uuid_text alice{"0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3"};
const uuid_text bob{"0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad4"};
constexpr auto idle_time = 10s;

connection_id connection(std::uint32_t number) {
    connection_id id{};
    for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return id;
}

ilp::instant at(std::chrono::milliseconds time) {
    return {ilp::timestamp{1'700'000'000'000ms + time}, ilp::steady_time{1h + time}};
}

received_packets brings(std::uint64_t amount, std::chrono::milliseconds time = 0ms, bool ends = false,
                        const uuid_text& account = alice) {
    return {.account = account,
            .asset_code = "USD",
            .asset_scale = 9,
            .address_expires_at = ilp::timestamp{1'800'000'000'000ms},
            .amount = amount,
            .packets = amount == 0 ? 0U : 1U,
            .first = at(time),
            .last = at(time),
            .has_ended = ends};
}

using received = table_by_connection<received_packets>;

/// A store that keeps the events of payments as a database does.
struct reported_payments {
    undelivered_events undelivered{};
    incoming_payments payments{idle_time, undelivered};
    std::map<std::string, event_record> events{};
    std::vector<std::string> order{};
    std::set<std::string> delivered{};

    /// One transaction; nothing of it is kept unless it succeeds.
    void write(const received& batch, std::optional<ilp::steady_time> idle_at = {}, bool succeeds = true) {
        std::vector<event_record> added;
        std::vector<event_record> changed;
        payments.add(batch, idle_at, added, changed);
        if (!succeeds) return;
        for (const event_record& event : added) {
            REQUIRE(events.emplace(event.uuid, event).second);
            order.push_back(event.uuid);
        }
        for (const event_record& event : changed) {
            REQUIRE(events.at(event.uuid).is_open);
            events.at(event.uuid) = event;
        }
        undelivered.written({.new_events = added, .changed_events = changed});
        payments.written();
    }
    /// Delivers so many events that are not open, the oldest first.
    void deliver(std::size_t count) {
        for (const std::string& uuid : order) {
            if (count == 0) return;
            const event_record& event = events.at(uuid);
            if (event.is_open || !delivered.insert(uuid).second) continue;
            --count;
            const event_attempt attempt{uuid, true, {}, event.receiving_account};
            undelivered.written({.event_attempts = {&attempt, 1}});
        }
    }

    boost::json::object data(std::size_t number) const {
        return boost::json::parse(events.at(order.at(number)).data).as_object();
    }
    std::string text(std::size_t number, const char* key) const {
        return std::string{data(number).at(key).as_string()};
    }
    std::uint64_t amount(std::size_t number) const {
        return std::stoull(std::string{data(number).at("receivedAmount").at("value").as_string()});
    }
    std::size_t count_open() const {
        return static_cast<std::size_t>(std::ranges::count_if(events, [](const auto& e) { return e.second.is_open; }));
    }
    bool is_open(std::size_t number) const { return events.at(order.at(number)).is_open; }
    std::uint64_t sum() const {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < order.size(); ++i) all += amount(i);
        return all;
    }
};

}  // namespace

TEST_CASE("a payment has one event, which says what all of its packets have brought once it is closed") {
    reported_payments r;
    r.write({{connection(1), brings(100, 0s)}});
    REQUIRE(r.order.size() == 1);
    CHECK(r.is_open(0));
    r.write({{connection(1), brings(50, 1s)}});
    CHECK(r.is_open(0));
    r.write({{connection(1), brings(0, 2s, true)}});
    REQUIRE(r.order.size() == 1);
    CHECK(r.is_open(0));
    CHECK(r.payments.has_idle(at(2s).steady));
    r.write({}, at(2s).steady);
    CHECK_FALSE(r.is_open(0));
    CHECK(r.events.at(r.order[0]).type == "incoming_payment.completed");
    CHECK(r.data(0) ==
          boost::json::object{{"id", r.order[0]},
                              {"walletAddressId", alice.text()},
                              {"connectionId", "01000000000000000000000000000000"},
                              {"completed", true},
                              {"receivedAmount", {{"value", "150"}, {"assetCode", "USD"}, {"assetScale", 9}}},
                              {"packets", 2},
                              {"createdAt", "2023-11-14T22:13:20.000Z"},
                              {"updatedAt", "2023-11-14T22:13:22.000Z"},
                              {"expiresAt", "2027-01-15T08:00:00.000Z"}});
    // What comes after the end is another event.
    r.write({{connection(1), brings(7, 3s)}});
    REQUIRE(r.order.size() == 2);
    CHECK(r.is_open(1));
    CHECK(r.amount(1) == 7);
}

TEST_CASE("a payment that is closed with its first packets is idle at once, and one without money is no payment") {
    reported_payments r;
    const received ends{{connection(1), brings(100, 0s, true)}};
    const received nothing{{connection(2), brings(0, 0s, true)}};
    CHECK(r.payments.concerns(ends));
    CHECK_FALSE(r.payments.concerns(nothing));
    r.write(ends);
    r.write(nothing);
    r.write({}, at(0s).steady);
    REQUIRE(r.order.size() == 1);
    CHECK_FALSE(r.is_open(0));
    CHECK_FALSE(r.payments.concerns({{connection(1), brings(0, 1s, true)}}));
}

TEST_CASE("a payment ends when nothing has come for the idle time, unless the same transaction brings more") {
    reported_payments r;
    r.write({{connection(1), brings(100, 0s)}, {connection(2), brings(10, 5s)}});
    CHECK_FALSE(r.payments.has_idle(at(9999ms).steady));
    REQUIRE(r.payments.has_idle(at(10s).steady));
    r.write({{connection(1), brings(1, 9999ms)}}, at(10s).steady);
    CHECK(r.is_open(0));
    CHECK(r.is_open(1));
    r.write({}, at(15s).steady);
    CHECK(r.is_open(0) != r.is_open(1));
    r.write({}, at(20s).steady);
    CHECK_FALSE(r.is_open(0));
    CHECK_FALSE(r.is_open(1));
    CHECK(r.sum() == 111);
    CHECK_FALSE(r.payments.has_idle(at(1h).steady));
}

TEST_CASE("a transaction that is not written counts nothing, and may be tried again") {
    reported_payments r;
    const received first{{connection(1), brings(100, 0s)}};
    r.write(first, {}, false);
    r.write(first);
    const received last{{connection(1), brings(20, 1s, true)}};
    r.write(last, {}, false);
    r.write({}, at(20s).steady, false);
    CHECK(r.is_open(0));
    r.write(last);
    REQUIRE(r.order.size() == 1);
    CHECK(r.amount(0) == 120);
    r.write({}, at(1s).steady);
    CHECK_FALSE(r.is_open(0));
}

TEST_CASE("a sender that closes again and again makes one event until the payments are looked at") {
    reported_payments r;
    for (std::uint64_t i = 1; i <= 100; ++i) r.write({{connection(1), brings(1, 1ms, true)}});
    CHECK(r.order.size() == 1);
    CHECK(r.amount(0) == 100);
    r.write({}, at(1ms).steady);
    CHECK_FALSE(r.is_open(0));
}

TEST_CASE("one look ends a bounded number of payments, whatever the transaction brings beside") {
    reported_payments r;
    received many;
    for (std::uint32_t i = 0; i < 2 * incoming_payments::ended_at_a_time; ++i) {
        many.emplace(connection(i), brings(1, 0s));
    }
    r.write(many);
    received fresh;
    for (std::uint32_t i = 0; i < incoming_payments::ended_at_a_time; ++i) fresh.emplace(connection(i), brings(1, 20s));
    r.write(fresh, at(20s).steady);
    std::size_t open = 0;
    for (std::size_t i = 0; i < r.order.size(); ++i) open += r.is_open(i) ? 1U : 0U;
    CHECK(open == incoming_payments::ended_at_a_time);
}

TEST_CASE(
    "a payment that goes on for long is reported in parts, those beyond the bound together, and nothing is lost") {
    reported_payments r;
    std::uint64_t sum = 0;
    for (int minute = 0; minute <= 150; ++minute) {
        r.write({{connection(1), brings(1, std::chrono::minutes{minute})}});
        ++sum;
    }
    CHECK(r.order.size() == 3);
    CHECK(r.sum() == sum);

    received many;
    constexpr std::uint32_t more = 10;
    for (std::uint32_t i = 0; i < incoming_payments::open_max + more; ++i) {
        const uuid_text account{"0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e" + std::to_string(1000 + i % 20)};
        many.emplace(connection(i), brings(1, 3h, false, account));
    }
    sum += many.size();
    r.write(many);
    const std::size_t events = r.order.size();
    r.write(many);
    sum += many.size();
    CHECK(r.order.size() == events);
    CHECK(r.sum() == sum);
    std::size_t open = 0;
    for (std::size_t i = 0; i < r.order.size(); ++i) open += r.is_open(i) ? 1U : 0U;
    CHECK(open > incoming_payments::open_max);
    CHECK(open <= incoming_payments::open_max + more);
    while (r.payments.has_idle(at(4h).steady)) r.write({}, at(4h).steady);
    CHECK(r.sum() == sum);
    for (std::size_t i = 0; i < r.order.size(); ++i) REQUIRE_FALSE(r.is_open(i));
}

TEST_CASE("while many events of an account are not delivered, one event reports its further payments together") {
    constexpr auto own = static_cast<std::uint32_t>(incoming_payments::undelivered_max);
    constexpr std::uint32_t others = 2000;
    reported_payments r;
    std::uint64_t sum = 0;
    const auto pay = [&](std::uint32_t first, std::uint32_t count, std::chrono::milliseconds time) {
        received many;
        for (std::uint32_t i = first; i < first + count; ++i) many.emplace(connection(i), brings(i + 1, time, true));
        for (const auto& [id, packets] : many) sum += static_cast<std::uint64_t>(packets.amount);
        r.write(many);
    };
    const auto end_idle = [&](std::chrono::milliseconds time) {
        while (r.payments.has_idle(at(time).steady)) r.write({}, at(time).steady);
    };
    for (std::uint32_t first = 0; first < own + others; first += 500) pay(first, 500, 1s);
    CHECK(r.order.size() == own + 1);
    pay(own, others, 2s);  // the same ones once more
    CHECK(r.order.size() == own + 1);
    CHECK(r.sum() == sum);
    end_idle(1min);
    REQUIRE(r.count_open() == 1);
    CHECK(r.is_open(own));
    const boost::json::object collective = r.data(own);
    CHECK(collective.at("payments") == others);
    CHECK(collective.at("packets") == 2 * others);
    CHECK(r.text(own, "walletAddressId") == alice.text());
    CHECK_FALSE(collective.contains("connectionId"));
    CHECK(r.text(own, "createdAt") == "2023-11-14T22:13:21.000Z");
    CHECK(r.text(own, "updatedAt") == "2023-11-14T22:13:22.000Z");

    // It takes nothing from other accounts.
    r.write({{connection(100'000), brings(5, 1min, true, bob)}});
    sum += 5;
    CHECK(r.text(own + 1, "walletAddressId") == bob.text());
    CHECK(r.data(own + 1).contains("connectionId"));

    r.deliver(1);
    end_idle(2min);
    CHECK(r.count_open() == 0);
    CHECK(r.sum() == sum);
    pay(200'000, 1, 3min);
    CHECK(r.data(own + 2).at("payments") == 1);
    r.deliver(1);
    pay(200'001, 1, 3min);
    CHECK(r.order.size() == own + 3);
    r.deliver(2);
    pay(200'002, 1, 3min);
    CHECK(r.data(own + 3).contains("connectionId"));
    CHECK(r.sum() == sum);
}

TEST_CASE("payments that go on while nothing is delivered are reported in parts, of a bounded number") {
    reported_payments r;
    received many;
    for (std::uint32_t i = 0; i < incoming_payments::undelivered_max; ++i) many.emplace(connection(i), brings(1, 0s));
    r.write(many);
    std::uint64_t sum = many.size();
    constexpr std::uint32_t hours = 3000;
    for (std::uint32_t hour = 1; hour <= hours; ++hour) {
        r.write({{connection(1'000'000 + hour), brings(1, std::chrono::hours{hour})}});
        ++sum;
    }
    CHECK(r.order.size() == incoming_payments::undelivered_with_collective_max);
    CHECK(r.sum() == sum);
    // The receiver of events is there again.
    const auto end = at(std::chrono::hours{hours} + 1min).steady;
    while (r.payments.has_idle(end)) {
        r.write({}, end);
        r.deliver(r.order.size());
    }
    CHECK(r.count_open() == 0);
    CHECK(r.delivered.size() == r.order.size());
    CHECK(r.sum() == sum);
}

TEST_CASE("what a payment has brought is written with its postings, and reported once it has ended") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    books books{*store};
    config::settings settings;
    settings.assets = {make_asset("USD", 9)};
    for (const char* name : {"payer", "receiver"}) settings.peers.push_back(make_peer(name, "USD", 9, 1000));
    const auto registry = build_or_throw(settings, books.keeper);
    books.keeper.report_incoming_payments(idle_time);
    std::vector<event_record> reported;
    books.keeper.on_events(
        [&](std::span<const event_record> events) { reported.insert(reported.end(), events.begin(), events.end()); });
    const auto& payer = *registry->peers()[0].liquidity;
    const auto write = [&](std::uint32_t number, const received_packets& packets) {
        posting_batch batch;
        if (packets.amount != 0) {
            packet_transfer transfer;
            transfer.add(*registry->peers()[0].liquidity, *registry->peers()[1].liquidity,
                         {static_cast<std::uint64_t>(packets.amount)});
            REQUIRE(ledger::hold(transfer.legs()));
            batch.add(transfer.legs());
        }
        batch.received_over(connection(number)) = packets;
        if (!books.keeper.has_effect(batch)) return false;
        books.keeper.set_pending_batch(&batch);
        REQUIRE(books.keeper.write({}).has_value());
        CHECK_FALSE(books.keeper.has_pending_batch());
        return true;
    };
    CHECK(write(1, brings(60)));
    CHECK(write(2, brings(5)));
    CHECK(write(1, brings(7, 1s)));
    CHECK(balance_of(books.ledger, payer) == 1000 - 72);
    CHECK(reported.empty());
    CHECK(store->load_pending_events(event_line::payments, 10).value().empty());
    CHECK(store->load().value().open_events.size() == 2);

    CHECK(write(1, brings(0, 2s, true)));
    CHECK(reported.empty());
    REQUIRE(books.keeper.end_idle_payments(at(2s).steady).has_value());
    REQUIRE(reported.size() == 1);
    CHECK(reported[0].data.contains(R"("value":"67")"));
    CHECK(store->load_pending_events(event_line::payments, 10).value().at(0).event.data == reported[0].data);
    CHECK_FALSE(write(1, brings(0, 3s, true)));

    REQUIRE(books.keeper.end_idle_payments(at(9s).steady).has_value());
    CHECK(reported.size() == 1);
    REQUIRE(books.keeper.end_idle_payments(at(10s).steady).has_value());
    REQUIRE(reported.size() == 2);
    CHECK(reported[1].data.contains(R"("value":"5")"));
    CHECK(store->load().value().open_events.empty());
    CHECK(count_pending_events(*store) == 2);
}

TEST_CASE("payments whose events nobody takes delay no event of a peer, and are reported to the unit in the end") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    constexpr std::uint32_t payments = 3000;
    std::uint64_t total = 0;
    {
        books books{*store};
        books.keeper.report_incoming_payments(idle_time);
        for (std::uint32_t first = 0; first < payments; first += 500) {
            posting_batch batch;
            for (std::uint32_t i = first; i < first + 500; ++i) {
                batch.received_over(connection(i)) = brings(i + 1, 1s, true);
                total += i + 1;
            }
            books.keeper.set_pending_batch(&batch);
            REQUIRE(books.keeper.write({}).has_value());
        }
        REQUIRE(books.keeper.end_idle_payments(at(1s).steady).has_value());
        CHECK(books.keeper.undelivered().pending() == incoming_payments::ended_at_a_time);
        CHECK(books.keeper.undelivered().of_account(alice) == incoming_payments::undelivered_max + 1);
    }
    // The process ends here. The next one finds all of it.
    store.reset();
    store = place.open();
    books books{*store};
    books.keeper.report_incoming_payments(idle_time);
    REQUIRE(restore_events(store->load().value(), books.keeper).has_value());
    const auto& undelivered = books.keeper.undelivered();
    CHECK(undelivered.pending() == incoming_payments::undelivered_max + 1);
    CHECK(undelivered.of_account(alice) == incoming_payments::undelivered_max + 1);
    CHECK(count_pending_events(*store) == undelivered.pending());
    const event_record low{new_uuid(), "peer.liquidity_low", "{}"};
    REQUIRE(books.keeper.write({.new_events = {&low, 1}}).has_value());
    const auto urgent = store->load_pending_events(event_line::node, 10).value();
    REQUIRE(urgent.size() == 1);
    CHECK(urgent[0].event.uuid == low.uuid);

    std::uint64_t reported = 0;
    for (;;) {
        const auto due = store->load_pending_events(event_line::payments, 64).value();
        if (due.empty()) break;
        std::vector<event_attempt> attempts;
        for (const pending_event& each : due) {
            CHECK(each.event.receiving_account == alice.text());
            const auto data = boost::json::parse(each.event.data).as_object();
            reported += std::stoull(std::string{data.at("receivedAmount").at("value").as_string()});
            attempts.push_back({each.event.uuid, true, {}, each.event.receiving_account});
        }
        REQUIRE(books.keeper.write({.event_attempts = attempts}).has_value());
    }
    CHECK(reported == total);
    CHECK(undelivered.pending() == 1);
    CHECK(undelivered.of_account(alice) == 0);
    CHECK(count_pending_events(*store) == 1);
}

}  // namespace incoming_payments_test
