#include "peering/book/incoming_payments.hpp"

#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace incoming_payments_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

const uuid_text alice{"0b1d3ab8-0c34-4e0d-8a5b-2d2d4c2e0ad3"};
constexpr auto idle_time = 10s;

connection_id connection(std::uint32_t number) {
    connection_id id{};
    for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return id;
}

ilp::instant at(std::chrono::milliseconds time) {
    return {ilp::timestamp{1'700'000'000'000ms + time}, ilp::steady_time{1h + time}};
}

received_packets brings(std::uint64_t amount, std::chrono::milliseconds time = 0ms, bool ends = false) {
    return {.account = alice,
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
    incoming_payments payments{idle_time};
    std::map<std::string, event_record> events{};
    std::vector<std::string> order{};

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
        payments.written();
    }

    boost::json::object data(std::size_t number) const {
        return boost::json::parse(events.at(order.at(number)).data).as_object();
    }
    std::uint64_t amount(std::size_t number) const {
        return std::stoull(std::string{data(number).at("receivedAmount").at("value").as_string()});
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
    for (std::uint32_t i = 0; i < incoming_payments::open_max + more; ++i) many.emplace(connection(i), brings(1, 3h));
    sum += many.size();
    r.write(many);
    const std::size_t events = r.order.size();
    r.write(many);
    sum += many.size();
    CHECK(r.order.size() == events);
    CHECK(r.sum() == sum);
    std::size_t open = 0;
    for (std::size_t i = 0; i < r.order.size(); ++i) open += r.is_open(i) ? 1U : 0U;
    CHECK(open <= incoming_payments::open_max + 1);
    while (r.payments.has_idle(at(4h).steady)) r.write({}, at(4h).steady);
    CHECK(r.sum() == sum);
    for (std::size_t i = 0; i < r.order.size(); ++i) REQUIRE_FALSE(r.is_open(i));
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
    CHECK(store->load_pending_events(10).value().empty());
    CHECK(store->load().value().open_events.size() == 2);

    CHECK(write(1, brings(0, 2s, true)));
    CHECK(reported.empty());
    REQUIRE(books.keeper.end_idle_payments(at(2s).steady).has_value());
    REQUIRE(reported.size() == 1);
    CHECK(reported[0].data.contains(R"("value":"67")"));
    CHECK(store->load_pending_events(10).value().at(0).event.data == reported[0].data);
    CHECK_FALSE(write(1, brings(0, 3s, true)));

    REQUIRE(books.keeper.end_idle_payments(at(9s).steady).has_value());
    CHECK(reported.size() == 1);
    REQUIRE(books.keeper.end_idle_payments(at(10s).steady).has_value());
    REQUIRE(reported.size() == 2);
    CHECK(reported[1].data.contains(R"("value":"5")"));
    CHECK(store->load().value().open_events.empty());
    CHECK(store->count_pending_events().value() == 2);
}

}  // namespace incoming_payments_test
