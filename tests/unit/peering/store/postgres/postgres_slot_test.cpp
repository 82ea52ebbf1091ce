#include "peering/store/postgres/postgres_slot.hpp"

#include "peering/audit.hpp"
#include "peering/open_store.hpp"
#include "peering/store/postgres/postgres_commit.hpp"
#include "peering/store/postgres/postgres_connection.hpp"
#include "peering/store/postgres/postgres_url.hpp"
#include "peering/store/transfer_chain.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace postgres_slot_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;
using support::postgres_server;

namespace {

store_tenant daemon_named(const std::string& instance) {
    return {.instance = instance, .host = "on " + instance, .lease_time = 1h, .max_hold_time = 30s};
}

std::unique_ptr<store> open_as(const postgres_server& server, const store_tenant& who) {
    auto opened = open_store(server.url(), who);
    if (!opened) throw std::runtime_error{opened.error().message};
    return std::move(*opened);
}

void end_lease(const postgres_server& server) {
    server.execute("UPDATE daemons SET lease_until = 0");
}

std::int64_t number(const postgres_server& server, const std::string& column) {
    return std::stoll(server.value("SELECT " + column + " FROM daemons"));
}

/// A daemon as the server sees it: a session that sends one statement at a time, whatever has happened since.
class session_of_daemon {
public:
    session_of_daemon(const postgres_server& server, const std::string& name)
        : session_{*postgres_url::parse(server.url())}, who_{daemon_named(name)} {
        prepare_postgres_commits(session_);
    }

    void look() { found_ = read_postgres_slot(session_); }
    bool take() {
        const auto taken = take_postgres_slot(session_, found_.value(), who_, epoch_);
        if (!taken) return false;
        epoch_ = *taken;
        last_commit_ = found_->position.last_commit;
        return true;
    }
    bool commit() {
        try {
            transfer_chain chain;
            write_postgres_commit(session_, {}, {last_commit_ + 1, epoch_}, 1h, chain);
            ++last_commit_;
            return true;
        } catch (const postgres_position_lost&) {
            session_.run("ROLLBACK");
            return false;
        }
    }
    bool renew() {
        try {
            renew_postgres_lease(session_, epoch_, 1h);
            return true;
        } catch (const postgres_position_lost&) {
            return false;
        }
    }
    bool hold() {
        session_.run("BEGIN");
        try {
            hold_postgres_slot(session_, epoch_);
            session_.run("COMMIT");
            return true;
        } catch (const postgres_position_lost&) {
            session_.run("ROLLBACK");
            return false;
        }
    }
    std::int64_t epoch() const { return epoch_; }

private:
    postgres_connection session_;
    store_tenant who_;
    std::optional<postgres_slot> found_;
    std::int64_t epoch_ = 0;
    std::int64_t last_commit_ = 0;
};

}  // namespace

TEST_CASE("A place that is free, that is one's own or whose lease has ended is taken, and any other is not") {
    const postgres_slot held{.instance = "alice", .host = "on alice", .epoch = 3, .lease_left = 1ms};
    store_tenant bob = daemon_named("bob");
    CHECK(decide_claim(held, bob) == slot_claim::refuse);
    bob.waits = true;
    CHECK(decide_claim(held, bob) == slot_claim::wait);
    CHECK(decide_claim(held, daemon_named("alice")) == slot_claim::take);
    for (const auto left : {0ms, -1ms, std::chrono::milliseconds{-1h}}) {
        postgres_slot ended = held;
        ended.lease_left = left;
        CHECK(decide_claim(ended, bob) == slot_claim::take);
    }
    postgres_slot left = held;
    left.instance.clear();
    CHECK(decide_claim(left, bob) == slot_claim::take);
}

TEST_CASE("A position tells whether the book is the one that a daemon knows") {
    const postgres_position known{7, 2};
    const postgres_position in_doubt{8, 2};
    CHECK(compare_positions({7, 2}, known, std::nullopt) == slot_finding::unchanged);
    CHECK(compare_positions({7, 2}, known, in_doubt) == slot_finding::unchanged);
    CHECK(compare_positions({8, 2}, known, in_doubt) == slot_finding::written);
    CHECK(compare_positions({8, 2}, known, std::nullopt) == slot_finding::overtaken);
    CHECK(compare_positions({8, 3}, known, in_doubt) == slot_finding::overtaken);
    CHECK(compare_positions({9, 3}, known, in_doubt) == slot_finding::overtaken);
    CHECK(compare_positions({7, 1}, known, in_doubt) == slot_finding::overtaken);
    CHECK(compare_positions({6, 1}, known, in_doubt) == slot_finding::restored);
}

TEST_CASE("A server that was promoted without our registration is not taken for the one that we know") {
    const postgres_slot ours{.instance = "alice", .host = "", .epoch = 5};
    CHECK_FALSE(has_forgotten(ours, "alice", 5));
    CHECK_FALSE(has_forgotten(ours, "alice", 7));  // our last registrations are lost, and nobody else has been there
    const postgres_slot later{.instance = "bob", .host = "", .epoch = 6};
    CHECK_FALSE(has_forgotten(later, "alice", 5));
    CHECK(has_forgotten(later, "alice", 6));
    CHECK(has_forgotten(later, "alice", 7));
    const postgres_slot left{.instance = "", .host = "", .epoch = 5};
    CHECK_FALSE(has_forgotten(left, "alice", 4));
    CHECK(has_forgotten(left, "alice", 5));
}

TEST_CASE("postgresql: after a failover that has lost commits, equal numbers are not taken for one's own commits") {
    const postgres_server server;
    const auto first = open_as(server, daemon_named("alice"));
    traffic traffic{*first};
    REQUIRE(first->commit(traffic.commit()).has_value());
    // Another daemon has got the same epoch from a server that did not know of ours, and its commits the same numbers.
    server.execute("UPDATE daemons SET instance = 'bob', host = 'on bob'");
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ilpd'");
    auto refused = first->commit(traffic.commit());
    for (int tries_left = 200; !refused && !refused.error().taken_over; refused = first->commit(traffic.commit()))
        REQUIRE(--tries_left > 0);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);
    CHECK_THAT(refused.error().message, Catch::Contains("another ilpd (on bob) has the database (epoch 1)"));
    CHECK(server.value("SELECT count(*) FROM transfers WHERE packets > 0") == "1");
}

TEST_CASE("postgresql: in every order of two daemons' statements, only the last one that has registered can write") {
    const postgres_server server;
    open_as(server, daemon_named("first")).reset();
    enum class step : std::uint8_t { look, take, commit, renew, hold };
    constexpr std::array steps{step::look, step::take, step::commit, step::renew, step::hold, step::commit};
    constexpr unsigned count = steps.size();
    session_of_daemon alice{server, "alice"};
    session_of_daemon bob{server, "bob"};
    int orders = 0;
    // The bits of a number say whose turn it is.
    for (unsigned order = 0; order < 1U << (2 * count); ++order) {
        if (static_cast<unsigned>(__builtin_popcount(order)) != count) continue;
        CAPTURE(order);
        ++orders;
        const session_of_daemon* registered = nullptr;
        std::int64_t epoch = number(server, "epoch");
        std::int64_t commits = number(server, "last_commit");
        std::array<unsigned, 2> done{};
        bool is_right = true;
        bool is_changed_since_look = false;
        const session_of_daemon* looked_last = nullptr;
        for (unsigned turn = 0; turn < 2 * count; ++turn) {
            const unsigned who = (order >> turn) & 1U;
            CAPTURE(turn);
            session_of_daemon& daemon = who == 0 ? alice : bob;
            const bool may_write = registered == &daemon;
            switch (steps.at(done.at(who)++)) {
                case step::look:
                    daemon.look();
                    looked_last = &daemon;
                    is_changed_since_look = false;
                    break;
                case step::take:
                    if (daemon.take()) {
                        // What was seen must still have been so: otherwise the position may be wrong.
                        is_right = is_right && daemon.epoch() == epoch + 1;
                        if (looked_last == &daemon) is_right = is_right && !is_changed_since_look;
                        epoch = daemon.epoch();
                        registered = &daemon;
                        is_changed_since_look = true;
                    }
                    break;
                case step::commit:
                    is_right = is_right && daemon.commit() == may_write;
                    if (may_write) {
                        ++commits;
                        is_changed_since_look = true;
                    }
                    break;
                case step::renew:
                    is_right = is_right && daemon.renew() == may_write;
                    break;
                case step::hold:
                    is_right = is_right && daemon.hold() == may_write;
                    break;
            }
            REQUIRE(is_right);
        }
        REQUIRE(registered != nullptr);
        REQUIRE(number(server, "epoch") == epoch);
        REQUIRE(number(server, "last_commit") == commits);
        REQUIRE(number(server, "commit_epoch") <= epoch);
    }
    CHECK(orders == 924);
}

TEST_CASE("postgresql: a transaction of an earlier session that is under way cannot end after the next registration") {
    const postgres_server server;
    const auto store = open_as(server, daemon_named("alice"));
    const auto epoch = static_cast<std::int64_t>(store->tenure().value().epoch);
    postgres_connection late{*postgres_url::parse(server.url())};
    late.run("BEGIN");
    hold_postgres_slot(late, epoch);
    // Nobody can register while it is open, and it ends in one way or the other.
    CHECK_THAT(open_store(server.url(), daemon_named("alice")).error().message, Catch::Contains("confirms no commit"));
    late.run("COMMIT");
    const auto next = open_as(server, daemon_named("alice"));
    late.run("BEGIN");
    CHECK_THROWS_AS(hold_postgres_slot(late, epoch), postgres_position_lost);
    late.run("ROLLBACK");
}

TEST_CASE("postgresql: a daemon of the same name takes over at once, and the first one can write nothing any more") {
    const postgres_server server;
    const auto first = open_as(server, daemon_named("alice"));
    traffic traffic{*first};
    const auto second = open_as(server, daemon_named("alice"));
    CHECK(second->tenure().value().epoch == first->tenure().value().epoch + 1);
    CHECK_FALSE(first->commit(traffic.commit()).has_value());
    CHECK(server.value("SELECT count(*) FROM transfers WHERE packets > 0") == "0");
}

TEST_CASE("postgresql: a standby waits while the other daemon lives, and takes over when its lease has ended") {
    const postgres_server server;
    auto first = open_as(server, daemon_named("alice"));
    traffic traffic{*first};
    store_tenant standby = daemon_named("bob");
    standby.waits = true;
    const auto waits = open_store(server.url(), standby);
    REQUIRE_FALSE(waits.has_value());
    CHECK(waits.error().in_use);
    CHECK_FALSE(waits.error().final);
    CHECK_THAT(waits.error().message, Catch::Contains("in use by another ilpd (on alice), in epoch 1"));
    const daemon_place holder = waits.error().holder.value();
    CHECK(holder.instance == "alice");
    CHECK(holder.host == "on alice");
    CHECK(holder.epoch == 1);
    CHECK(holder.lease_left > 30min);
    CHECK_FALSE(holder.is_own);
    CHECK(first->commit(traffic.commit()).has_value());

    SECTION("because it was closed") {
        first.reset();
        CHECK(number(server, "lease_until") == 0);
        CHECK(open_as(server, standby)->tenure().value().epoch == 2);
    }
    SECTION("because it gives no sign of life") {
        end_lease(server);
        const auto second = open_as(server, standby);
        CHECK(second->tenure().value().epoch == 2);
        CHECK(second->load().value().peers.size() == 2);
        CHECK(second->commit({}).has_value());
        // The first one can neither post, nor sum up, nor forget, and says why.
        const history_age age{.older_than = ilp::timestamp{1000ms}, .now = ilp::timestamp{9000ms}};
        CHECK_FALSE(first->sum_history(age, 10).has_value());
        CHECK_FALSE(first->forget_events(age, 10).has_value());
        const auto refused = first->commit(traffic.commit());
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().taken_over);
        CHECK(refused.error().final);
        CHECK_THAT(refused.error().message,
                   Catch::Contains("another ilpd (on bob) has taken over this database") && Catch::Contains("epoch 2"));
        first.reset();
        CHECK(server.value("SELECT instance FROM daemons") == "bob");  // it does not leave the place of another
        CHECK(second->commit({}).has_value());
        CHECK(server.value("SELECT count(*) FROM transfers WHERE packets > 0") == "1");
        CHECK(audit(server.url()).value().faults.empty());
    }
}

TEST_CASE("postgresql: the daemons are listed as their rows say, and each knows its own") {
    const postgres_server server;
    auto first = open_as(server, daemon_named("alice"));
    traffic traffic{*first};
    REQUIRE(first->commit(traffic.commit()).has_value());
    const std::vector<daemon_place> places = first->list_daemons().value();
    REQUIRE(places.size() == 1);
    const daemon_place& own = places.front();
    CHECK(own.slot == 0);
    CHECK(own.instance == "alice");
    CHECK(own.host == "on alice");
    CHECK(own.epoch == 1);
    CHECK(own.last_commit == static_cast<std::uint64_t>(number(server, "last_commit")));
    CHECK(own.lease_until.time_since_epoch().count() == number(server, "lease_until"));
    CHECK(own.lease_left > 30min);
    CHECK(own.lease_left <= 1h);
    CHECK(own.is_own);
    CHECK(first->tenure().value().lease_until - first->tenure().value().accepts_until == 30s);

    const auto second = open_as(server, daemon_named("alice"));
    CHECK(second->list_daemons().value().front().is_own);
    CHECK(second->list_daemons().value().front().epoch == 2);
    first.reset();
    server.execute("UPDATE daemons SET instance = '', host = '', lease_until = 0");
    const std::vector<daemon_place> left = second->list_daemons().value();
    CHECK(left.front().instance.empty());
    CHECK(left.front().lease_left < 0ms);
    CHECK_FALSE(left.front().is_own);
    CHECK(open_store("memory:").value()->list_daemons().value().empty());
}

TEST_CASE("postgresql: commits renew the lease, and so does an idle daemon") {
    const postgres_server server;
    store_tenant alice = daemon_named("alice");
    const auto store = open_as(server, alice);
    end_lease(server);
    REQUIRE(store->commit({}).has_value());
    CHECK(number(server, "lease_until") > 0);
    end_lease(server);
    // The renewal comes with some ping, a few seconds after the last one.
    const auto deadline = std::chrono::steady_clock::now() + 1min;
    while (number(server, "lease_until") == 0) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        REQUIRE(store->ping().has_value());
    }
    CHECK(store->tenure().value().accepts_until - std::chrono::steady_clock::now() <= 1h - 30s);
}

TEST_CASE("postgresql: a daemon that loads for longer than its lease keeps its place meanwhile") {
    const postgres_server server;
    store_tenant alice = daemon_named("alice");
    alice.lease_time = 400ms;
    const auto store = open_as(server, alice);
    // The accounts are read once the gate is open.
    server.execute(R"sql(
        ALTER TABLE flights RENAME TO kept_flights;
        CREATE FUNCTION flights_behind_gate() RETURNS SETOF kept_flights LANGUAGE plpgsql AS $$
            BEGIN
                WHILE NOT pg_try_advisory_xact_lock_shared(1) LOOP PERFORM pg_sleep(0.02); END LOOP;
                RETURN QUERY SELECT * FROM kept_flights;
            END $$;
        CREATE VIEW flights AS SELECT * FROM flights_behind_gate();
        GRANT SELECT ON flights TO ilpd;
    )sql");
    postgres_connection keeper_of_gate{*postgres_url::parse(server.url())};
    keeper_of_gate.run("SELECT pg_advisory_lock(1)");
    // A server that is silent for too long is given up, which may happen on a busy machine: then it loads again, and
    // only a lease that is renewed within one load counts.
    const auto deadline = std::chrono::steady_clock::now() + 1min;
    for (bool is_renewed = false; !is_renewed;) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        REQUIRE(store->ping().has_value());
        end_lease(server);
        const auto loading = std::async(std::launch::async, [&] { return store->load().has_value(); });
        while (!is_renewed && loading.wait_for(20ms) != std::future_status::ready)
            is_renewed = number(server, "lease_until") > 0;
        if (is_renewed) keeper_of_gate.run("SELECT pg_advisory_unlock(1)");
    }
    CHECK(store->load().has_value());
    CHECK(store->commit({}).has_value());
}

TEST_CASE("postgresql: after a failover the epoch of a daemon goes on rising") {
    const postgres_server server;
    const auto store = open_as(server, daemon_named("alice"));
    server.execute("UPDATE daemons SET epoch = 70");
    for (int tries_left = 200; !store->ping(); --tries_left) REQUIRE(tries_left > 0);
    CHECK(store->tenure().value().epoch == 71);
    server.execute("UPDATE daemons SET epoch = 5");
    for (int tries_left = 200; !store->ping(); --tries_left) REQUIRE(tries_left > 0);
    CHECK(store->tenure().value().epoch == 72);
}

TEST_CASE("postgresql: tables of the schema without daemons keep their position, and an earlier ilpd is noticed") {
    const postgres_server server;
    {
        const auto store = open_as(server, daemon_named("alice"));
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()).has_value());
    }
    server.execute(R"sql(
        SET ROLE ilpd;
        ALTER TABLE daemons RENAME TO ledger_state;
        ALTER TABLE ledger_state DROP CONSTRAINT daemons_pkey, DROP COLUMN slot, DROP COLUMN instance, DROP COLUMN host,
            DROP COLUMN epoch, DROP COLUMN commit_epoch, DROP COLUMN lease_until,
            ADD COLUMN writer text NOT NULL DEFAULT 'x';
        CREATE UNIQUE INDEX ledger_state_has_one_row ON ledger_state ((true));
        UPDATE ilpd_schema_version SET version = 10;
    )sql");
    const std::string position = server.value("SELECT last_commit FROM ledger_state");
    {
        postgres_connection earlier{*postgres_url::parse(server.url())};
        earlier.run(
            "SELECT pg_advisory_lock(1768714340, relnamespace::int) FROM pg_class "
            "WHERE oid = to_regclass('ilpd_schema_version')");
        const auto refused = open_store(server.url());
        REQUIRE_FALSE(refused.has_value());
        CHECK_THAT(refused.error().message, Catch::Contains("in use by another ilpd, of an earlier version"));
        CHECK(refused.error().final);
        store_tenant standby = daemon_named("bob");
        standby.waits = true;
        const auto waits = open_store(server.url(), standby);
        REQUIRE_FALSE(waits.has_value());
        CHECK(waits.error().in_use);
        CHECK_FALSE(waits.error().final);
        CHECK(server.value("SELECT version FROM ilpd_schema_version") == "10");
    }
    const auto store = [&] {
        for (;;) {  // the server takes a moment to end the session
            if (auto opened = open_store(server.url())) return std::move(*opened);
        }
    }();
    CHECK(server.value("SELECT last_commit FROM daemons") == position);
    CHECK(server.value("SELECT to_regclass('ledger_state') IS NULL") == "t");
    CHECK(server.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0");
    REQUIRE(store->commit({}).has_value());
    CHECK(store->load().value().peers.size() == 2);
    CHECK(audit(server.url()).value().faults.empty());
}

}  // namespace postgres_slot_test
