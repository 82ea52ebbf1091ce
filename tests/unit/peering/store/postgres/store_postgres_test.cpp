#include "peering/store/postgres/store_postgres.hpp"

#include "peering/audit.hpp"
#include "peering/open_store.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace store_postgres_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;
using support::postgres_server;
using support::tcp_proxy;
using support::towards;

// Cases specific to this store. store_test.cpp has what every store must do.

namespace {

std::string refusal_of(const std::string& url) {
    const auto opened = open_store(url);
    return opened ? "opened" : opened.error().message;
}

std::string with_password(std::string url, const std::string& encoded = "p%40ss%20word%2F1") {
    return url.insert(url.find('@'), ":" + encoded);
}

std::string through(const tcp_proxy& proxy) {
    return "postgresql://ilpd@127.0.0.1:" + std::to_string(proxy.port()) + "/ilpd";
}

/// The number of transfer rows that do not name their predecessor, and of accounts that do not name their last
/// transfer, on either side.
const std::string broken_links = R"sql(
    SELECT (SELECT count(*) FROM (
                SELECT previous_of_debit, lag(id, 1, 0::bigint) OVER (PARTITION BY debit_account ORDER BY id) AS debit,
                       previous_of_credit, lag(id, 1, 0::bigint) OVER (PARTITION BY credit_account ORDER BY id) AS credit
                FROM transfers) AS links
            WHERE previous_of_debit <> debit OR previous_of_credit <> credit) +
           (SELECT count(*) FROM accounts a
            WHERE last_debit_transfer <> (SELECT coalesce(max(id), 0) FROM transfers WHERE debit_account = a.id)
               OR last_credit_transfer <> (SELECT coalesce(max(id), 0) FROM transfers WHERE credit_account = a.id)))sql";

/// Commits of one posting each, identified by its number of packets.
class commits {
public:
    explicit commits(store& store) : traffic_{store} {}

    /// The same changes until done() is called.
    changes next() {
        traffic_.postings = {{traffic_.bob(), traffic_.carol(), 1, count_ + 1}};
        if (count_ % 2 == 1) std::swap(traffic_.postings[0].debit, traffic_.postings[0].credit);
        traffic_.books.ledger.changes_of(traffic_.postings, traffic_.accounts);
        return traffic_.commit();
    }
    void done() {
        const leg held{traffic_.postings[0].debit, traffic_.postings[0].credit, {1}};
        REQUIRE(ledger::hold({&held, 1}));
        traffic_.books.ledger.apply(traffic_.postings);
        ++count_;
    }
    std::uint64_t count() const { return count_; }

    /// Requires that every completed commit is in the database exactly once, and nothing else.
    void check(const postgres_server& server) const { check(server, server.url()); }
    void check(const postgres_server& server, const std::string& url) const {
        const auto rows = server.rows(
            "SELECT count(*), count(DISTINCT packets), coalesce(max(packets), 0) FROM transfers WHERE packets > 0");
        const std::string expected = std::to_string(count_);
        CHECK(rows.at(0) == std::vector<std::string>{expected, expected, expected});
        const auto report = audit(url);
        REQUIRE(report.has_value());
        CHECK(report->faults.empty());
        CHECK(server.value(broken_links) == "0");
    }

private:
    traffic traffic_;
    std::uint64_t count_ = 0;
};

/// Repeats the same changes until they succeed, as the committer does.
void insist(store& store, commits& commits) {
    const changes changes = commits.next();
    for (int tries_left = 200;; --tries_left) {
        const auto written = store.commit(changes);
        if (written) return commits.done();
        INFO(written.error().message);
        REQUIRE_FALSE(written.error().final);
        REQUIRE(tries_left > 0);
        std::this_thread::sleep_for(5ms);
    }
}

void reach(store& store) {
    for (int tries_left = 200; !store.ping(); --tries_left) {
        REQUIRE(tries_left > 0);
        std::this_thread::sleep_for(5ms);
    }
}

/// As if the daemon that has the database had given no sign of life for the time of its lease.
void end_lease(const postgres_server& server) {
    server.execute("UPDATE daemons SET lease_until = 0");
}

void wait_until_no_session_is_left(const postgres_server& server) {
    server.wait_for("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ilpd'", "0");
}

/// A primary whose commits wait for a standby, both with the same book, and their URL.
struct replicated_server {
    replicated_server() { wait_until_attached(); }

    void wait_until_attached() const {
        primary.wait_for("SELECT coalesce(max(sync_state), '') FROM pg_stat_replication", "sync");
    }
    std::string url() const {
        return "postgresql://ilpd@/ilpd?host=" + primary.socket_directory().string() + "," +
               standby.socket_directory().string() + "&port=" + std::to_string(primary.port()) + "," +
               std::to_string(standby.port());
    }
    /// Ends the wait for the standby, in which the server has already committed, with one of the server's functions.
    /// Returns false if no session waits.
    bool end_wait(const std::string& function) const {
        return !primary.rows("SELECT " + function + "(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").empty();
    }

    postgres_server primary{{.settings = {{"synchronous_standby_names", postgres_server::standby_name}}}};
    postgres_server standby{{.standby_of = &primary}};
};

/// Cuts the connection after every possible number of octets that one commit sends in that direction. Returns how many
/// commits had been written when the answer was lost, and how many had not.
std::pair<int, int> cut_everywhere(towards way) {
    const postgres_server server{{.tcp = true}};
    tcp_proxy proxy{server.port()};
    const auto store = open_or_throw(through(proxy));
    commits commits{*store};
    int written = 0;
    int not_written = 0;
    for (std::size_t octets = 0;; ++octets) {
        CAPTURE(octets);
        reach(*store);
        const std::string before = server.value("SELECT last_commit FROM daemons");
        proxy.cut_after(way, octets);
        const auto first = store->commit(commits.next());
        if (first) {
            // The whole answer had arrived, or only bytes that are not needed were missing.
            commits.done();
            if (!proxy.was_cut()) break;
            continue;
        }
        REQUIRE(proxy.was_cut());
        REQUIRE_FALSE(first.error().final);
        wait_until_no_session_is_left(server);
        (server.value("SELECT last_commit FROM daemons") == before ? not_written : written) += 1;
        insist(*store, commits);
        REQUIRE(server.value("SELECT count(*) FROM transfers WHERE packets > 0") == std::to_string(commits.count()));
    }
    commits.check(server);
    // The ids have no gaps either: transfers that were not written have returned theirs.
    CHECK(server.value("SELECT max(id) - count(*) FROM transfers") == "0");
    return {written, not_written};
}

}  // namespace

TEST_CASE("postgresql: a connection cut at any byte of a commit loses nothing and writes nothing twice") {
    const auto [written, not_written] = cut_everywhere(towards::server);
    CHECK(not_written > 100);
    // The last octets of a commit are the Sync that makes it a single round trip. COMMIT was sent before.
    CHECK(written > 0);
}

TEST_CASE("postgresql: a connection cut at any byte of the response loses nothing and writes nothing twice") {
    const auto [written, not_written] = cut_everywhere(towards::client);
    CHECK(written > 50);
    CHECK(not_written == 0);
}

TEST_CASE("postgresql: a lost response is resolved although reconnecting fails at every stage") {
    const postgres_server server{{.tcp = true}};
    tcp_proxy proxy{server.port()};
    const auto store = open_or_throw(through(proxy));
    commits commits{*store};
    const towards way = GENERATE(towards::server, towards::client);
    reach(*store);
    proxy.cut_after(towards::client, 0);
    const changes changes = commits.next();
    REQUIRE_FALSE(store->commit(changes).has_value());
    REQUIRE(proxy.was_cut());
    bool done = false;
    for (std::size_t octets = 0; !done; octets += 23) {
        CAPTURE(octets);
        proxy.cut_after(way, octets);
        done = store->commit(changes).has_value();
        if (!done) REQUIRE(proxy.was_cut());
    }
    commits.done();
    insist(*store, commits);
    commits.check(server);
}

TEST_CASE("postgresql: whatever happens to the server, the store recovers by itself") {
    postgres_server server;
    const auto store = open_or_throw(server.url());
    commits commits{*store};
    insist(*store, commits);
    SECTION("kill -9") {
        server.kill9();
        CHECK_FALSE(store->commit(commits.next()).has_value());
        CHECK_FALSE(store->ping().has_value());
        server.start();
    }
    SECTION("stopped in an orderly way") {
        server.stop();
        const auto refused = store->commit(commits.next());
        REQUIRE_FALSE(refused.has_value());
        CHECK_FALSE(refused.error().final);
        CHECK_THAT(store->ping().error().message, Catch::Contains("postgresql://ilpd@") && !Catch::Contains("\n"));
        server.start();
    }
    SECTION("only the session ended") {
        server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'ilpd'");
        CHECK_THAT(store->commit(commits.next()).error().message, Catch::Contains("terminating connection"));
    }
    insist(*store, commits);
    CHECK(store->ping().has_value());
    commits.check(server);
}

TEST_CASE("postgresql: a suspended server is given up, and used again when it resumes") {
    postgres_server server;
    const auto store = open_or_throw(server.url());
    commits commits{*store};
    server.pause();
    const auto begin = std::chrono::steady_clock::now();
    const auto refused = store->commit(commits.next());
    const auto refused_again = store->commit(commits.next());
    CHECK(std::chrono::steady_clock::now() - begin < 20s);
    server.resume();
    REQUIRE_FALSE(refused.has_value());
    CHECK_FALSE(refused.error().final);
    CHECK_THAT(refused.error().message, Catch::Contains("has not responded for"));
    CHECK_THAT(refused_again.error().message, Catch::Contains("did not respond within"));
    insist(*store, commits);
    commits.check(server);
}

TEST_CASE("postgresql: a session that the server still holds after its cable was cut is shut out by the next one") {
    const postgres_server server{{.tcp = true}};
    tcp_proxy proxy{server.port()};
    const auto store = open_or_throw(through(proxy));
    commits commits{*store};
    const std::uint64_t epoch = store->tenure().value().epoch;
    proxy.freeze();
    REQUIRE_FALSE(store->commit(commits.next()).has_value());
    CHECK(store->commit(commits.next()).has_value());
    commits.done();
    CHECK(store->tenure().value().epoch == epoch + 1);
    CHECK(server.value("SELECT epoch FROM daemons") == std::to_string(epoch + 1));
    commits.check(server);
}

TEST_CASE(
    "postgresql: a commit that no standby has confirmed is not reported, and not lost when the standby takes over") {
    replicated_server servers;
    const auto store = open_or_throw(servers.url());
    commits commits{*store};
    insist(*store, commits);
    servers.standby.kill9();
    const changes changes = commits.next();
    const auto refused = store->commit(changes);
    REQUIRE_FALSE(refused.has_value());
    CHECK_THAT(refused.error().message, Catch::Contains("has not responded for"));
    // The server keeps the transaction open as long as it waits for the standby.
    for (const auto& tried : {store->commit(changes), store->ping()}) {
        REQUIRE_FALSE(tried.has_value());
        CHECK_FALSE(tried.error().final);
        CHECK_THAT(tried.error().message,
                   Catch::Contains("confirms no commit") && Catch::Contains("synchronous standby"));
    }
    SECTION("the standby comes back") {
        servers.standby.start();
        insist(*store, commits);
        insist(*store, commits);
        commits.check(servers.primary);
        servers.primary.wait_for("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()",
                                 "1");
        commits.check(servers.standby);
    }
    SECTION("the server ends the session, so that the row can be read, and the standby comes back") {
        REQUIRE(servers.end_wait("pg_terminate_backend"));
        servers.primary.wait_for("SELECT count(*) FROM transfers WHERE packets > 0", "2");
        const auto tried = store->commit(changes);
        REQUIRE_FALSE(tried.has_value());
        CHECK_THAT(tried.error().message, Catch::Contains("confirms no commit"));
        servers.standby.start();
        insist(*store, commits);
        commits.check(servers.primary);
    }
    SECTION("the primary dies as well, and the standby takes over") {
        servers.primary.kill9();
        servers.standby.start();
        servers.standby.wait_for("SELECT count(*) FROM transfers WHERE packets > 0", "1");
        servers.standby.promote();
        insist(*store, commits);
        insist(*store, commits);
        commits.check(servers.standby);
    }
}

TEST_CASE("postgresql: a commit whose wait for the standby was cancelled is not reported") {
    replicated_server servers;
    const auto store = open_or_throw(servers.url());
    commits commits{*store};
    const std::string function = GENERATE("pg_cancel_backend", "pg_terminate_backend");
    CAPTURE(function);
    servers.standby.kill9();
    const changes changes = commits.next();
    std::expected<void, store_error> written;
    {
        const std::jthread writer{[&] { written = store->commit(changes); }};
        const auto deadline = std::chrono::steady_clock::now() + 4s;
        while (!servers.end_wait(function)) REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    REQUIRE_FALSE(written.has_value());
    CHECK_FALSE(written.error().final);
    servers.standby.start();
    insist(*store, commits);
    commits.check(servers.primary);
}

TEST_CASE("postgresql: what an earlier run has left unconfirmed is confirmed before a store opens") {
    replicated_server servers;
    const store_tenant who{.instance = "the same daemon"};
    REQUIRE(open_store(servers.url(), who).has_value());
    wait_until_no_session_is_left(servers.primary);
    servers.standby.kill9();
    // The second attempt finds the row locked by the first, whose registration waits for the standby.
    for (int i = 0; i < 2; ++i) {
        const auto refused = open_store(servers.url(), who);
        REQUIRE_FALSE(refused.has_value());
        CHECK_FALSE(refused.error().final);
        CHECK_THAT(refused.error().message,
                   Catch::Contains("confirms no commit") && Catch::Contains("synchronous standby"));
    }
    servers.standby.start();
    wait_until_no_session_is_left(servers.primary);
    CHECK(open_store(servers.url(), who).has_value());
}

TEST_CASE("postgresql: while a commit is in doubt, nothing that fails is final") {
    const postgres_server server{{.tcp = true}};
    tcp_proxy proxy{server.port()};
    const auto store = open_or_throw(through(proxy));
    commits commits{*store};
    proxy.cut_after(towards::client, 0);  // it is written, and the answer is lost
    const changes changes = commits.next();
    REQUIRE_FALSE(store->commit(changes).has_value());
    wait_until_no_session_is_left(server);
    SECTION("although the tables are out of reach for a while") {
        server.execute("ALTER TABLE daemons RENAME TO elsewhere");
        const auto refused = store->commit(changes);
        REQUIRE_FALSE(refused.has_value());
        CHECK_THAT(refused.error().message, Catch::Contains("42P01"));
        CHECK_FALSE(refused.error().final);
        server.execute("ALTER TABLE elsewhere RENAME TO daemons");
        insist(*store, commits);
        commits.check(server);
    }
    SECTION("although another daemon has written after it") {
        end_lease(server);
        {
            const auto other = open_or_throw(server.url());
            traffic traffic{*other};
            REQUIRE(other->commit(traffic.commit()).has_value());
        }
        wait_until_no_session_is_left(server);
        const auto refused = store->commit(changes);
        REQUIRE_FALSE(refused.has_value());
        CHECK_THAT(refused.error().message, Catch::Contains("another ilpd has taken over this database"));
        CHECK_FALSE(refused.error().final);
        CHECK(refused.error().taken_over);
        CHECK(server.value("SELECT count(*) FROM transfers WHERE packets = 1") == "1");
    }
}

TEST_CASE("postgresql: the server's own reason for ending a session is reported, even in the middle of a commit") {
    const postgres_server server;
    const auto store = open_or_throw(server.url());
    commits commits{*store};
    server.execute(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END "
        "$$;"
        "CREATE TRIGGER linger BEFORE UPDATE ON accounts EXECUTE FUNCTION linger()");
    std::expected<void, store_error> written;
    {
        const std::jthread writer{[&] { written = store->commit(commits.next()); }};
        server.wait_for("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", "1");
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ilpd'");
    }
    REQUIRE_FALSE(written.has_value());
    CHECK_THAT(written.error().message,
               Catch::Contains("terminating connection due to administrator command") && Catch::Contains("57P01"));
    server.execute("DROP TRIGGER linger ON accounts");
    insist(*store, commits);
    commits.check(server);
}

TEST_CASE("postgresql: of several hosts, one that does not respond is skipped") {
    const postgres_server server{{.tcp = true}};
    const auto silent = support::listen_on(0);
    const std::string dumb = "127.0.0.1:" + std::to_string(local_port(silent));
    const std::string dead = "127.0.0.1:" + std::to_string(support::free_port());
    const std::string live = "127.0.0.1:" + std::to_string(server.port());
    const auto store = open_or_throw("postgresql://ilpd@" + dead + "," + dumb + "," + live + "/ilpd");
    CHECK(store->ping().has_value());
    const std::string refused = refusal_of("postgresql://ilpd@" + dumb + "," + dead + "/ilpd?connect_timeout=1");
    CHECK_THAT(refused, Catch::Contains("did not respond within 1000 ms") && Catch::Contains("Connection refused"));
}

TEST_CASE("postgresql: a second daemon is refused while the first one is there") {
    const postgres_server server;
    auto store = open_or_throw(server.url());
    const auto refused = open_store(server.url());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);
    CHECK(refused.error().in_use);
    CHECK_THAT(refused.error().message, Catch::Contains("in use by another ilpd") &&
                                            Catch::Contains("stop that process, give this one") &&
                                            Catch::Contains("store.standby: true"));
    SECTION("not so in a schema of its own") {
        server.execute("CREATE SCHEMA other AUTHORIZATION ilpd");
        const auto other = open_or_throw(server.url() + "&options=-csearch_path%3Dother");
        commits commits{*other};
        insist(*other, commits);
        CHECK(server.value("SELECT count(*) FROM other.peers") == "2");
        CHECK(server.value("SELECT count(*) FROM public.peers") == "0");
    }
    // A store that is closed leaves its place at once.
    for (int i = 0; i < 50; ++i) {
        store.reset();
        store = open_or_throw(server.url());
    }
}

TEST_CASE("postgresql: daemons that start at once on an empty database do not disturb each other") {
    const postgres_server server;
    std::array<std::string, 6> outcomes;
    {
        std::vector<std::jthread> threads;
        for (std::string& outcome : outcomes) {
            threads.emplace_back([&] {
                for (outcome = refusal_of(server.url()); outcome.contains("in use by");
                     outcome = refusal_of(server.url())) {
                }
            });
        }
    }
    for (const std::string& outcome : outcomes) CHECK(outcome == "opened");
    CHECK(server.value("SELECT count(*) FROM daemons") == "1");
    CHECK(server.value("SELECT version FROM ilpd_schema_version") == "11");
}

TEST_CASE("postgresql: a daemon writes nothing more once another one has written") {
    const postgres_server server{{.tcp = true}};
    tcp_proxy proxy{server.port()};
    const auto store = open_or_throw(through(proxy));
    commits commits{*store};
    insist(*store, commits);
    std::string expected = "another ilpd has taken over this database and has written to it in the meantime";

    SECTION("while a commit was in doubt, and by one commit, so that the numbers agree") {
        proxy.cut_after(towards::server, 200);
        REQUIRE_FALSE(store->commit(commits.next()).has_value());
        REQUIRE(proxy.was_cut());
        wait_until_no_session_is_left(server);
        end_lease(server);
        const auto other = open_or_throw(server.url());
        traffic traffic{*other};
        REQUIRE(other->commit(traffic.commit()).has_value());
        CHECK(server.value("SELECT last_commit FROM daemons") == "3");
    }
    SECTION("while it had no connection") {
        server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'ilpd'");
        end_lease(server);
        const auto other = open_or_throw(server.url());
        REQUIRE(other->commit({}).has_value());
    }
    SECTION("by a new database in the place of the old one") {
        server.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION ilpd");
        server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'ilpd'");
        CHECK_FALSE(store->ping().has_value());
        CHECK_THAT(store->commit(commits.next()).error().message, Catch::Contains("has lost ilpd's tables"));
        CHECK(server.value("SELECT count(*) FROM pg_class WHERE relname = 'transfers'") == "0");
        return;
    }
    SECTION("by a backup of the database") {
        server.execute("UPDATE daemons SET last_commit = 0");
        server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'ilpd'");
        CHECK_FALSE(store->ping().has_value());
        expected = "restored to an earlier state while ilpd was running: restart";
    }
    SECTION("while it had a connection") {
        end_lease(server);
        const auto other = open_or_throw(server.url());
        REQUIRE(other->commit({}).has_value());
    }
    SECTION("without registering") {
        server.execute("UPDATE daemons SET last_commit = last_commit + 1");
    }
    const std::string before = server.value("SELECT count(*) FROM transfers");
    for (int i = 0; i < 3; ++i) {
        auto refused = store->commit(commits.next());
        // The connection may have ended without being noticed until now.
        for (int tries_left = 200; !refused && !refused.error().final && tries_left > 0; --tries_left)
            refused = store->commit(commits.next());
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().final);
        CHECK_THAT(refused.error().message, Catch::Contains(expected));
    }
    CHECK_FALSE(store->ping().has_value());
    CHECK(server.value("SELECT count(*) FROM transfers") == before);
    end_lease(server);
    CHECK(refusal_of(server.url()) == "opened");
}

TEST_CASE("postgresql: another daemon that only read changes nothing for the first") {
    const postgres_server server;
    const auto store = open_or_throw(server.url());
    commits commits{*store};
    end_lease(server);
    {
        const auto other = open_or_throw(server.url());
        for (int tries_left = 200;; --tries_left) {
            const auto refused = store->ping();
            REQUIRE_FALSE(refused.has_value());
            CHECK_FALSE(refused.error().final);
            if (refused.error().in_use) break;
            REQUIRE(tries_left > 0);
        }
    }
    insist(*store, commits);
    server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'ilpd'");
    end_lease(server);
    CHECK(open_or_throw(server.url())->load().value().peers.size() == 2);
    insist(*store, commits);
    commits.check(server);
}

TEST_CASE("postgresql: a read-only server is waited for") {
    const postgres_server server;
    const auto store = open_or_throw(server.url());
    commits commits{*store};
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on");
    server.execute("SELECT pg_reload_conf()");
    server.wait_for("SHOW default_transaction_read_only", "on");
    for (auto refused = store->commit(commits.next());; refused = store->commit(commits.next())) {
        // The server's processes read the changed configuration at different times.
        if (refused) {
            commits.done();
            continue;
        }
        CHECK_FALSE(refused.error().final);
        CHECK_THAT(refused.error().message, Catch::Contains("read-only transaction"));
        break;
    }
    CHECK_THAT(store->ping().error().message, Catch::Contains("read-only"));
    server.execute("ALTER SYSTEM RESET default_transaction_read_only");
    server.execute("SELECT pg_reload_conf()");
    insist(*store, commits);
    commits.check(server);
}

TEST_CASE("postgresql: only what the database itself refuses is final") {
    const postgres_server server;
    const auto store = open_or_throw(server.url());
    commits commits{*store};
    server.execute(
        "CREATE TABLE refusal AS SELECT '00000' AS sqlstate; GRANT SELECT ON refusal TO ilpd;"
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'no' USING ERRCODE = (SELECT sqlstate FROM refusal); END $$");
    const std::string epoch = server.value("SELECT epoch FROM daemons");
    const std::vector<std::pair<std::string, bool>> refusals{
        {"53100", false},  // disk full
        {"53200", false},  // out of memory
        {"55P03", false},  // lock not available
        {"40001", false},  // serialization failure
        {"40P01", false},  // deadlock
        {"57014", false},  // cancelled
        {"58030", false},  // I/O error
        {"XX001", false},  // data corrupted
        {"42501", false},  // privilege revoked
        {"23514", true},   // check violation
        {"22003", true},   // number out of range
        {"42P01", true},   // no such table
    };
    for (const auto& [sqlstate, is_final] : refusals) {
        CAPTURE(sqlstate);
        server.execute("UPDATE refusal SET sqlstate = '" + sqlstate +
                       "';"
                       "CREATE TRIGGER refuse BEFORE UPDATE ON accounts EXECUTE FUNCTION refuse()");
        const auto refused = store->commit(commits.next());
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().final == is_final);
        CHECK_THAT(refused.error().message, Catch::Contains("cannot write: no (SQLSTATE " + sqlstate + ")"));
        CHECK(server.value("SELECT epoch FROM daemons") == epoch);  // the session goes on
        server.execute("DROP TRIGGER refuse ON accounts");
        CHECK(store->commit(commits.next()).has_value());
        commits.done();
    }
    commits.check(server);
}

TEST_CASE("postgresql: a change of a missing row is refused finally, with the whole commit") {
    const postgres_server server;
    const auto store = open_or_throw(server.url());
    traffic traffic{*store};
    SECTION("an account") {
        traffic.accounts[1].id = account_id{77};
        const auto refused = store->commit(traffic.commit());
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().final);
        CHECK_THAT(refused.error().message, Catch::Contains("an account is not in the database"));
    }
    SECTION("an event") {
        const event_attempt attempt{"nothing", true, {}};
        changes changes = traffic.commit();
        changes.event_attempts = {&attempt, 1};
        const auto refused = store->commit(changes);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().final);
        CHECK_THAT(refused.error().message, Catch::Contains("an event is not in the database"));
    }
    CHECK(server.value("SELECT count(*) FROM transfers WHERE packets > 0") == "0");
    CHECK(audit(server.url()).value().faults.empty());
}

TEST_CASE("postgresql: texts are stored unchanged, and two peers may exchange their names") {
    const postgres_server server;
    const auto store = open_or_throw(server.url());
    traffic traffic{*store};
    const std::vector<peer_record> peers = store->load().value().peers;
    const std::string awkward = R"(NULL "{},\ é ')";
    const std::array exchanged{peer_change{peers[0].id, {.name = "carol", .ilp_address = awkward}},
                               peer_change{peers[1].id, {.name = "bob"}}};
    changes changes;
    changes.changed_peers = exchanged;
    REQUIRE(store->commit(changes).has_value());
    const std::vector<peer_record> found = store->load().value().peers;
    CHECK(found[0].terms.name == "carol");
    CHECK(found[0].terms.ilp_address == awkward);
    CHECK(found[1].terms.name == "bob");
    CHECK(found[1].terms.ilp_address.empty());

    const event_record event{"one", "type", std::string{"a\0b", 3}};
    peering::changes cut_short;
    cut_short.new_events = {&event, 1};
    CHECK(store->commit(cut_short).error().final);
    CHECK(store->commit(traffic.commit()).has_value());
}

TEST_CASE("postgresql: one event may be tried twice in one commit") {
    const postgres_server server;
    const auto store = open_or_throw(server.url());
    const event_record event{"one", "type", "{}"};
    const std::array attempts{event_attempt{"one", false, ilp::timestamp{5ms}},
                              event_attempt{"one", false, ilp::timestamp{7ms}}};
    changes changes;
    changes.new_events = {&event, 1};
    changes.event_attempts = attempts;
    REQUIRE(store->commit(changes).has_value());
    const auto pending = store->load_pending_events(event_line::node, 10).value();
    REQUIRE(pending.size() == 1);
    CHECK(pending[0].attempts == 2);
    CHECK(pending[0].due == ilp::timestamp{7ms});
}

TEST_CASE("postgresql: a commit waits for the disk, even if the server's default does not") {
    const postgres_server server{{.settings = {{"synchronous_commit", "off"}}}};
    const auto store = open_or_throw(server.url());
    server.execute(
        "CREATE TABLE seen AS SELECT current_setting('synchronous_commit') AS value; GRANT ALL ON seen TO ilpd;"
        "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "UPDATE seen SET value = current_setting('synchronous_commit'); RETURN NULL; END $$;"
        "CREATE TRIGGER look AFTER UPDATE ON daemons EXECUTE FUNCTION look()");
    REQUIRE(server.value("SELECT value FROM seen") == "off");
    REQUIRE(store->commit({}).has_value());
    CHECK(server.value("SELECT value FROM seen") == "on");
}

TEST_CASE("postgresql: a database of another application is refused and left unchanged") {
    const postgres_server server;
    SECTION("a table of the same name") {
        server.execute("CREATE TABLE transfers (what text)");
        CHECK_THAT(refusal_of(server.url()), Catch::Contains("another application's table 'transfers'"));
        CHECK(server.value("SELECT count(*) FROM pg_class WHERE relname = 'accounts'") == "0");
    }
    SECTION("another table beside ours is ignored") {
        server.execute("CREATE TABLE cakes (name text)");
        CHECK(refusal_of(server.url()) == "opened");
    }
    SECTION("a newer ilpd's") {
        open_or_throw(server.url());
        server.execute("UPDATE ilpd_schema_version SET version = 99");
        CHECK_THAT(refusal_of(server.url()), Catch::Contains("newer ilpd") && Catch::Contains("99"));
        CHECK_THAT(audit(server.url()).error().message, Catch::Contains("schema version 99"));
    }
    SECTION("no right to make tables") {
        server.execute(
            "ALTER SCHEMA public OWNER TO postgres; REVOKE CREATE ON SCHEMA public FROM PUBLIC, ilpd;"
            "ALTER DATABASE ilpd OWNER TO postgres");
        CHECK_THAT(refusal_of(server.url()), Catch::Contains("permission denied for schema public"));
    }
    SECTION("empty, for a reader") {
        CHECK_THAT(audit(server.url()).error().message, Catch::Contains("no ilpd tables"));
        CHECK(server.value("SELECT count(*) FROM pg_class WHERE relname = 'accounts'") == "0");
    }
}

TEST_CASE("postgresql: a damaged book is found at load") {
    const postgres_server server;
    traffic traffic{*open_or_throw(server.url())};
    const std::string damage = GENERATE("UPDATE accounts SET credits_posted = 'NaN' WHERE id = 1",
                                        "UPDATE accounts SET debits_posted = 340282366920938463463374607431768211456",
                                        "DELETE FROM accounts WHERE kind = 'settlement'",
                                        "INSERT INTO accounts (id, asset_id, kind) VALUES (99, 1, 'peer_liquidity')");
    CAPTURE(damage);
    wait_until_no_session_is_left(server);
    server.execute(damage);
    const auto loaded = open_or_throw(server.url())->load();
    REQUIRE_FALSE(loaded.has_value());
    CHECK_THAT(loaded.error().message, Catch::Contains("account") && Catch::Contains("restore"));
}

TEST_CASE("postgresql: waiting does not help against a damaged id") {
    const postgres_server server;
    open_or_throw(server.url());
    wait_until_no_session_is_left(server);
    server.execute(
        "SET session_replication_role = replica;"
        "INSERT INTO accounts (id, asset_id, kind) VALUES (3000000000, 1, 'peer_liquidity')");
    const auto opened = open_store(server.url());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().final);
    CHECK_THAT(opened.error().message, Catch::Contains("3000000000") && Catch::Contains("restore a backup"));
}

TEST_CASE("postgresql: a long history is read beside a running daemon") {
    const postgres_server server;
    const auto store = open_or_throw(server.url());
    commits commits{*store};
    insist(*store, commits);
    server.execute(
        "INSERT INTO transfers (id, debit_account, credit_account, amount, packets, created_at) "
        "SELECT -n, debit_account, credit_account, 0, 0, n FROM transfers, generate_series(1, 25000) n "
        "WHERE packets > 0");
    const audit_report report = audit(server.url()).value();
    CHECK(report.transfers == 25'003);
    CHECK(report.faults.empty());
    insist(*store, commits);
}

TEST_CASE("postgresql: a password works as in libpq, and is shown nowhere") {
    const postgres_server server{{.tcp = true, .password = true}};
    const std::string password = postgres_server::password;
    SECTION("in the URL") {
        CHECK(refusal_of(with_password(server.tcp_url())) == "opened");
    }
    SECTION("as a parameter") {
        CHECK(refusal_of(server.tcp_url() + "?password=p%40ss%20word%2F1") == "opened");
    }
    SECTION("in a password file") {
        const support::temporary_directory directory;
        const std::filesystem::path file = directory.path() / "pgpass";
        std::ofstream{file} << "127.0.0.1:*:ilpd:ilpd:" << password << '\n';
        std::filesystem::permissions(file, std::filesystem::perms::owner_read);
        CHECK(refusal_of(server.tcp_url() + "?passfile=" + file.string()) == "opened");
    }
    SECTION("a wrong one") {
        const std::string message = refusal_of(with_password(server.tcp_url(), "hunter2"));
        CHECK_THAT(message, Catch::Contains("password authentication failed") && !Catch::Contains("hunter2"));
    }
    SECTION("none") {
        CHECK_THAT(refusal_of(server.tcp_url()), Catch::Contains("password"));
    }
}

TEST_CASE("postgresql: no message and no log shows a password, however the URL is written") {
    const std::string url = GENERATE(
        "postgresql://ilpd:hunter2@127.0.0.1:1/ilpd", "postgres://ilpd:hunter2@127.0.0.1:1/ilpd",
        "postgresql://ilpd:%68unter2@127.0.0.1:1/ilpd", "postgresql://ilpd@127.0.0.1:1/ilpd?password=hunter2",
        "postgresql://127.0.0.1:1/ilpd?user=ilpd&%70assword=hunter2&sslpassword=hunter2",
        "postgresql://ilpd:x/hunter2@127.0.0.1:1/ilpd", "postgresql://ilpd:x@hunter2@127.0.0.1:1/ilpd",
        "postgresql://ilpd:1/hunter2@127.0.0.1:1/ilpd", "postgresql://ilpd:hunter2/x@127.0.0.1:1/ilpd",
        "postgresql://ilpd:x?hunter2@127.0.0.1:1/ilpd", "postgresql://ilpd:%zzhunter2@127.0.0.1:1/ilpd",
        "postgresql://ilpd:[hunter2@127.0.0.1:1/ilpd", "postgresql://ilpd:x?sslmode=hunter2@127.0.0.1:1/ilpd",
        "postgresql://ilpd@127.0.0.1:1/ilpd?pasword=hunter2", "postgresql://ilpd@127.0.0.1:1/ilpd?password=a&hunter2",
        "postgresql://ilpd:hunter2@[::1/ilpd", "postgresql://ilpd:hunter2");
    CAPTURE(url);
    CHECK_THAT(printable_store_url(url), Catch::StartsWith("postgresql://") && !Catch::Contains("unter2"));
    CHECK_THAT(refusal_of(url), !Catch::Contains("unter2") && !Catch::Contains("opened"));
    const auto report = audit(url);
    REQUIRE_FALSE(report.has_value());
    CHECK_THAT(report.error().message, !Catch::Contains("unter2"));
}

TEST_CASE("postgresql: the printable URL identifies the database") {
    CHECK(printable_store_url("postgres://ilpd:x@db.example:5433/book?sslmode=require") ==
          "postgresql://ilpd@db.example:5433/book");
    CHECK(printable_store_url("postgresql://a,b:5433/book?user=u%40v") == "postgresql://u%40v@a,b:,5433/book");
    CHECK(printable_store_url("postgresql:///book?host=/run/postgresql") == "postgresql:///book?host=/run/postgresql");
    CHECK(printable_store_url("postgresql://ilpd@[::1]/book") == "postgresql://ilpd@[::1]/book");
}

TEST_CASE("postgresql: TLS is used as the URL requires") {
    const postgres_server server{{.tcp = true, .password = true, .tls = true}};
    const std::string url = with_password(server.tcp_url());
    SECTION("required") {
        const auto store = open_or_throw(url + "?sslmode=require");
        commits commits{*store};
        insist(*store, commits);
        CHECK(server.value("SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'ilpd'") ==
              "t");
        server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'ilpd'");
        insist(*store, commits);
        commits.check(server, url);
    }
    SECTION("with the server's certificate checked") {
        CHECK(refusal_of(url + "?sslmode=verify-full&sslrootcert=" + server.certificate().string()) == "opened");
    }
    SECTION("with a certificate that is not the server's") {
        const postgres_server other{{.tls = true}};
        CHECK_THAT(refusal_of(url + "?sslmode=verify-full&sslrootcert=" + other.certificate().string()),
                   Catch::Contains("certificate verify failed"));
    }
    SECTION("not at all, where the server insists") {
        CHECK_THAT(refusal_of(url + "?sslmode=disable"), Catch::Contains("no encryption"));
    }
}

TEST_CASE("postgresql: tables of the first schema keep their data, and each account's history is listed") {
    const postgres_server server;
    server.execute(R"sql(
        SET ROLE ilpd;
        CREATE TABLE ilpd_schema_version (version integer NOT NULL);
        INSERT INTO ilpd_schema_version VALUES (1);
        CREATE TABLE assets (id bigint PRIMARY KEY, uuid text NOT NULL UNIQUE, code text NOT NULL,
            scale smallint NOT NULL, created_at bigint NOT NULL, UNIQUE (code, scale));
        CREATE TABLE accounts (id bigint PRIMARY KEY, asset_id bigint NOT NULL REFERENCES assets (id),
            kind text NOT NULL, debits_posted numeric(39, 0) NOT NULL DEFAULT 0,
            credits_posted numeric(39, 0) NOT NULL DEFAULT 0) WITH (fillfactor = 50);
        CREATE TABLE peers (id bigint PRIMARY KEY, uuid text NOT NULL UNIQUE,
            name text NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED, ilp_address text NOT NULL,
            asset_id bigint NOT NULL REFERENCES assets (id),
            account_id bigint NOT NULL UNIQUE REFERENCES accounts (id), created_at bigint NOT NULL);
        CREATE TABLE transfers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, uuid text, kind text,
            state text NOT NULL DEFAULT 'posted', debit_account bigint NOT NULL, credit_account bigint NOT NULL,
            amount numeric(39, 0) NOT NULL, packets bigint NOT NULL DEFAULT 0, created_at bigint NOT NULL,
            expires_at bigint);
        CREATE UNIQUE INDEX transfers_by_uuid ON transfers (uuid) WHERE uuid IS NOT NULL;
        CREATE INDEX transfers_pending ON transfers (id) WHERE state = 'pending';
        CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, uuid text NOT NULL UNIQUE,
            type text NOT NULL, data text NOT NULL, created_at bigint NOT NULL, attempts bigint NOT NULL DEFAULT 0,
            due bigint, delivered_at bigint);
        CREATE TABLE ledger_state (last_commit bigint NOT NULL, writer text NOT NULL);
        INSERT INTO ledger_state VALUES (0, '');
        INSERT INTO assets VALUES (1, 'usd', 'USD', 9, 1700000000001);
        INSERT INTO accounts VALUES (1, 1, 'asset_liquidity', 0, 0), (2, 1, 'settlement', 9, 0),
            (3, 1, 'peer_liquidity', 7, 9), (4, 1, 'peer_liquidity', 0, 7);
        INSERT INTO peers VALUES (1, 'b', 'bob', 'test.bob', 1, 3, 1700000000002),
            (2, 'c', 'carol', 'test.carol', 1, 4, 3);
        INSERT INTO transfers (id, uuid, kind, state, debit_account, credit_account, amount, packets, created_at)
            OVERRIDING SYSTEM VALUE VALUES (1, 'deposit', 'deposit', 'posted', 2, 3, 9, 0, 1),
            (3, NULL, NULL, 'posted', 3, 4, 4, 2, 1), (4, 'pending', 'withdrawal', 'pending', 3, 2, 1, 0, 1),
            (9, NULL, NULL, 'posted', 3, 4, 3, 1, 1);
        INSERT INTO events (uuid, type, data, created_at, attempts, due) VALUES ('one', 'type', '{}', 5, 2, 7);
    )sql");
    const auto store = open_or_throw(server.url());
    CHECK(server.value("SELECT version FROM ilpd_schema_version") == "11");
    CHECK(server.value(broken_links) == "0");
    const catalogue loaded = store->load().value();
    REQUIRE(loaded.peers.size() == 2);
    CHECK(loaded.peers[0].created_at == ilp::timestamp{1'700'000'000'002ms});
    CHECK(loaded.peers[0].terms == kept_peer_terms{.name = "bob", .ilp_address = "test.bob"});
    CHECK(loaded.assets.at(0).terms == asset_terms{});
    CHECK(loaded.pending_withdrawals.size() == 1);
    CHECK(store->list_events({}).value().value().at(0).attempts == 2);
    CHECK(audit(server.url()).value().faults.empty());

    liquidity_account bob{account_id{3}};
    liquidity_account carol{account_id{4}};
    const posting posting{&carol, &bob, 2, 1};
    const std::array totals{account_change{carol.id, account_kind::peer_liquidity, {0, 7}, {2, 7}},
                            account_change{bob.id, account_kind::peer_liquidity, {7, 9}, {7, 11}}};
    changes changes;
    changes.postings = {&posting, 1};
    changes.accounts = totals;
    REQUIRE(store->commit(changes).has_value());
    using list = std::vector<std::uint64_t>;
    CHECK(numbers_listed(*store, account_id{3}, account_side::debit) == list{9, 4, 3});
    CHECK(numbers_listed(*store, account_id{3}, account_side::credit) == list{10, 1});
    CHECK(numbers_listed(*store, account_id{4}, account_side::credit) == list{9, 3});
    CHECK(server.value(broken_links) == "0");
    CHECK(audit(server.url()).value().faults.empty());
}

TEST_CASE("postgresql: tables of the third schema get the index of old events, and events are forgotten as before") {
    const postgres_server server;
    {
        const auto store = open_or_throw(server.url());
    }
    server.execute(R"sql(
        SET ROLE ilpd;
        DROP INDEX events_that_ended;
        DROP TABLE flights; DROP TABLE split_outcomes;
        DROP TABLE payments;
        DROP TABLE receiving_accounts;
        UPDATE ilpd_schema_version SET version = 3;
        INSERT INTO events (uuid, type, data, created_at, due, delivered_at) VALUES ('old', 'type', '{}', 5, NULL, 7),
            ('young', 'type', '{}', 5000, NULL, 5000);
    )sql");
    const auto store = open_or_throw(server.url());
    CHECK(server.value("SELECT version FROM ilpd_schema_version") == "11");
    CHECK(server.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'events_that_ended'") == "1");
    const history_age age{.older_than = ilp::timestamp{1000ms}, .now = ilp::timestamp{9000ms}};
    CHECK(store->forget_events(age, 10).value().rows == 1);
    CHECK(server.value("SELECT string_agg(uuid, ',') FROM events") == "young");
}

TEST_CASE("postgresql: tables of the fourth schema keep their accounts, and get receiving accounts") {
    const postgres_server server;
    {
        const auto store = open_or_throw(server.url());
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()));
    }
    server.execute(R"sql(
        SET ROLE ilpd;
        DROP TABLE flights; DROP TABLE split_outcomes;
        DROP TABLE payments;
        DROP TABLE receiving_accounts;
        ALTER TABLE accounts DROP CONSTRAINT accounts_kind_check,
            ADD CONSTRAINT accounts_kind_check CHECK (kind IN ('asset_liquidity', 'settlement', 'peer_liquidity'));
        DROP INDEX accounts_of_asset;
        CREATE UNIQUE INDEX accounts_of_asset ON accounts (asset_id, kind) WHERE kind <> 'peer_liquidity';
        UPDATE ilpd_schema_version SET version = 4;
    )sql");
    const auto store = open_or_throw(server.url());
    CHECK(server.value("SELECT version FROM ilpd_schema_version") == "11");
    const catalogue loaded = store->load().value();
    CHECK((loaded.peers.at(0).liquidity.totals == account_totals{10, 100}));
    std::vector<receiving_account_record> made;
    for (std::uint32_t id = 1; id <= 2; ++id) {
        made.push_back({.id = id,
                        .uuid = new_uuid(),
                        .asset_id = loaded.assets[0].id,
                        .liquidity = {account_id{100 + id}, account_kind::receiving, {}},
                        .terms = {.name = "account" + std::to_string(id)}});
    }
    REQUIRE(store->commit({.new_receiving_accounts = made}));
    CHECK(store->load().value().receiving_accounts.size() == 2);
    CHECK(audit(server.url()).value().faults.empty());
}

TEST_CASE("postgresql: tables of the sixth schema keep their payments, which have no bound on what is sent") {
    const postgres_server server;
    {
        const auto store = open_or_throw(server.url());
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()));
    }
    server.execute(R"sql(
        SET ROLE ilpd;
        DROP TABLE flights; DROP TABLE split_outcomes;
        ALTER TABLE payments DROP COLUMN at_most;
        INSERT INTO payments (id, uuid, account_id, receiver, fixed_delivery, amount, slippage, created_at, status)
            VALUES (3, 'before', (SELECT max(id) FROM accounts), '$bob.example', true, 70, 100, 5, 'quoting');
        UPDATE ilpd_schema_version SET version = 6;
    )sql");
    const auto store = open_or_throw(server.url());
    CHECK(server.value("SELECT version FROM ilpd_schema_version") == "11");
    const auto kept = store->find_payment("before").value().value();
    CHECK(kept.amount == ilp::amount{70});
    CHECK_FALSE(kept.at_most.has_value());
    payment_record bounded = kept;
    bounded.number = 4;
    bounded.uuid = "after";
    bounded.at_most = ilp::amount{80};
    REQUIRE(store->commit({.new_payments = {&bounded, 1}}));
    CHECK(store->find_payment("after").value().value() == bounded);
    CHECK(store->load().value().open_payments.size() == 2);
}

TEST_CASE("postgresql: tables of the seventh schema get a line for the events of payments, known by their data") {
    const postgres_server server;
    {
        const auto store = open_or_throw(server.url());
    }
    server.execute(R"sql(
        SET ROLE ilpd;
        DROP INDEX events_due;
        DROP INDEX events_due_of_payments;
        ALTER TABLE events DROP COLUMN receiving_account;
        CREATE INDEX events_due ON events (due, id) WHERE due IS NOT NULL;
        DROP TABLE flights; DROP TABLE split_outcomes;
        UPDATE ilpd_schema_version SET version = 7;
        INSERT INTO events (uuid, type, data, created_at, due) VALUES ('low', 'peer.liquidity_low', '{"id":"a"}', 5, 5),
            ('paid', 'incoming_payment.completed', '{"walletAddressId":"alice"}', 5, 6),
            ('open', 'incoming_payment.completed', '{"walletAddressId":"alice"}', 5, 7258118400000);
    )sql");
    const auto store = open_or_throw(server.url());
    CHECK(server.value("SELECT version FROM ilpd_schema_version") == "11");
    const auto of_node = store->load_pending_events(event_line::node, 10).value();
    REQUIRE(of_node.size() == 1);
    CHECK(of_node[0].event.uuid == "low");
    const auto of_payments = store->load_pending_events(event_line::payments, 10).value();
    REQUIRE(of_payments.size() == 1);
    CHECK(of_payments[0].event.uuid == "paid");
    CHECK(of_payments[0].event.receiving_account == "alice");
    const catalogue loaded = store->load().value();
    REQUIRE(loaded.open_events.size() == 1);
    CHECK(loaded.open_events[0].receiving_account == "alice");
    CHECK(count_pending_events(*store) == 2);
}

TEST_CASE("postgresql: tables of the eighth schema keep their book, and get one of the outcomes of split packets") {
    const postgres_server server;
    {
        const auto store = open_or_throw(server.url());
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()));
    }
    server.execute(
        "SET ROLE ilpd; DROP TABLE flights; DROP TABLE split_outcomes; UPDATE ilpd_schema_version SET version = 8;");
    // Whatever form of a bytea the database prefers, it is read.
    server.execute("ALTER ROLE ilpd SET bytea_output = 'escape'");
    const auto store = open_or_throw(server.url());
    CHECK(server.value("SELECT version FROM ilpd_schema_version") == "11");
    CHECK((store->load().value().peers.at(0).liquidity.totals == account_totals{10, 100}));
    CHECK(store->load().value().split_outcomes.empty());
    const split_outcome outcome{
        .peer = 1, .id = {7}, .fulfill = {1, 0, 255, '\\', '"'}, .until = ilp::wall_clock() + 1h};
    REQUIRE(store->commit({.new_split_outcomes = {&outcome, 1}}));
    CHECK(store->load().value().split_outcomes == std::vector{outcome});
    CHECK(audit(server.url()).value().faults.empty());
}

TEST_CASE("postgresql: tables of the ninth schema keep their transfers, and take corrections and flights") {
    const postgres_server server;
    account_id bob{};
    {
        const auto store = open_or_throw(server.url());
        traffic traffic{*store};
        bob = traffic.bob()->id;
        REQUIRE(store->commit(traffic.commit()));
    }
    server.execute(R"sql(
        SET ROLE ilpd;
        DROP TABLE flights;
        ALTER TABLE transfers DROP CONSTRAINT transfers_kind_check,
            ADD CONSTRAINT transfers_kind_check CHECK (kind IN ('deposit', 'withdrawal'));
        UPDATE ilpd_schema_version SET version = 9;
    )sql");
    const auto store = open_or_throw(server.url());
    CHECK(server.value("SELECT version FROM ilpd_schema_version") == "11");
    const account_totals owed = store->load().value().assets.at(0).settlement.totals;
    const transfer_record correction{.uuid = new_uuid(),
                                     .kind = transfer_kind::correction,
                                     .state = transfer_state::posted,
                                     .debit = store->load().value().assets[0].settlement.id,
                                     .credit = bob,
                                     .amount = {7}};
    const std::array accounts{
        account_change{correction.debit, account_kind::settlement, owed, {owed.debits_posted + 7, 0}},
        account_change{bob, account_kind::peer_liquidity, {10, 100}, {10, 107}}};
    const flight_record flight{bob, 8, 1};
    REQUIRE(store->commit({.new_transfers = {&correction, 1}, .accounts = accounts, .changed_flights = {&flight, 1}}));
    CHECK(store->find_transfer(correction.uuid).value() == correction);
    CHECK(store->load().value().flights == std::vector{flight});
    CHECK(audit(server.url()).value().faults.empty());
}

}  // namespace store_postgres_test
