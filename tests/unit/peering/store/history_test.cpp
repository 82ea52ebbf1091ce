#include "peering/store/history.hpp"

#include "peering/audit.hpp"
#include "peering/history_csv.hpp"
#include "peering/open_store.hpp"
#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <ranges>
#include <sstream>
#include <tuple>

namespace history_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

constexpr ilp::timestamp first_of_may{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1}};
constexpr account_id bob{3};
constexpr account_id carol{4};

/// A book with bob, carol and dave, in which payments are made and then made old.
class old_book {
public:
    explicit old_book(store_kind kind) : place{kind} { open(); }

    void reopen() {
        registry.reset();
        books.reset();
        store.reset();
        open();
    }

    liquidity_account& account(const std::string& peer) { return *registry->find_by_name(peer)->liquidity; }

    /// Makes a payment that looks as if it was made at that time. Returns the number of its row.
    std::uint64_t pay(const std::string& from, const std::string& to, std::uint64_t amount, ilp::timestamp at) {
        packet_transfer transfer;
        transfer.add(account(from), account(to), {amount});
        REQUIRE(ledger::hold(transfer.legs()));
        const posting posting{&account(from), &account(to), amount, 1};
        REQUIRE(books->keeper.write({.postings = {&posting, 1}}).has_value());
        const std::uint64_t number = store->list_transfers(account(from).id, account_side::debit, 1).value()[0].number;
        place.execute("UPDATE transfers SET created_at = " + std::to_string(at.time_since_epoch().count()) +
                      " WHERE id = " + std::to_string(number));
        return number;
    }

    history_step sum(ilp::timestamp older_than, std::size_t rows_max = 1000) {
        auto step = store->sum_history({.older_than = older_than, .now = older_than + 24h * 90}, rows_max);
        if (!step) throw std::runtime_error{step.error().message};
        return *step;
    }

    std::vector<listed_transfer> paid_by(const std::string& peer) {
        return store->list_transfers(account(peer).id, account_side::debit, 100).value();
    }

    void expect_exact() const {
        const audit_report report = audit(place.url()).value();
        CHECK(report.faults == std::vector<std::string>{});
    }

    store_place place;
    std::unique_ptr<peering::store> store;
    std::optional<peering::testing::books> books;
    std::shared_ptr<const known_peers> registry;

private:
    void open() {
        store = place.open();
        books.emplace(*store);
        config::settings settings;
        settings.assets = {make_asset("USD", 9, amount_max)};
        for (const char* const name : {"bob", "carol", "dave"}) {
            settings.peers.push_back(make_peer(name, "USD", 9, 1'000'000));
        }
        registry = build_or_throw(settings, books->keeper);
    }
};

using sums = std::vector<std::tuple<std::uint64_t, wide_amount, std::uint64_t, ilp::timestamp>>;

sums sums_of(const history_sums& of) {
    sums found;
    for (const day_sum& sum : of.sums) found.emplace_back(sum.number, sum.amount, sum.packets, sum.day);
    return found;
}

packet_row row_of(std::uint64_t number, account_id debit, wide_amount amount, ilp::timestamp at) {
    return {.number = number,
            .debit = debit,
            .credit = debit == bob ? carol : bob,
            .amount = amount,
            .packets = 2,
            .created_at = at};
}

std::string csv_of(const std::string& url, const history_range& range = {}) {
    std::FILE* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    const auto rows = write_history_csv(url, range, file);
    REQUIRE(rows.has_value());
    std::rewind(file);
    std::string text(100'000, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    CHECK(*rows + 1 == static_cast<std::uint64_t>(std::ranges::count(text, '\n')));
    return text;
}

}  // namespace

TEST_CASE("history: rows are summed per pair of accounts and UTC day, up to the first that is not old") {
    const history_age age{.older_than = first_of_may + 72h, .now = first_of_may + 240h};
    const std::array rows{row_of(4, bob, 10, first_of_may + 1h),         row_of(5, carol, 20, first_of_may + 2h),
                          row_of(7, bob, 30, first_of_may + 24h - 1ms),  row_of(9, bob, 40, first_of_may + 24h),
                          row_of(10, bob, 50, first_of_may + 72h - 1ms), row_of(11, bob, 60, first_of_may + 72h),
                          row_of(12, bob, 70, first_of_may + 1h)};
    const history_sums summed = sum_by_day(rows, age, false).value();
    CHECK(sums_of(summed) == sums{{4, 40, 4, first_of_may},
                                  {5, 20, 2, first_of_may},
                                  {9, 40, 2, first_of_may + 24h},
                                  {10, 50, 2, first_of_may + 48h}});
    CHECK(summed.last == 10);
    CHECK(summed.rows == 5);
    CHECK(sum_by_day({}, age, false).value().last == 0);
    CHECK(sum_by_day(std::span{rows}.subspan(5), age, false).value().last == 0);
}

TEST_CASE("history: rows from the future, of a clock that was wrong, do not hold up those after them") {
    const history_age age{.older_than = first_of_may, .now = first_of_may + 24h};
    const std::array rows{row_of(1, bob, 1, first_of_may - 1h), row_of(2, bob, 2, first_of_may + 24h * 1000),
                          row_of(3, bob, 3, first_of_may - 30min), row_of(4, bob, 4, first_of_may + 24h)};
    CHECK(sums_of(sum_by_day(rows, age, false).value()) ==
          sums{{1, 4, 4, first_of_may - 24h}, {2, 2, 2, first_of_may + 24h * 1000}});
}

TEST_CASE("history: rows from the future stay as long as no later row is old") {
    const history_age age{.older_than = first_of_may, .now = first_of_may + 24h};
    const ilp::timestamp future = age.now + 1ms;
    const std::array rows{row_of(1, bob, 1, first_of_may - 1ms), row_of(2, bob, 2, future), row_of(3, bob, 3, future)};
    CHECK(sum_by_day(rows, age, false).value().last == 1);
    CHECK(sum_by_day(rows, age, true).value().last == 3);
    CHECK(sum_by_day(std::span{rows}.subspan(1), age, false).value().last == 0);
    const std::array young{rows[0], rows[1], row_of(3, bob, 3, age.now), row_of(4, bob, 4, future)};
    CHECK(sum_by_day(young, age, true).value().last == 1);
    CHECK(ends_in_future(rows, age));
    CHECK_FALSE(ends_in_future(std::span{rows}.first(1), age));
    CHECK_FALSE(ends_in_future({}, age));
}

TEST_CASE("history: sums are wide, and what cannot be is refused") {
    const history_age age{.older_than = first_of_may, .now = first_of_may};
    const ilp::timestamp at = first_of_may - 1h;
    std::array rows{row_of(1, bob, amount_max, at), row_of(2, bob, amount_max, at)};
    history_sums summed = sum_by_day(rows, age, false).value();
    CHECK(summed.sums.at(0).amount == 2 * wide_amount{amount_max});
    CHECK(add_to_known(summed.sums[0], 1, total_max - 2 * wide_amount{amount_max}, 1));
    CHECK(summed.sums[0].amount == total_max);
    CHECK_FALSE(add_to_known(summed.sums[0], 1, 1, 1));
    rows[0].amount = total_max;
    CHECK_FALSE(sum_by_day(rows, age, false).has_value());
    rows[0].amount = ~wide_amount{0};
    CHECK_FALSE(sum_by_day(rows, age, false).has_value());
}

TEST_CASE("history: a store sums up old rows of packets, and the audit stays exact") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    const std::uint64_t first = book.pay("bob", "carol", 1, first_of_may + 1h);
    book.pay("bob", "dave", 10, first_of_may + 2h);
    book.pay("bob", "carol", 2, first_of_may + 3h);
    const std::uint64_t next_day = book.pay("bob", "carol", 4, first_of_may + 25h);
    book.pay("bob", "carol", 8, first_of_may + 26h);
    const std::uint64_t young = book.pay("bob", "carol", 16, first_of_may + 49h);
    const catalogue before = book.store->load().value();

    const history_step step = book.sum(first_of_may + 48h);
    CHECK(step.rows == 5);
    CHECK_FALSE(step.has_more);
    CHECK(book.sum(first_of_may + 48h).rows == 0);
    book.expect_exact();
    const auto paid = book.paid_by("bob");
    REQUIRE(paid.size() == 4);
    CHECK(paid[0].number == young);
    CHECK_FALSE(paid[0].sum_of_day.has_value());
    CHECK(paid[1].number == next_day);
    CHECK(paid[1].sum_of_day == first_of_may + 24h);
    CHECK(paid[1].amount == 12);
    CHECK(paid[1].packets == 2);
    CHECK(paid[1].created_at == first_of_may + 25h);
    CHECK(paid[2].amount == 10);
    CHECK(paid[3].number == first);
    CHECK(paid[3].amount == 3);
    CHECK(paid[3].kind == std::nullopt);
    CHECK(paid[3].state == transfer_state::posted);

    // Later rows of the same day join the sum.
    book.pay("bob", "carol", 32, first_of_may + 50h);
    CHECK(book.sum(first_of_may + 49h + 1ms).rows == 1);
    book.pay("bob", "carol", 64, first_of_may + 51h);
    book.reopen();
    CHECK(book.sum(first_of_may + 51h).rows == 1);
    book.expect_exact();
    CHECK(book.paid_by("bob").size() == 5);
    CHECK(book.paid_by("bob")[1].number == young);
    CHECK(book.paid_by("bob")[1].amount == 48);

    for (std::size_t i = 0; i < before.peers.size(); ++i) {
        const account_totals now = book.store->load().value().peers[i].liquidity.totals;
        CHECK(now.credits_posted >= before.peers[i].liquidity.totals.credits_posted);
    }
}

TEST_CASE("history: a step takes as many rows as it may, and says whether there are more") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    for (int i = 0; i < 10; ++i) book.pay("bob", "carol", 1, first_of_may + i * 1h);
    book.pay("bob", "carol", 1, first_of_may + 240h);
    CHECK(book.sum(first_of_may + 48h, 4).has_more);
    CHECK(book.paid_by("bob").size() == 8);
    CHECK(book.sum(first_of_may + 48h, 4).has_more);
    CHECK(book.paid_by("bob").size() == 4);
    book.expect_exact();
    const history_step last = book.sum(first_of_may + 48h, 4);
    CHECK(last.rows == 2);
    CHECK_FALSE(last.has_more);
    CHECK(book.paid_by("bob").size() == 2);
    CHECK(book.paid_by("bob")[1].packets == 10);
    book.expect_exact();
}

TEST_CASE("history: events are forgotten once they are old and need no further attempt") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    std::vector<std::string> uuids;
    const auto add = [&](ilp::timestamp at, const std::string& due, const std::string& delivered_at) {
        uuids.push_back(new_uuid());
        place.execute("INSERT INTO events (uuid, type, data, created_at, due, delivered_at) VALUES ('" + uuids.back() +
                      "', 'peer.liquidity_low', '{}', " + std::to_string(at.time_since_epoch().count()) + ", " + due +
                      ", " + delivered_at + ")");
    };
    const auto left = [&] {
        std::vector<std::size_t> found;
        const auto listed = store->list_events({.newest_first = false, .limit = 100}).value().value();
        for (const listed_event& each : listed) {
            found.push_back(static_cast<std::size_t>(std::ranges::find(uuids, each.event.uuid) - uuids.begin()));
        }
        return found;
    };
    using numbers = std::vector<std::size_t>;
    add(first_of_may, "5", "NULL");          // 0: still to be delivered
    add(first_of_may + 1000h, "NULL", "5");  // 1: its clock was ahead
    add(first_of_may + 1h, "NULL", "5");     // 2
    add(first_of_may + 2h, "NULL", "NULL");  // 3: given up
    add(first_of_may + 3h, "NULL", "5");     // 4
    add(first_of_may + 48h, "NULL", "5");    // 5: young
    add(first_of_may + 4h, "NULL", "5");     // 6: behind a young one
    const history_age age{.older_than = first_of_may + 24h, .now = first_of_may + 72h};
    history_step step = store->forget_events(age, 2).value();
    CHECK(step.rows == 2);
    CHECK(step.has_more);
    CHECK(left() == numbers{0, 1, 4, 5, 6});
    CHECK_FALSE(store->list_events({.after = uuids[2]}).value().has_value());  // not an empty page: others follow it
    step = store->forget_events(age, 2).value();
    CHECK(step.rows == 1);
    CHECK_FALSE(step.has_more);
    CHECK(store->forget_events(age, 2).value().rows == 0);
    store.reset();
    store = place.open();
    CHECK(left() == numbers{0, 1, 5, 6});
    CHECK(count_pending_events(*store) == 1);
    // The rest follows in its time.
    CHECK(store->forget_events({.older_than = first_of_may + 49h, .now = first_of_may + 96h}, 9).value().rows == 2);
    CHECK(store->forget_events({.older_than = first_of_may + 1001h, .now = first_of_may + 1024h}, 9).value().rows == 1);
    CHECK(left() == numbers{0});
}

TEST_CASE("history: forgetting events that fails leaves nothing open") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const auto store = place.open();
    const history_age age{.older_than = first_of_may, .now = first_of_may};
    CHECK(store->forget_events(age, 1).value().rows == 0);
    place.execute("ALTER TABLE events RENAME TO lost");
    const auto step = store->forget_events(age, 1);
    REQUIRE_FALSE(step.has_value());
    CHECK_THAT(step.error().message, Catch::Contains("cannot forget old events"));
    place.execute("ALTER TABLE lost RENAME TO events");
    CHECK(store->forget_events(age, 1).value().rows == 0);  // no transaction was left open
}

TEST_CASE("history: a clock that starts in 1970 sums up nothing") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    for (int i = 0; i < 5; ++i) book.pay("bob", "carol", 1, first_of_may + i * 24h);
    const ilp::timestamp now{1h};
    for (int i = 0; i < 5; ++i) book.pay("bob", "carol", 1, now);
    for (const std::size_t rows_max : {1UZ, 4UZ, 1000UZ}) {
        CHECK(book.store->sum_history({.older_than = now - 24h, .now = now}, rows_max).value().rows == 0);
    }
    CHECK(book.paid_by("bob").size() == 10);
    book.expect_exact();
}

TEST_CASE("history: a clock that is set back sums up nothing that was not old before") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    const ilp::timestamp set_at = first_of_may + 96h;
    for (int i = 0; i < 3; ++i) book.pay("bob", "carol", 1, first_of_may);
    for (int i = 1; i < 24; ++i) book.pay("bob", "carol", 1, set_at - 24h + i * 1h);
    const ilp::timestamp now = set_at - 48h;
    const history_age age{.older_than = now - 24h, .now = now};
    CHECK(book.store->sum_history(age, 1000).value().rows == 3);
    for (int i = 0; i < 5; ++i) book.pay("bob", "carol", 1, now);
    for (const std::size_t rows_max : {1UZ, 4UZ, 1000UZ})
        CHECK(book.store->sum_history(age, rows_max).value().rows == 0);
    CHECK(book.paid_by("bob").size() == 1 + 23 + 5);
    book.expect_exact();
}

TEST_CASE("history: more rows from the future than a step may take are summed up once later rows are old") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    for (int i = 0; i < 20; ++i) book.pay("bob", "carol", 1, first_of_may + 24h * 1000);
    for (int i = 0; i < 20; ++i) book.pay("bob", "carol", 1, first_of_may + i * 1min);
    CHECK(book.sum(first_of_may, 4).rows == 0);
    for (int i = 0; i < 9; ++i) CHECK(book.sum(first_of_may + 24h, 4).rows == 4);
    CHECK(book.sum(first_of_may + 24h, 4).rows == 3);
    CHECK(book.paid_by("bob").size() == 3);
    book.expect_exact();
}

TEST_CASE("history: operators' transfers stay, in whatever state they are") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    std::vector<transfer_record> withdrawals;
    for (const transfer_state state : {transfer_state::pending, transfer_state::posted, transfer_state::voided}) {
        withdrawals.push_back({.uuid = new_uuid(),
                               .kind = transfer_kind::withdrawal,
                               .state = state,
                               .debit = book.account("bob").id,
                               .credit = book.registry->assets()[0].settlement->id,
                               .amount = {30}});
    }
    // Their totals are none of this test's concern: the amounts are held nowhere.
    for (const transfer_record& made : withdrawals) {
        book.pay("bob", "carol", 1, first_of_may);
        changes changes;
        changes.new_transfers = {&made, 1};
        REQUIRE(book.store->commit(changes).has_value());
    }
    book.place.execute("UPDATE transfers SET created_at = 1");
    book.pay("bob", "carol", 1, first_of_may + 240h);
    CHECK(book.sum(first_of_may + 24h).rows == 3);
    const auto paid = book.paid_by("bob");
    REQUIRE(paid.size() == 5);
    CHECK(paid[1].uuid == withdrawals[2].uuid);
    CHECK(paid[3].uuid == withdrawals[0].uuid);
    CHECK(paid[4].packets == 3);
    for (const transfer_record& made : withdrawals) CHECK(book.store->find_transfer(made.uuid).value() == made);
    CHECK(book.store->load().value().pending_withdrawals.size() == 1);
}

TEST_CASE("history: the numbers of transfers go on, even if everything else is old") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    for (int i = 0; i < 5; ++i) book.pay("bob", "carol", 1, first_of_may);
    const std::uint64_t last = book.paid_by("bob")[0].number;
    CHECK(book.sum(first_of_may + 24h).rows == 4);
    CHECK(book.paid_by("bob")[0].number == last);
    book.reopen();
    CHECK(book.store->take_remarks().empty());
    CHECK(book.pay("bob", "carol", 1, first_of_may) == last + 1);
    CHECK(book.sum(first_of_may + 24h).rows == 1);
    CHECK(book.paid_by("bob").size() == 2);
    book.expect_exact();
}

TEST_CASE("history: what was paid to and by a deleted peer is summed up, too") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    for (int i = 0; i < 3; ++i) book.pay("bob", "carol", 1, first_of_may);
    for (int i = 0; i < 3; ++i) book.pay("carol", "dave", 1, first_of_may);
    book.pay("dave", "bob", 1, first_of_may + 240h);
    const auto account = book.account("carol").id;
    const peer_change deleted{book.registry->find_by_name("carol")->id,
                              {.name = "carol", .ilp_address = "test.carol", .deleted_at = first_of_may}};
    changes changes;
    changes.changed_peers = {&deleted, 1};
    REQUIRE(book.store->commit(changes).has_value());
    CHECK(book.sum(first_of_may + 24h).rows == 6);
    CHECK(book.store->list_transfers(account, account_side::debit, 10).value().size() == 1);
    CHECK(book.store->list_transfers(account, account_side::credit, 10).value().size() == 2);  // and its first deposit
    book.expect_exact();
}

TEST_CASE("history: a step that fails changes nothing, and the store goes on") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    for (int i = 0; i < 4; ++i) book.pay("bob", "carol", 5, first_of_may);
    book.pay("bob", "carol", 5, first_of_may + 240h);
    const std::string damage = GENERATE(
        "UPDATE transfers SET debit_account = -1 WHERE id IN (SELECT id FROM transfers "
        "WHERE uuid IS NULL ORDER BY id LIMIT 1 OFFSET 2)",
        "DELETE FROM history");
    book.place.execute(damage.starts_with("UPDATE") && book.place.url().starts_with("sqlite")
                           ? "PRAGMA foreign_keys = OFF; " + damage
                           : damage);
    const auto step = book.store->sum_history({.older_than = first_of_may + 24h, .now = first_of_may + 240h}, 1000);
    REQUIRE_FALSE(step.has_value());
    CHECK_THAT(step.error().message, Catch::Contains("cannot sum up old transfers"));
    packet_transfer transfer;
    transfer.add(book.account("bob"), book.account("carol"), {5});
    REQUIRE(ledger::hold(transfer.legs()));
    const posting posting{&book.account("bob"), &book.account("carol"), 5, 1};
    CHECK(book.books->keeper.write({.postings = {&posting, 1}}).has_value());
    if (damage.starts_with("DELETE")) {
        CHECK(book.paid_by("bob").size() == 6);
        book.expect_exact();
    }
}

TEST_CASE("history: random commits and steps give the same lists and sums as a plain model") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    std::mt19937_64 random{printed_seed("history of " + place.url())};
    const auto below = [&](std::uint64_t end) { return random() % end; };
    auto store = place.open();
    books books{*store};
    config::settings settings;
    settings.assets = {make_asset("USD", 9)};
    for (int i = 0; i < 2; ++i) settings.peers.push_back(make_peer("peer" + std::to_string(i), "USD", 9, 0));
    const auto registry = build_or_throw(settings, books.keeper);
    std::vector<liquidity_account*> accounts{registry->assets()[0].settlement};
    for (const peer& peer : registry->peers()) accounts.push_back(peer.liquidity);

    std::map<std::uint64_t, listed_transfer> model;
    std::map<account_id, account_totals> totals;
    std::uint64_t last = 0;
    std::uint64_t summed_up_to = 0;
    ilp::timestamp time = first_of_may;
    ilp::timestamp latest = time;

    const auto key_of = [](const listed_transfer& t) {
        return std::tuple{t.number, t.uuid,   t.kind,    t.state,      t.debit,
                          t.credit, t.amount, t.packets, t.created_at, t.sum_of_day};
    };
    const auto agrees = [&](account_id account, account_side side, std::size_t limit,
                            std::optional<std::uint64_t> from = {}) {
        const auto listed = store->list_transfers(account, side, limit, from).value();
        std::size_t at = 0;
        for (const auto& [number, row] : std::views::reverse(model)) {
            if ((side == account_side::debit ? row.debit : row.credit) != account) continue;
            if (from && number > *from) continue;
            if (at == limit) break;
            if (at == listed.size() || key_of(listed[at++]) != key_of(row)) return false;
        }
        return at == listed.size();
    };
    const auto commit = [&] {
        std::vector<posting> postings;
        std::vector<transfer_record> transfers;
        const std::uint64_t before = last;
        const auto pair = [&] {
            const std::size_t from = below(accounts.size());
            return std::pair{accounts[from], accounts[(from + 1 + below(accounts.size() - 1)) % accounts.size()]};
        };
        const auto add = [&](listed_transfer row) {
            row.number = ++last;
            row.created_at = time;
            totals[row.debit].debits_posted += row.amount;
            totals[row.credit].credits_posted += row.amount;
            model.emplace(row.number, std::move(row));
        };
        for (std::uint64_t left = below(5); left > 0; --left) {
            const auto [debit, credit] = pair();
            const wide_amount amount = below(4) == 0 ? wide_amount{amount_max} : below(1000);
            postings.push_back({debit, credit, amount, 1 + below(3)});
            add({.state = transfer_state::posted,
                 .debit = debit->id,
                 .credit = credit->id,
                 .amount = amount,
                 .packets = postings.back().packets});
        }
        if (below(4) == 0) {
            const auto [debit, credit] = pair();
            transfers.push_back({.uuid = new_uuid(),
                                 .kind = transfer_kind::deposit,
                                 .state = transfer_state::posted,
                                 .debit = debit->id,
                                 .credit = credit->id,
                                 .amount = {below(1000)}});
            add({.uuid = transfers.back().uuid,
                 .kind = transfer_kind::deposit,
                 .state = transfer_state::posted,
                 .debit = debit->id,
                 .credit = credit->id,
                 .amount = transfers.back().amount.value});
        }
        // The accounts keep totals of zero here; the sums are compared with the model.
        std::vector<account_change> kept;
        books.ledger.changes_of(postings, kept);
        for (account_change& account : kept) account.after = {};
        changes changes;
        changes.postings = postings;
        changes.new_transfers = transfers;
        changes.accounts = kept;
        REQUIRE(store->commit(changes).has_value());
        place.execute("UPDATE transfers SET created_at = " + std::to_string(time.time_since_epoch().count()) +
                      " WHERE id > " + std::to_string(before));
    };
    const auto sum = [&] {
        const ilp::timestamp now = latest - std::chrono::hours{below(30)};
        const history_age age{.older_than = now - std::chrono::hours{below(60)}, .now = now};
        const std::size_t rows_max = 1 + below(12);
        std::vector<std::uint64_t> taken;
        std::size_t surely_old = 0;  // of those that are taken
        for (const auto& [number, row] : model) {
            if (number <= summed_up_to || number >= last || row.kind || row.sum_of_day) continue;
            if (taken.size() == rows_max) break;
            if (!age.is_old(row.created_at) && !age.is_from_future(row.created_at)) {
                taken.resize(surely_old);
                break;
            }
            taken.push_back(number);
            if (age.is_old(row.created_at)) surely_old = taken.size();
        }
        const auto old_follows = [&] {
            for (std::uint64_t distance = 1; taken.back() + distance <= last; distance *= 2) {
                if (age.is_old(model.lower_bound(taken.back() + distance)->second.created_at)) return true;
            }
            return false;
        };
        if (taken.size() > surely_old && !old_follows()) taken.resize(surely_old);
        for (const std::uint64_t number : taken) {
            listed_transfer& row = model.at(number);
            const ilp::timestamp day = std::chrono::floor<std::chrono::days>(row.created_at);
            const auto known = std::ranges::find_if(model, [&](const auto& each) {
                return each.second.debit == row.debit && each.second.credit == row.credit &&
                       each.second.sum_of_day == day;
            });
            if (known == model.end()) {
                row.sum_of_day = day;
            } else {
                known->second.amount += row.amount;
                known->second.packets += row.packets;
                model.erase(number);
            }
            summed_up_to = number;
        }
        REQUIRE(store->sum_history(age, rows_max).value().rows == taken.size());
    };
    struct recomputed final : book_visitor {
        void account(const account_record&, std::string_view, std::string_view) override {}
        void transfer(account_id debit, account_id credit, wide_amount amount, transfer_state) override {
            totals[debit].debits_posted += amount;
            totals[credit].credits_posted += amount;
        }
        std::map<account_id, account_totals> totals;
    };

    for (int round = 0; round < 150; ++round) {
        CAPTURE(round);
        time += std::chrono::minutes{below(300)};
        if (below(20) == 0) time -= std::chrono::hours{below(100)};  // the clock was set
        latest = std::max(latest, time);
        commit();
        if (below(3) == 0) sum();
        if (below(30) == 0) {
            store.reset();
            store = place.open();
        }
        const account_id account = accounts[below(accounts.size())]->id;
        const account_side side = below(2) == 0 ? account_side::debit : account_side::credit;
        REQUIRE(agrees(account, side, below(10)));
        REQUIRE(agrees(account, side, 1000));
        // A page may begin at a row that was summed up after the page before it was read.
        if (summed_up_to > 0) {
            const std::uint64_t from = 1 + below(summed_up_to);
            if (!model.contains(from)) REQUIRE(agrees(account, side, 5, from));
        }
    }
    recomputed visitor;
    REQUIRE(read_book(place.url(), visitor).has_value());
    CHECK(visitor.totals == totals);
    CHECK(std::ranges::any_of(model, [](const auto& row) { return row.second.amount > amount_max; }));
}

TEST_CASE("history: a book of the schema before sums is migrated") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    const bool is_sqlite = book.place.url().starts_with("sqlite");
    for (int i = 0; i < 4; ++i) book.pay("bob", "carol", 5, first_of_may);
    book.store.reset();
    book.place.execute(
        "DROP INDEX transfers_sums; DROP INDEX transfers_kept_of_debit; DROP INDEX transfers_kept_of_credit;"
        "DROP TABLE history; ALTER TABLE transfers DROP COLUMN sum_of_day; DROP INDEX events_that_ended; "
        "DROP TABLE flights; DROP TABLE split_outcomes; DROP TABLE payments; DROP TABLE receiving_accounts; "
        "DROP INDEX events_due; DROP INDEX events_due_of_payments; "
        "ALTER TABLE events DROP COLUMN receiving_account;");
    book.place.execute(is_sqlite ? "PRAGMA user_version = 3" : "UPDATE ilpd_schema_version SET version = 2");
    CHECK_THAT(audit(book.place.url()).error().message, Catch::Contains("start ilpd once to migrate it"));
    book.reopen();
    book.expect_exact();
    CHECK(book.paid_by("bob").size() == 4);
    CHECK(book.sum(first_of_may + 24h).rows == 3);
    CHECK(book.paid_by("bob").size() == 2);
    book.expect_exact();
}

TEST_CASE("history: the export is a table of all rows in a range of days") {
    old_book book{GENERATE(kinds_of_durable_stores())};
    book.place.execute("UPDATE transfers SET created_at = 1");
    book.place.execute("UPDATE peers SET name = 'a \"b\", c' WHERE name = 'dave'");
    const auto number = [](std::uint64_t of) { return std::to_string(of); };
    const auto first = book.pay("bob", "carol", 1, first_of_may + 1h);
    book.pay("bob", "carol", 2, first_of_may + 2h);
    const auto other = book.pay("bob", "dave", 7, first_of_may + 30h);
    transfer_record withdrawal{.uuid = "0f5d7c3e-1111-4222-8333-444455556666",
                               .kind = transfer_kind::withdrawal,
                               .state = transfer_state::pending,
                               .debit = book.account("bob").id,
                               .credit = book.registry->assets()[0].settlement->id,
                               .amount = {30},
                               .expires_at = first_of_may + 50h};
    changes changes;
    changes.new_transfers = {&withdrawal, 1};
    REQUIRE(book.store->commit(changes).has_value());
    book.place.execute("UPDATE transfers SET created_at = " +
                       std::to_string((first_of_may + 48h).time_since_epoch().count()) + " WHERE state = 'pending'");
    CHECK(book.sum(first_of_may + 24h).rows == 2);

    const std::string header =
        "number,created_at,sum_of_day,type,state,debit,credit,asset,amount,packets,id,expires_at\n";
    const std::string sum = number(first) +
                            ",2026-05-01T01:00:00.000Z,2026-05-01,packets,posted,\"liquidity of peer bob\","
                            "\"liquidity of peer carol\",\"USD/9\",3,2,,\n";
    const std::string row = number(other) +
                            ",2026-05-02T06:00:00.000Z,,packets,posted,\"liquidity of peer bob\","
                            "\"liquidity of peer a \"\"b\"\", c\",\"USD/9\",7,1,,\n";
    const std::string pending = number(other + 1) +
                                ",2026-05-03T00:00:00.000Z,,withdrawal,pending,\"liquidity of peer bob\","
                                "\"settlement of asset USD/9\",\"USD/9\",30,0,\"0f5d7c3e-1111-4222-8333-444455556666\","
                                "2026-05-03T02:00:00.000Z\n";
    CHECK(csv_of(book.place.url(), {.from = first_of_may}) == header + sum + row + pending);
    CHECK(csv_of(book.place.url(), {.from = first_of_may, .until = first_of_may + 24h}) == header + sum);
    CHECK(csv_of(book.place.url(), {.from = first_of_may + 24h, .until = first_of_may + 48h}) == header + row);
    CHECK(csv_of(book.place.url(), {.from = first_of_may + 48h}) == header + pending);
    const std::string all = csv_of(book.place.url());
    CHECK(all.ends_with(sum + row + pending));
    CHECK(std::ranges::count(all, '\n') == 8);  // with the first deposits
    CHECK(all.contains(",deposit,posted,\"settlement of asset USD/9\",\"liquidity of peer bob\",\"USD/9\",1000000,0,"));
}

TEST_CASE("history: a store in memory and one that is not there cannot be exported") {
    CHECK_FALSE(write_history_csv("memory:", {}, stdout).has_value());
    const auto nowhere = write_history_csv("sqlite:/nowhere/ilpd.db", {}, stdout);
    REQUIRE_FALSE(nowhere.has_value());
    CHECK_THAT(nowhere.error().message, Catch::Contains("/nowhere/ilpd.db"));
}

}  // namespace history_test
