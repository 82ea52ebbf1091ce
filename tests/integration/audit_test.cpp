#include "tests/integration/store_place.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

namespace audit_test {

namespace {

using namespace support;

/// The complete output of a run.
std::string said_by(const finished_daemon& run) {
    return run.standard_output + run.standard_error;
}

bool shows_password(std::string_view text) {
    return text.contains("p@ss") || text.contains("p%40ss") || text.contains("word/1") || text.contains("word%2F1");
}

std::string with_password(std::string url) {
    return url.replace(url.find("ilpd@"), 5, "ilpd:p%40ss%20word%2F1@");
}

}  // namespace

TEMPLATE_TEST_CASE("audit: the book is consistent while the daemon runs and after it stops", "", on_sqlite,
                   on_postgresql) {
    const store_place place{TestType::kind};
    rig r{[&](daemon_terms& terms) {
        terms.store = place.url();
        terms.assets = {{"USD", 9, 1000}};
    }};
    {
        const std::jthread load{[&](const std::stop_token& stop) {
            http_connection connection{r.d.port()};
            while (!stop.stop_requested()) connection.exchange(ilp_request(encode(prepare{.amount = 3})));
        }};
        REQUIRE(r.p2.wait_for_requests(10));
        for (int i = 0; i < 5; ++i) {
            const auto audit = r.d.audit();
            INFO(said_by(audit));
            CHECK(audit.status == 0);
            CHECK(audit.standard_output.contains("4 accounts in 1 assets"));
            CHECK(audit.standard_error.empty());
        }
        CHECK(r.d.is_ready());
    }
    CHECK(r.d.stop() == 0);
    CHECK(r.d.audit().status == 0);
}

TEMPLATE_TEST_CASE("audit: an account that was changed by hand is reported", "", on_sqlite, on_postgresql) {
    const store_place place{TestType::kind};
    const rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    CHECK(r.d.audit().status == 0);
    place.execute(
        "UPDATE accounts SET credits_posted = '1000000000011' WHERE id = "
        "(SELECT account_id FROM peers WHERE name = 'p2')");
    const auto audit = r.d.audit();
    INFO(said_by(audit));
    CHECK(audit.status == 1);
    CHECK(audit.standard_error.contains("liquidity of peer p2"));
    CHECK(!audit.standard_error.contains("liquidity of peer p1"));
    CHECK(audit.standard_error.contains("asset USD/9: its accounts do not add up to zero"));
    CHECK(audit.standard_output.contains("2 faults"));

    place.execute("DELETE FROM transfers");
    const auto nothing_left = r.d.audit();
    CHECK(nothing_left.status == 1);
    CHECK(nothing_left.standard_error.contains("liquidity of peer p1"));
}

TEST_CASE("audit: text from a damaged store is escaped on the terminal") {
    const store_place place{store_kind::sqlite};
    rig r{[&](daemon_terms& terms) { terms.store = place.url(); }};
    CHECK(r.d.stop() == 0);
    SECTION("a name") {
        place.execute("UPDATE peers SET name = 'p2' || char(27) || '[31m' WHERE name = 'p2'");
        place.execute("UPDATE accounts SET credits_posted = '7'");
    }
    SECTION("an amount") {
        place.execute("UPDATE accounts SET credits_posted = char(27) || '[31m'");
    }
    SECTION("a state") {
        place.execute("PRAGMA ignore_check_constraints = ON; UPDATE transfers SET state = char(27) || '[31m'");
    }
    const auto audit = r.d.audit();
    const std::string said = said_by(audit);
    INFO(said);
    CHECK(audit.status == 1);
    CHECK(!said.contains('\x1b'));
    CHECK(said.size() > 20);
}

TEST_CASE("audit: a store that keeps nothing or does not exist is reported") {
    const daemon_terms in_memory{.peers = {{.name = "p1"}}, .store = "memory:"};
    const auto memory = run_daemon(in_memory, {"--audit"});
    CHECK(memory.status == 1);
    CHECK(memory.standard_error.contains("keeps nothing"));
    const daemon_terms absent{.peers = {{.name = "p1"}}, .store = "sqlite:/nowhere/ilpd.db"};
    const auto nowhere = run_daemon(absent, {"--audit"});
    CHECK(nowhere.status == 1);
    CHECK(nowhere.standard_error.contains("/nowhere/ilpd.db"));
}

TEST_CASE("audit: a PostgreSQL database without tables is reported and left unchanged") {
    const store_place place{store_kind::postgresql};
    const daemon_terms terms{.peers = {{.name = "p1"}}, .store = place.url()};
    const auto audit = run_daemon(terms, {"--audit"});
    CHECK(audit.status == 1);
    CHECK(audit.standard_error.contains("no ilpd tables"));
    CHECK(place.rows("SELECT 1 FROM pg_tables WHERE schemaname = 'public'").empty());
}

TEST_CASE("password: the password in the store's URL appears in no output") {
    const store_place place{store_kind::postgresql, {.tcp = true, .password = true}};
    const std::string url = with_password(place.server().tcp_url());
    rig r{[&](daemon_terms& terms) {
        terms.store = url;
        terms.log_level = "trace";
        terms.store_settings = {"startup_timeout: 0ms"};
    }};
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    const auto audit = r.d.audit();
    CHECK(audit.status == 0);
    CHECK(!shows_password(said_by(audit)));
    const auto checked = run_daemon(r.d.terms(), {"--check-config"});
    CHECK(checked.status == 0);
    CHECK(!shows_password(said_by(checked)));

    place.server().stop();
    REQUIRE(eventually([&] { return !r.d.is_ready(); }));
    const auto refused = run_daemon(r.d.terms());
    CHECK(refused.status == 1);
    CHECK(!shows_password(said_by(refused)));
    const auto not_audited = r.d.audit();
    CHECK(not_audited.status == 1);
    CHECK(!shows_password(said_by(not_audited)));
    place.server().start();
    REQUIRE(eventually([&] { return r.d.is_ready(); }));
    r.d.reload();
    REQUIRE(eventually([&] { return r.d.has_logged("reloaded"); }));
    CHECK(r.d.stop() == 0);
    CHECK(r.d.logs("postgresql://ilpd"));
    CHECK(!shows_password(r.d.log()));
}

TEST_CASE("password: neither a wrong password nor one in a malformed URL is shown") {
    const postgres_server server{{.tcp = true, .password = true}};
    std::string wrong = with_password(server.tcp_url());
    wrong.replace(wrong.find("word"), 4, "ward");
    for (const std::string& url :
         {wrong, std::string{"postgresql://ilpd:p%40ss%20word%2F1@127.0.0.1:1/ilpd?no_such_parameter=1"},
          std::string{"postgresql://ilpd:p%40ss%20word%2F1%zz@127.0.0.1:1/ilpd"},
          std::string{"postgresql://ilpd@127.0.0.1:1/ilpd?password=p%40ss%20word%2F1"},
          std::string{"postgres:ilpd:p%40ss%20word%2F1@127.0.0.1"}}) {
        INFO(url);
        daemon_terms terms{.peers = {{.name = "p1"}}, .log_level = "trace", .store = url};
        terms.store_settings = {"startup_timeout: 0ms"};
        for (const std::vector<std::string>& arguments :
             {std::vector<std::string>{}, {"--audit"}, {"--check-config"}}) {
            const auto run = run_daemon(terms, arguments);
            INFO(said_by(run));
            if (arguments != std::vector<std::string>{"--check-config"}) CHECK(run.status != 0);
            CHECK(!said_by(run).empty());
            CHECK(!shows_password(said_by(run)));
            CHECK(!said_by(run).contains("p%40ss"));
        }
    }
}

}  // namespace audit_test
