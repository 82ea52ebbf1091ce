#include "tests/integration/packet_under_way.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/rig.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace take_over_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

bool within_a_minute(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 1min;
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(20ms);
    }
    return true;
}

std::string last_line_of(const std::string& log) {
    const std::size_t end = log.find_last_not_of('\n') + 1;
    const std::size_t begin = log.find_last_of('\n', end - 1) + 1;
    return log.substr(begin, end - begin);
}

constexpr std::string_view standby_line = "waiting for the store as a standby";

/// Two daemons on one PostgreSQL server, with the same peers: `r.d`, which has the database, and its standby. The
/// network between the first one and the server can be cut.
struct daemon_pair {
    explicit daemon_pair(std::string hold_time = "30s") {
        const std::string url_of_first = "postgresql://ilpd@127.0.0.1:" + std::to_string(proxy.port()) + "/ilpd";
        REQUIRE(r.d.stop() == 0);
        r.d.terms().store = url_of_first;
        r.d.terms().connector = {"workers: 1", "max_hold_time: " + hold_time, "min_expiration_window: 100ms"};
        r.d.terms().store_settings = {"standby: true"};
        daemon_terms terms = r.d.terms();
        terms.store = server.url();
        second = std::make_unique<ilpd_daemon>(terms);
        REQUIRE(second->stop() == 0);
        r.d.start();
        second->launch();
        REQUIRE(second->logs(standby_line));
        CHECK(!second->is_ready());
        epoch = epoch_of(r.d);
    }

    static std::uint64_t epoch_of(const ilpd_daemon& daemon) {
        return static_cast<std::uint64_t>(daemon.scrape().sum("ilp_store_epoch", {}));
    }

    void expect_second_ready() const {
        REQUIRE(within_a_minute([&] { return second->is_ready(); }));
        CHECK(epoch_of(*second) > epoch);
    }
    void expect_second_forwards() const {
        const prepare sent{.amount = 7, .data = random_bytes(8)};
        expect_fulfill(second->post(sent), sent);
    }
    /// The first daemon has noticed that it is out, and has ended. Started again, it is the standby of the other one.
    void expect_first_out() {
        const auto status = r.d.process().wait(1min);
        INFO(r.d.log());
        REQUIRE(status == 1);
        const std::string last_line = last_line_of(r.d.log());
        CHECK(last_line.contains("stopped: another daemon has taken over the store"));
        CHECK(last_line.contains("another ilpd (on "));
        CHECK(last_line.contains("(epoch "));
        CHECK(!r.d.has_logged("they are lost"));
        r.d.launch();
        REQUIRE(r.d.logs(standby_line));
        CHECK(!r.d.is_ready());
        CHECK(second->is_ready());
    }
    /// As if the daemon that has the database had given no sign of life for the time of its lease.
    void end_lease() const { server.execute("UPDATE daemons SET lease_until = 0"); }

    postgres_server server{{.tcp = true}};
    tcp_proxy proxy{server.port()};
    rig r;
    std::unique_ptr<ilpd_daemon> second;
    std::uint64_t epoch = 0;
};

/// Stops the process in its tracks, and waits until each of its threads has stopped: the signal only asks for it.
void suspend(child_process& process) {
    process.signal(SIGSTOP);
    const std::filesystem::path threads = "/proc/" + std::to_string(process.pid()) + "/task";
    REQUIRE(eventually([&] {
        for (const auto& thread : std::filesystem::directory_iterator{threads}) {
            std::ifstream file{thread.path() / "stat"};
            const std::string stat{std::istreambuf_iterator<char>{file}, {}};
            const auto name_end = stat.rfind(") ");
            if (name_end == std::string::npos || stat.at(name_end + 2) != 'T') return false;
        }
        return true;
    }));
}

}  // namespace

TEST_CASE("take-over: after kill -9 under load, the standby goes on with every Fulfill that a sender has seen") {
    daemon_pair p{"1s"};
    std::uint64_t fulfilled = 0;
    {
        http_connection connection{p.r.d.port()};
        std::vector<prepare> sent;
        for (int i = 0; i < 64; ++i) {
            sent.push_back({.amount = 10, .data = random_bytes(8)});
            connection.send(ilp_request(encode(sent.back())));
        }
        // Some are answered before it dies, and others not.
        for (std::size_t i = 0; i < sent.size(); ++i) {
            if (i == 20) p.r.d.kill9();
            const auto response = connection.receive();
            if (!response) break;
            if (outcome(response) == "fulfill") fulfilled += 10;
        }
    }
    REQUIRE(fulfilled >= 200);
    p.expect_second_ready();
    const std::uint64_t found = p.second->settled_liquidity("p2");
    CHECK(found >= default_liquidity + fulfilled);
    CHECK(found <= default_liquidity + 640);
    p.expect_second_forwards();
    CHECK(p.second->settled_liquidity("p2") == found + 7);
    CHECK(p.second->audit().status == 0);
    // The one that was killed is now the standby of the other one, and takes over in turn when that one is stopped.
    p.r.d.launch();
    REQUIRE(p.r.d.logs(standby_line));
    const std::uint64_t epoch = daemon_pair::epoch_of(*p.second);
    CHECK(p.second->stop() == 0);
    REQUIRE(within_a_minute([&] { return p.r.d.is_ready(); }));
    CHECK(daemon_pair::epoch_of(p.r.d) > epoch);
    CHECK(p.r.d.settled_liquidity("p2") == found + 7);
    CHECK(p.r.d.audit().status == 0);
}

TEST_CASE("take-over: the Admin API and the metrics show who has the database, also those of the standby") {
    daemon_pair p;
    const auto cluster_of = [](const ilpd_daemon& daemon) {
        return admin_client{daemon.admin_port()}
            .ask(
                "{ cluster { isShared host hasTakenOver epoch leaseSeconds daemons { slot state isSelf host instance "
                "epoch lastCommit leaseUntil leaseSeconds } } node { cluster { epoch } } }")
            .body()
            .at("data");
    };
    const auto first = cluster_of(p.r.d);
    const auto& cluster = first.at("cluster");
    const auto first_host = text_at(cluster, "host");
    CHECK(first_host.contains("process " + std::to_string(p.r.d.process().pid())));
    CHECK(cluster.at("isShared").as_bool());
    CHECK_FALSE(cluster.at("hasTakenOver").as_bool());
    CHECK(cluster.at("leaseSeconds").to_number<double>() > 0);
    CHECK(text_at(cluster, "epoch") == std::to_string(p.epoch));
    CHECK(first.at("node").at("cluster").at("epoch") == cluster.at("epoch"));
    REQUIRE(cluster.at("daemons").as_array().size() == 1);
    const auto& place = cluster.at("daemons").at(0);
    CHECK(text_at(place, "state") == "ACTIVE");
    CHECK(place.at("isSelf").as_bool());
    CHECK(text_at(place, "host") == first_host);
    CHECK(text_at(place, "instance") == p.server.value("SELECT instance FROM daemons"));
    CHECK(text_at(place, "epoch") == std::to_string(p.epoch));
    CHECK(place.at("leaseSeconds").to_number<double>() > 0);

    // The standby asks twice a second, and knows the holder from the first time on.
    const auto standby = p.second->scrape();
    CHECK(p.r.d.scrape().sum("ilp_active", {}) == 1);
    CHECK(p.r.d.scrape().sum("ilp_store_holder_info", {{"holder", first_host}}) == 1);
    CHECK(p.r.d.scrape().sum("ilp_store_takeovers_total", {}) == 0);
    CHECK(standby.sum("ilp_active", {}) == 0);
    CHECK(standby.sum("ilp_store_holder_info", {{"holder", first_host}}) == 1);
    CHECK(daemon_pair::epoch_of(*p.second) == p.epoch);
    CHECK(standby.sum("ilp_store_lease_seconds", {}) > 0);

    CHECK(p.r.d.stop() == 0);
    p.expect_second_ready();
    const auto after = cluster_of(*p.second).at("cluster");
    CHECK(after.at("hasTakenOver").as_bool());
    CHECK(text_at(after, "host") != first_host);
    CHECK(text_at(after.at("daemons").at(0), "host") == text_at(after, "host"));
    CHECK(after.at("daemons").at(0).at("isSelf").as_bool());
    CHECK(p.second->scrape().sum("ilp_active", {}) == 1);
    CHECK(p.second->scrape().sum("ilp_store_takeovers_total", {}) == 1);
    CHECK(p.second->scrape().sum("ilp_store_holder_info", {{"holder", text_at(after, "host")}}) == 1);
}

TEST_CASE("take-over: while the database cannot be read, the daemon tells what it knows without it") {
    daemon_pair p{"1s"};
    p.proxy.cut_off();
    REQUIRE(within_a_minute([&] { return !p.r.d.is_ready(); }));
    const auto cluster = admin_client{p.r.d.admin_port()}
                             .ask("{ cluster { isShared host epoch leaseSeconds daemons { slot } } }")
                             .body()
                             .at("data")
                             .at("cluster");
    CHECK(cluster.at("isShared").as_bool());
    CHECK(cluster.at("daemons").is_null());
    CHECK(text_at(cluster, "epoch") == std::to_string(p.epoch));
    p.expect_second_ready();
    REQUIRE(within_a_minute([&] { return p.r.d.scrape().sum("ilp_active", {}) == 0; }));
    CHECK(p.second->scrape().sum("ilp_active", {}) == 1);
    p.expect_second_forwards();  // so that the first one is out for good
    p.proxy.restore();
    p.expect_first_out();
}

TEST_CASE("take-over: a daemon that is started again after kill -9 does not wait for its lease, and needs no standby") {
    daemon_pair p;
    CHECK(p.second->stop() == 0);
    p.r.d.terms().store_settings = {"lease_time: 1h"};
    for (int round = 0; round < 3; ++round) {
        const std::uint64_t epoch = daemon_pair::epoch_of(p.r.d);
        p.r.d.kill9();
        p.r.d.start();
        CHECK(daemon_pair::epoch_of(p.r.d) > epoch);
    }
    SECTION("while another one without its name is refused, and is told what to do") {
        daemon_terms terms = p.r.d.terms();
        terms.store = p.server.url();
        const auto refused = run_daemon(terms);
        CHECK(refused.status == 1);
        CHECK(refused.standard_error.contains("store.standby: true"));
        CHECK(p.r.d.is_ready());
    }
}

TEST_CASE("take-over: a daemon that was stopped in its tracks tells nobody of a Fulfill that it can post no more") {
    daemon_pair p;
    packet_under_way fulfilled{p.r, 1000};
    packet_under_way unanswered{p.r, 1000};
    suspend(p.r.d.process());
    fulfilled.fulfill();
    p.end_lease();
    p.expect_second_ready();
    CHECK(p.second->settled_liquidity("p2") == default_liquidity);
    p.expect_second_forwards();
    p.r.d.process().signal(SIGCONT);
    fulfilled.expect_rejected("T00");
    unanswered.expect_rejected("T00");
    p.expect_first_out();
    CHECK(p.second->settled_liquidity("p2") == default_liquidity + 7);
    CHECK(p.second->audit().status == 0);
    // It registers anew when the place is free again.
    const std::uint64_t epoch = daemon_pair::epoch_of(*p.second);
    CHECK(p.second->stop() == 0);
    REQUIRE(within_a_minute([&] { return p.r.d.is_ready(); }));
    CHECK(daemon_pair::epoch_of(p.r.d) > epoch);
    CHECK(p.r.d.settled_liquidity("p2") == default_liquidity + 7);
}

TEST_CASE("take-over: a daemon that was stopped for longer than its lease forwards no packet when it goes on") {
    daemon_pair p{"1s"};
    suspend(p.r.d.process());
    http_connection connection{p.r.d.port()};
    connection.send(ilp_request(encode(prepare{.amount = 10, .expires_in = 300s})));
    p.expect_second_ready();
    p.expect_second_forwards();
    CHECK(p.r.p2.request_count() == 1);
    p.r.d.process().signal(SIGCONT);
    const std::string answer = outcome(connection.receive());
    CHECK((answer == "T00" || answer == "T03" || answer == "no answer"));
    p.expect_first_out();
    CHECK(p.r.p2.request_count() == 1);
    CHECK(p.second->audit().status == 0);
}

TEST_CASE("take-over: a daemon that is cut off from the server refuses packets, and its standby takes over") {
    daemon_pair p{"1s"};
    const prepare before{.amount = 10, .data = random_bytes(8)};
    expect_fulfill(p.r.send(before), before);
    p.proxy.cut_off();
    REQUIRE(within_a_minute([&] { return !p.r.d.is_ready(); }));
    expect_reject(p.r.send({.amount = 10}), "T00");
    p.expect_second_ready();
    p.expect_second_forwards();
    CHECK(p.r.d.running());
    p.proxy.restore();
    p.expect_first_out();
    CHECK(p.second->settled_liquidity("p2") == default_liquidity + 17);
    CHECK(p.second->audit().status == 0);
}

TEST_CASE("take-over: a daemon that is stopped leaves its place to the standby at once") {
    daemon_pair p;
    const prepare before{.amount = 10, .data = random_bytes(8)};
    expect_fulfill(p.r.send(before), before);
    CHECK(p.r.d.stop() == 0);
    p.expect_second_ready();
    CHECK(p.second->settled_liquidity("p2") == default_liquidity + 10);
    p.expect_second_forwards();
    SECTION("and the standby can be stopped while it waits") {
        p.r.d.launch();
        REQUIRE(p.r.d.logs(standby_line));
        CHECK(p.r.d.stop() == 0);
        CHECK(p.r.d.has_logged("stopped before the store was open"));
    }
}

}  // namespace take_over_test
