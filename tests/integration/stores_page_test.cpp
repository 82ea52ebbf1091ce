#include "tests/support/page.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

namespace stores_page_test {

// Runs docs/operating/stores.md as written.
namespace {

using namespace support;

const std::filesystem::path page = std::filesystem::path{ILPD_SOURCE_DIR} / "docs/operating/stores.md";

/// A rig whose operator follows the page.
struct operated_rig {
    explicit operated_rig(const std::string& store_url = {})
        : r{[&](daemon_terms& terms) { terms.store = store_url; }},
          places{{"/etc/ilpd/ilpd.yaml", r.d.config_path()},
                 {"/var/lib/ilpd", r.d.folder()},
                 {"/var/backups", backups.path()}},
          environment{{"PATH", std::filesystem::path{daemon_program()}.parent_path().string() + ":" +
                                   std::string{std::getenv("PATH")}},
                      {"ILPD_DATABASE", store_url}} {}

    void run(std::string_view heading, std::string_view within = {}) {
        const auto result = run_commands(commands_of(page, heading, within), places, environment, backups.path());
        INFO(result.output);
        REQUIRE(result.status == 0);
        output = result.output;
    }

    void pay(std::uint64_t amount) { REQUIRE(outcome(r.send({.amount = amount})) == "fulfill"); }

    /// Makes a backup, sends more packets, and restores the backup.
    void back_up_and_restore(std::string_view kind) {
        pay(10);
        run("### Back up", kind);
        pay(5);
        run("## Audit");
        CHECK(output.contains("all balances agree"));
        CHECK(r.d.stop() == 0);
        run("### Restore", kind);
        CHECK(output.contains("all balances agree"));
        r.d.start();
        CHECK(r.d.liquidity("p2") == default_liquidity + 10);
        pay(1);
        CHECK(r.d.settled_liquidity("p2") == default_liquidity + 11);
    }

    temporary_directory backups;
    rig r;
    std::vector<std::pair<std::string, std::string>> places;
    std::vector<std::pair<std::string, std::string>> environment;
    std::string output;
};

}  // namespace

TEST_CASE("the manual: an SQLite store is backed up while the daemon runs, restored and audited") {
    operated_rig operated;
    operated.back_up_and_restore("## SQLite");
}

TEST_CASE("the manual: a PostgreSQL store is set up, backed up while the daemon runs, restored and audited") {
    const postgres_server server;
    // An administrator's tools expect databases that every server has except those of the tests.
    for (const std::string database : {"postgres", "template1"}) {
        if (server.value("SELECT count(*) FROM pg_database WHERE datname = '" + database + "'") != "0") continue;
        server.execute("CREATE DATABASE " + database + " TEMPLATE ilpd");
    }
    const auto directory = std::filesystem::path{server.socket_directory()};
    const std::vector<std::pair<std::string, std::string>> administrator{
        {"PGHOST", directory}, {"PGPORT", std::to_string(server.port())}, {"PGUSER", "postgres"}};
    const temporary_directory folder;
    // The tests' server has them already.
    const auto cleared = run_commands("dropdb ilpd\ndropuser ilpd\n" + commands_of(page, "### Set up"), {},
                                      administrator, folder.path());
    INFO(cleared.output);
    REQUIRE(cleared.status == 0);

    operated_rig operated{server.url()};
    operated.environment.insert(operated.environment.end(), administrator.begin(), administrator.end());
    operated.back_up_and_restore("## PostgreSQL");
}

TEST_CASE("the manual: a PostgreSQL server is told to wait for its standby") {
    const postgres_server primary;
    const postgres_server standby{{.standby_of = &primary}};
    const temporary_directory folder;
    const auto result = run_commands(commands_of(page, "### Standbys"), {},
                                     {{"PGHOST", primary.socket_directory()},
                                      {"PGPORT", std::to_string(primary.port())},
                                      {"PGUSER", "postgres"},
                                      {"PGDATABASE", "ilpd"}},
                                     folder.path());
    INFO(result.output);
    REQUIRE(result.status == 0);
    CHECK(result.output.contains(postgres_server::standby_name));
    primary.wait_for("SELECT max(sync_state) FROM pg_stat_replication", "quorum");
    rig r{[&](daemon_terms& terms) { terms.store = primary.url(); }};
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    standby.wait_for("SELECT count(*) FROM transfers WHERE packets > 0", "1");
}

TEST_CASE("the manual: the balances that are compared after a crash are shown") {
    operated_rig operated;
    operated.pay(10);
    operated.places.emplace_back("127.0.0.1:9464", "127.0.0.1:" + std::to_string(operated.r.d.metrics_port()));
    operated.run("## After a crash");
    CHECK(operated.output.contains("ilp_peer_liquidity{peer=\"p1\""));
    CHECK(operated.output.contains("ilp_peer_liquidity{peer=\"p2\""));
}

TEST_CASE("the manual: the history is exported") {
    operated_rig operated;
    operated.pay(10);
    operated.run("## History");
    CHECK(operated.output.contains("0 rows of transfers"));  // everything is of today
    CHECK(std::filesystem::exists(operated.backups.path() / "transfers.csv"));
}

}  // namespace stores_page_test
