#include "tests/integration/packet_under_way.hpp"
#include "tests/integration/small_file_system.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <utility>

namespace postgres_outage_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

/// The rig on a PostgreSQL server.
struct postgres_rig {
    explicit postgres_rig(postgres_options options = {})
        : server{std::move(options)}, r{[&](daemon_terms& terms) { terms.store = server.url(); }} {}

    void expect_ready(bool ready) const {
        REQUIRE(eventually([&] { return r.d.is_ready() == ready; }));
    }
    void expect_packets_pass() const {
        const prepare sent{.amount = 10, .data = random_bytes(8)};
        expect_fulfill(r.send(sent), sent);
    }
    /// Ends the daemon's sessions.
    void terminate_sessions() const {
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ilpd'");
    }
    /// The daemon cannot reconnect until let_in(), while the superuser can.
    void lock_out() const {
        server.execute("ALTER ROLE ilpd NOLOGIN");
        terminate_sessions();
    }
    void let_in() const { server.execute("ALTER ROLE ilpd LOGIN"); }
    std::string superuser_url() const {
        std::string url = server.url();
        return url.replace(url.find("ilpd@"), 5, "postgres@");
    }
    std::string last_commit() const { return server.value("SELECT last_commit || ' ' || commit_epoch FROM daemons"); }
    /// As if the daemon that has the database had given no sign of life for the time of its lease.
    void end_lease() const { server.execute("UPDATE daemons SET lease_until = 0"); }

    postgres_server server;
    rig r;
};

constexpr std::string_view fenced_line = "has taken over this database and has written to it in the meantime";

}  // namespace

TEST_CASE("PostgreSQL: an idle daemon notices by itself that the server is gone and that it is back") {
    postgres_rig p;
    p.expect_ready(true);
    p.server.stop();
    p.expect_ready(false);
    expect_reject(p.r.send({.amount = 10}), "T00");
    CHECK(p.r.p2.request_count() == 0);
    p.server.start();
    p.expect_ready(true);
    p.expect_packets_pass();
    CHECK(p.r.d.audit().status == 0);
}

TEST_CASE("PostgreSQL: a server that hangs delays no packet until its expiry") {
    postgres_rig p;
    packet_under_way packet{p.r, 10};
    p.server.pause();
    packet.fulfill();
    p.expect_ready(false);
    expect_reject(p.r.send({.amount = 20, .expires_in = 300s}), "T00");
    CHECK(p.r.p2.request_count() == 1);
    p.server.resume();
    packet.expect_fulfilled();
    p.expect_ready(true);
    p.expect_packets_pass();
    CHECK(p.r.d.settled_liquidity("p2") == default_liquidity + 20);
}

TEST_CASE("PostgreSQL: an idle daemon notices that the server hangs") {
    postgres_rig p;
    p.server.pause();
    p.expect_ready(false);
    expect_reject(p.r.send({.amount = 20, .expires_in = 300s}), "T00");
    p.server.resume();
    p.expect_ready(true);
    p.expect_packets_pass();
}

TEST_CASE("PostgreSQL: a packet that no standby has confirmed is not answered, and is not lost with the primary") {
    postgres_server primary{{.settings = {{"synchronous_standby_names", postgres_server::standby_name}}}};
    postgres_server standby{{.standby_of = &primary}};
    primary.wait_for("SELECT coalesce(max(sync_state), '') FROM pg_stat_replication", "sync");
    rig r{[&](daemon_terms& terms) {
        terms.store = "postgresql://ilpd@/ilpd?host=" + primary.socket_directory().string() + "," +
                      standby.socket_directory().string() + "&port=" + std::to_string(primary.port()) + "," +
                      std::to_string(standby.port());
    }};
    const prepare first{.amount = 10, .data = random_bytes(8)};
    expect_fulfill(r.send(first), first);

    packet_under_way packet{r, 1000};
    standby.kill9();
    packet.fulfill();
    REQUIRE(eventually([&] { return !r.d.is_ready(); }));
    REQUIRE(eventually([&] { return r.d.has_logged("confirms no commit"); }));
    CHECK(!packet.is_answered());
    CHECK(!r.d.is_ready());
    expect_reject(r.send({.amount = 20, .expires_in = 30s}), "T00");

    primary.kill9();
    standby.start();
    standby.wait_for("SELECT sum(packets) FROM transfers", "1");
    standby.promote();
    packet.expect_fulfilled();
    REQUIRE(eventually([&] { return r.d.is_ready(); }));
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 1010);
    CHECK(standby.value("SELECT sum(packets) FROM transfers") == "2");
}

TEST_CASE("PostgreSQL: a server that becomes read-only is an outage") {
    postgres_rig p;
    const auto set_read_only = [&](const char* on_off) {
        p.server.execute(std::string{"ALTER SYSTEM SET default_transaction_read_only = "} + on_off);
        p.server.execute("SELECT pg_reload_conf()");
    };
    p.expect_packets_pass();
    set_read_only("on");
    p.expect_ready(false);
    expect_reject(p.r.send({.amount = 10}), "T00");
    CHECK(p.r.d.logs("read-only"));
    set_read_only("off");
    p.expect_ready(true);
    p.expect_packets_pass();
    CHECK(p.r.d.settled_liquidity("p2") == default_liquidity + 20);
}

TEST_CASE("PostgreSQL: a terminated session is replaced by one with the next epoch") {
    postgres_rig p;
    for (int round = 0; round < 3; ++round) {
        const int epoch = std::stoi(p.server.value("SELECT epoch FROM daemons"));
        p.terminate_sessions();
        p.server.wait_for("SELECT epoch FROM daemons", std::to_string(epoch + 1));
        p.expect_ready(true);
        p.expect_packets_pass();
    }
    CHECK(p.r.d.settled_liquidity("p2") == default_liquidity + 30);
    const auto second = run_daemon(p.r.d.terms());
    CHECK(second.status == 1);
    CHECK((second.standard_output + second.standard_error).contains("in use by another ilpd"));
}

TEST_CASE("PostgreSQL: a daemon that was cut off while another one wrote never writes again") {
    postgres_rig p;
    p.expect_packets_pass();
    packet_under_way packet{p.r, 1000};
    p.lock_out();
    packet.fulfill();
    p.expect_ready(false);

    daemon_terms terms = p.r.d.terms();
    terms.store = p.superuser_url();
    p.end_lease();
    ilpd_daemon second{terms};
    CHECK(second.liquidity("p2") == default_liquidity + 10);
    CHECK(outcome(second.post(prepare{.amount = 5})) == "fulfill");
    CHECK(second.stop() == 0);
    const std::string left_by_second = p.last_commit();
    p.let_in();
    // It ends by itself, and a service manager starts it again.
    CHECK(p.r.d.process().wait(1min) == 1);
    CHECK(p.r.d.logs(fenced_line));
    CHECK(p.r.d.logs("another daemon has taken over the store: this one rejects its packets and stops"));
    packet.expect_rejected("T00");
    CHECK(p.last_commit() == left_by_second);
    p.r.d.start();
    CHECK(p.r.d.liquidity("p2") == default_liquidity + 15);
    p.expect_packets_pass();
    CHECK(p.r.d.audit().status == 0);
}

TEST_CASE("PostgreSQL: a daemon that was cut off while another one only read continues") {
    // Without packets there is nothing that the other one could have to write at its start.
    postgres_rig p;
    p.lock_out();
    p.expect_ready(false);
    daemon_terms terms = p.r.d.terms();
    terms.store = p.superuser_url();
    p.end_lease();
    CHECK(ilpd_daemon{terms}.stop() == 0);
    p.let_in();
    p.expect_ready(true);
    p.expect_packets_pass();
    CHECK(p.r.d.settled_liquidity("p2") == default_liquidity + 10);
}

TEST_CASE("PostgreSQL: a daemon does not start without its server and says why") {
    postgres_server server;
    const daemon_terms terms{
        .peers = {{.name = "p1"}}, .store = server.url(), .store_settings = {"startup_timeout: 300ms"}};
    server.stop();
    const auto refused = run_daemon(terms);
    const std::string said = refused.standard_output + refused.standard_error;
    INFO(said);
    CHECK(refused.status == 1);
    CHECK(said.contains("postgresql://ilpd@"));
    CHECK(said.contains("cannot open"));
    CHECK(!said.contains("ready"));
}

TEST_CASE("PostgreSQL: a daemon that starts before its server waits for it, and answers health checks meanwhile") {
    postgres_rig p;
    p.expect_packets_pass();
    REQUIRE(p.r.d.stop() == 0);
    p.server.stop();
    p.r.d.launch();
    REQUIRE(eventually([&] { return p.r.d.has_logged("waiting for the store"); }));
    CHECK_NOTHROW(http_get(p.r.d.metrics_port(), "/healthz"));
    CHECK(!p.r.d.is_ready());
    const std::string metrics = http_get(p.r.d.metrics_port(), "/metrics");
    CHECK(metrics.contains("\nilp_active 0\n"));
    CHECK_FALSE(metrics.contains("ilp_ready"));
    SECTION("until it is there") {
        p.server.start();
        p.r.d.wait_until_ready();
        p.expect_ready(true);
        p.expect_packets_pass();
        CHECK(p.r.d.settled_liquidity("p2") == default_liquidity + 20);
    }
    SECTION("until it is told to stop") {
        CHECK(p.r.d.stop() == 0);
        CHECK(p.r.d.has_logged("stopped before the store was open"));
    }
}

TEST_CASE("PostgreSQL: a database that is in use, or that is not ilpd's, is not waited for") {
    const postgres_rig p;
    CHECK(run_daemon(p.r.d.terms()).status == 1);
    const postgres_server other;
    other.execute("CREATE TABLE transfers (what text)");
    const auto refused = run_daemon(daemon_terms{.peers = {{.name = "p1"}}, .store = other.url()});
    CHECK(refused.status == 1);
    CHECK(refused.standard_error.contains("another application"));
}

TEST_CASE("PostgreSQL: the server's disk is full and has space again later") {
    const small_file_system disk{"64m"};
    if (!disk.is_there()) {
        WARN("this system lets us mount nothing: not checked");
        return;
    }
    postgres_rig p{{.parent = disk.path()}};
    p.expect_packets_pass();
    disk.fill();
    // Space that the server has already reserved lasts for some time.
    std::uint64_t sent = 10;
    http_connection connection{p.r.d.port()};
    const prepare one{.amount = 10, .expires_in = 60s};
    connection.send(ilp_request(encode(one)));
    REQUIRE(eventually([&] {
        if (const auto response = connection.receive(10ms)) {
            expect_fulfill(response, one);
            sent += 10;
            connection.send(ilp_request(encode(one)));
        }
        return !p.r.d.is_ready();
    }));
    disk.make_room();
    REQUIRE(eventually([&] {
        if (p.server.processes().empty()) p.server.start();  // it exits if it cannot write its log
        return p.r.d.is_ready();
    }));
    const auto last = outcome(connection.receive());
    CHECK((last == "fulfill" || last == "T00"));
    if (last == "fulfill") sent += 10;
    CHECK(p.r.d.settled_liquidity("p2") == default_liquidity + sent);
    p.expect_packets_pass();
    CHECK(p.r.d.audit().status == 0);
}

}  // namespace postgres_outage_test
