#include "tests/integration/neighbourhood.hpp"
#include "tests/integration/store_place.hpp"
#include "tests/support/rig.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <thread>

namespace history_test {

namespace {

using namespace support;

constexpr std::uint64_t pairs = 30'000;

/// Adds a history to a book whose daemon has stopped: p1 and p2 have paid each other 1, many times, on each of five
/// days that are long over. No balance changes.
void add_old_payments(const store_place& place) {
    const bool is_sqlite = place.url().starts_with("sqlite");
    const auto account = [&](const char* name) {
        return place.rows("SELECT account_id FROM peers WHERE name = '" + std::string{name} + "'").at(0).at(0);
    };
    const std::string p1 = account("p1");
    const std::string p2 = account("p2");
    const std::string count = std::to_string(2 * pairs);
    const std::string numbers = is_sqlite
                                    ? "(WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                                          count + " - 1) SELECT i FROM n)"
                                    : "(SELECT i FROM generate_series(0, " + count + " - 1) i)";
    // The chains of each account and side skip the other account's rows. What was there before has no successor yet.
    const auto previous = [&](const char* side, const std::string& even, const std::string& odd) {
        const auto last = [&](const std::string& of) {
            return std::string{"(SELECT last_"} + side + "_transfer FROM accounts WHERE id = " + of + ")";
        };
        return "CASE WHEN n.i = 0 THEN " + last(even) + " WHEN n.i = 1 THEN " + last(odd) +
               " ELSE base.id + n.i - 1 END";
    };
    place.execute(
        "INSERT INTO transfers (id, debit_account, credit_account, amount, packets, created_at, previous_of_debit, "
        "previous_of_credit) SELECT base.id + 1 + n.i, CASE n.i % 2 WHEN 0 THEN " +
        p1 + " ELSE " + p2 + " END, CASE n.i % 2 WHEN 0 THEN " + p2 + " ELSE " + p1 + " END, " +
        (is_sqlite ? "'1'" : "1") + ", 1, 1700000000000 + (n.i * 5 / " + count + ") * 86400000, " +
        previous("debit", p1, p2) + ", " + previous("credit", p2, p1) + " FROM " + numbers +
        " n CROSS JOIN (SELECT max(id) AS id FROM transfers) base");
    const std::string more = std::to_string(pairs);
    const auto sum = [&](const std::string& column) {
        return is_sqlite ? "CAST(CAST(" + column + " AS INTEGER) + " + more + " AS TEXT)" : column + " + " + more;
    };
    const auto last_of = [&](const char* side, const std::string& of) {
        return "(SELECT max(id) FROM transfers WHERE " + std::string{side} + "_account = " + of + ")";
    };
    for (const std::string& of : {p1, p2}) {
        place.execute("UPDATE accounts SET debits_posted = " + sum("debits_posted") + ", credits_posted = " +
                      sum("credits_posted") + ", last_debit_transfer = " + last_of("debit", of) +
                      ", last_credit_transfer = " + last_of("credit", of) + " WHERE id = " + of);
    }
}

std::uint64_t count_of(const store_place& place, const std::string& condition) {
    return std::stoull(place.rows("SELECT count(*) FROM transfers WHERE " + condition).at(0).at(0));
}

/// Events from days that are long over, as many as need more than one step, of which one is still to be delivered; and
/// one of today.
void add_events(const store_place& place) {
    const bool is_sqlite = place.url().starts_with("sqlite");
    const std::string numbers =
        is_sqlite ? "(WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i FROM n)"
                  : "(SELECT i FROM generate_series(0, 2500) i)";
    place.execute(
        "INSERT INTO events (uuid, type, data, created_at, due) SELECT 'event ' || n.i, 'peer.liquidity_low', '{}', "
        "1700000000000, CASE WHEN n.i = 0 THEN 1700000000000 END FROM " +
        numbers + " n");
    const auto today =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    place.execute("INSERT INTO events (uuid, type, data, created_at) VALUES ('today', 'peer.liquidity_low', '{}', " +
                  std::to_string(today.count()) + ")");
}

std::uint64_t events(const store_place& place) {
    return std::stoull(place.rows("SELECT count(*) FROM events").at(0).at(0));
}

std::uint64_t old_rows(const store_place& place) {
    return count_of(place, "uuid IS NULL AND sum_of_day IS NULL AND created_at < 1701000000000");
}

/// Sends one packet after the other, and counts those that were fulfilled.
std::jthread send_packets(std::uint16_t port, std::atomic<std::uint64_t>& fulfilled) {
    return std::jthread{[port, &fulfilled](const std::stop_token& stop) {
        http_connection connection{port};
        while (!stop.stop_requested()) {
            if (outcome(connection.exchange(ilp_request(encode(prepare{.amount = 1})))) == "fulfill") ++fulfilled;
        }
    }};
}

}  // namespace

TEMPLATE_TEST_CASE("history: old transfers are summed up while packets flow, and every balance stays exact", "",
                   on_sqlite, on_postgresql) {
    const store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    CHECK(r.d.stop() == 0);
    add_old_payments(place);
    CHECK(r.d.audit().status == 0);
    CHECK(old_rows(place) == 2 * pairs);
    r.d.start();
    CHECK(!r.d.scrape().has("ilp_store_history_rows_summed_total"));
    CHECK(r.d.stop() == 0);
    CHECK(old_rows(place) == 2 * pairs);  // without the setting, everything is kept
    add_events(place);
    r.d.start();
    CHECK(r.d.stop() == 0);
    CHECK(events(place) == 2502);

    r.d.terms().store_settings = {"keep_history: 90d"};
    std::atomic<std::uint64_t> fulfilled{0};
    r.d.start();
    {
        const auto load = send_packets(r.d.port(), fulfilled);
        while (old_rows(place) > 0) {
            const auto audit = r.d.audit();
            INFO(audit.standard_error);
            REQUIRE(audit.status == 0);
        }
        const std::uint64_t before = fulfilled;
        CHECK(eventually([&] { return fulfilled > before + 10; }));
    }
    CHECK(eventually([&] { return events(place) == 2; }));
    CHECK(place.rows("SELECT count(*) FROM events WHERE uuid IN ('event 0', 'today')").at(0).at(0) == "2");
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + fulfilled);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - fulfilled);
    CHECK(r.d.scrape().sum("ilp_store_history_rows_summed_total") == 2 * pairs);
    CHECK(r.d.audit().status == 0);
    CHECK(count_of(place, "sum_of_day IS NOT NULL") == 10);
    CHECK(count_of(place, "sum_of_day IS NOT NULL AND packets = 6000") == 10);
    CHECK(count_of(place, "uuid IS NULL AND sum_of_day IS NULL") > 0);  // today's packets
    CHECK(r.d.stop() == 0);
    CHECK(r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("history: kill -9 while old transfers are summed up loses nothing", "", on_sqlite, on_postgresql) {
    const store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    CHECK(r.d.stop() == 0);
    add_old_payments(place);
    r.d.terms().store_settings = {"keep_history: 90d"};
    std::mt19937 random{std::random_device{}()};
    int interrupted = 0;
    std::uint64_t left = 2 * pairs;
    for (int round = 0; left > 1; ++round) {  // the last row of all stays
        INFO("round " << round << ", " << left << " old rows");
        REQUIRE(round < 1000);
        r.d.start();
        const std::uint64_t enough = left - std::min<std::uint64_t>(left - 1, 1 + random() % 15'000);
        REQUIRE(eventually([&] { return old_rows(place) <= enough; }));
        r.d.kill9();
        if (place.url().starts_with("postgresql:")) {
            place.server().wait_for("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ilpd'", "0");
        }
        left = old_rows(place);
        if (left > 1) ++interrupted;
        const auto audit = r.d.audit();
        INFO(audit.standard_error);
        REQUIRE(audit.status == 0);
        CHECK(place.peers().at("p1").balance() == default_liquidity);
    }
    CHECK(interrupted > 0);
    CHECK(count_of(place, "sum_of_day IS NOT NULL") == 10);
    r.d.start();
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    CHECK(r.d.stop() == 0);
    CHECK(r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("history: the history is exported as CSV while the daemon runs and after it stops", "", on_sqlite,
                   on_postgresql) {
    const store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    CHECK(r.d.stop() == 0);
    add_old_payments(place);
    const auto run = [&](std::vector<std::string> more) {
        more.insert(more.begin(), "--export-history");
        return run_daemon(r.d.terms(), more);
    };
    const auto lines = [](const std::string& text) {
        return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
    };
    const std::uint64_t rows = count_of(place, "true");
    const auto stopped = run({"-"});
    CHECK(stopped.status == 0);
    CHECK(stopped.standard_error.empty());
    CHECK(lines(stopped.standard_output) == rows + 1);
    CHECK(stopped.standard_output.starts_with("number,created_at,sum_of_day,type,state,debit,credit,asset,amount,"));
    CHECK(lines(run({"-", "--from", "2023-11-15", "--until", "2023-11-17"}).standard_output) == 1 + 4 * pairs / 5);

    r.d.start();
    const temporary_directory folder;
    const std::string file = folder.path() / "history.csv";
    const auto running = run({file, "--until", "2026-01-01"});
    CHECK(running.status == 0);
    CHECK(running.standard_output == "60000 rows of transfers in " + file + "\n");
    CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::others_read) ==
          std::filesystem::perms::none);
    const auto size = std::filesystem::file_size(file);
    const auto again = run({file});
    CHECK(again.status == 1);
    CHECK(again.standard_error.contains("exists"));
    CHECK(std::filesystem::file_size(file) == size);
    CHECK(run({"-", "--from", "2023-02-30"}).status == 2);
    CHECK(run({"-", "--from", "yesterday"}).status == 2);
    CHECK(run_daemon(r.d.terms(), {"--from", "2023-02-01"}).status == 2);
    const auto full = run({"/dev/full"});
    CHECK(full.status == 1);
}

}  // namespace history_test
