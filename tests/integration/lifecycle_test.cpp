#include "tests/support/rig.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>

namespace lifecycle_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

/// A script that fulfills once the gate is open.
fake_peer::script_type held_by(const std::shared_ptr<gate>& hold) {
    return [hold](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    };
}

}  // namespace

TEST_CASE("start: one log line says that the daemon is ready, and where it listens") {
    const rig r;
    const std::string log = r.d.log();
    const auto at = log.find("ready");
    REQUIRE(at != std::string::npos);
    const auto line_start = log.rfind('\n', at) + 1;
    const std::string line = log.substr(line_start, log.find('\n', at) - line_start);
    INFO(line);
    CHECK(line.find("test.d") != std::string::npos);
    CHECK(line.find(std::to_string(r.d.port())) != std::string::npos);
}

TEST_CASE("start: files that other users of the machine can read are reported, and the store is not among them") {
    rig r;
    CHECK(r.d.has_logged("ilpd.yaml contains tokens or passwords, and every user of this machine can access it"));
    CHECK_FALSE(r.d.has_logged("every user of this machine can access the database"));
    REQUIRE(r.d.stop() == 0);
    std::filesystem::permissions(r.d.folder() / "ilpd.db", std::filesystem::perms{0666});
    r.d.start();
    CHECK(r.d.logs("every user of this machine can access the database"));
    for (const auto* const name : {"ilpd.db-wal", "ilpd.db-shm"}) {
        CHECK(std::filesystem::status(r.d.folder() / name).permissions() == std::filesystem::perms{0600});
    }
}

TEST_CASE("start: health and readiness are served") {
    const rig r;
    CHECK_NOTHROW(http_get(r.d.metrics_port(), "/healthz"));
    CHECK_NOTHROW(http_get(r.d.metrics_port(), "/readyz"));
    auto response = http_connection{r.d.metrics_port()}.exchange({.method = "GET", .target = "/nowhere"});
    REQUIRE(response);
    CHECK(response->status() == 404);
}

TEST_CASE("start: a port in use is reported, with an exit status other than 0") {
    const rig r;
    daemon_terms terms{.peers = {{.name = "p1"}}};
    const temporary_directory folder;
    const auto taken = run_daemon(to_yaml(terms, folder.path(), free_port(), r.d.metrics_port(), free_port()));
    CHECK(taken.status != 0);
    CHECK((taken.standard_output + taken.standard_error).find(std::to_string(r.d.metrics_port())) != std::string::npos);
}

TEST_CASE("start: a second daemon on the same connector port is refused") {
    const rig r;
    daemon_terms terms{.peers = {{.name = "p1"}}};
    const temporary_directory folder;
    const auto taken = run_daemon(to_yaml(terms, folder.path(), r.d.port(), free_port(), free_port()));
    CHECK(taken.status != 0);
    CHECK((taken.standard_output + taken.standard_error).find(std::to_string(r.d.port())) != std::string::npos);
}

TEST_CASE("start: a second daemon on the same database is refused, and the first continues") {
    const rig r;
    const auto second = run_daemon(to_yaml(r.d.terms(), r.d.folder(), free_port(), free_port(), free_port()));
    CHECK(second.status != 0);
    const std::string said = second.standard_output + second.standard_error;
    INFO(said);
    CHECK(said.find("ilpd.db") != std::string::npos);
    CHECK(said.find("ready") == std::string::npos);
    const prepare sent{.amount = 10};
    expect_fulfill(r.send(sent), sent);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 10);
}

TEST_CASE("start: deposits are made once, terms follow the file") {
    rig r;
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    REQUIRE(r.d.stop() == 0);
    r.d.terms().peers[0].liquidity = 5;
    r.d.terms().peers[0].terms = {"max_packet_amount: 50"};
    r.d.start();
    CHECK(r.d.liquidity("p1") == default_liquidity - 10);
    CHECK(r.d.liquidity("p2") == default_liquidity + 10);
    CHECK(r.d.logs("initial_liquidity is now 5 instead of " + std::to_string(default_liquidity)));
    CHECK(r.d.logs("ilpctl liquidity deposit p1 AMOUNT"));
    CHECK_FALSE(r.d.has_logged("peer p2"));
    expect_amount_too_large(r.send({.amount = 51}), 51, 50);
}

TEST_CASE("stop: SIGTERM ends a quiet daemon with status 0, and its balances are kept") {
    rig r;
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    http_connection idle{r.d.port()};
    CHECK(outcome(idle.exchange(ilp_request(encode(prepare{})))) == "fulfill");
    CHECK(r.d.stop() == 0);
    CHECK(idle.wait_until_closed());
    r.d.start();
    CHECK(r.d.liquidity("p1") == default_liquidity - 11);
    CHECK(r.d.liquidity("p2") == default_liquidity + 11);
}

TEST_CASE("stop: SIGINT stops in the same way") {
    rig r;
    r.d.process().signal(SIGINT);
    CHECK(r.d.process().wait(patience) == 0);
}

TEST_CASE("stop: packets in flight are finished first") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script(held_by(hold));
    const prepare sent{.amount = 10, .expires_in = 30s};
    http_connection connection{r.d.port()};
    connection.send(ilp_request(encode(sent)));
    REQUIRE(r.p2.wait_for_requests(1));
    r.d.process().signal(SIGTERM);
    REQUIRE(eventually([&] {  // new connections are refused
        try {
            return outcome(r.send({.amount = 0})) != "fulfill";
        } catch (const std::system_error&) {
            return true;
        }
    }));
    CHECK(r.d.running());
    hold->open();
    const auto answer = connection.receive();
    expect_fulfill(answer, sent);
    CHECK(answer->header("connection") == "close");
    CHECK(r.d.process().wait(patience) == 0);
    r.d.start();
    CHECK(r.d.liquidity("p1") == default_liquidity - 10);
    CHECK(r.d.liquidity("p2") == default_liquidity + 10);
}

TEST_CASE("stop: new packets meanwhile get T03 and the end of their connection") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script(held_by(hold));
    const prepare sent{.amount = 10, .expires_in = 30s};
    http_connection connection{r.d.port()};
    connection.send(ilp_request(encode(sent)));
    REQUIRE(r.p2.wait_for_requests(1));
    // A request that begins before the signal and ends after it.
    const std::string late = serialize(ilp_request(encode({.amount = 20})));
    http_connection begun{r.d.port()};
    begun.send(late.substr(0, late.size() - 1));
    const prepare barrier{.destination = "test.nowhere"};
    expect_reject(r.send(barrier), "F02");
    r.d.process().signal(SIGTERM);
    REQUIRE(eventually([&] {
        try {
            return outcome(r.send(barrier)) != "F02";
        } catch (const std::system_error&) {
            return true;
        }
    }));
    begun.send(late.substr(late.size() - 1));
    const auto refused = begun.receive();
    expect_reject(refused, "T03");
    CHECK(refused->header("connection") == "close");
    CHECK(begun.wait_until_closed());
    hold->open();
    expect_fulfill(connection.receive(), sent);
    CHECK(r.d.process().wait(patience) == 0);
    CHECK(r.p2.request_count() == 1);
}

TEST_CASE(
    "stop: senders with kept connections get an answer to a Prepare that follows at once, and are told to leave") {
    // The daemon ends as soon as all have left, so a long grace does not make this test slow.
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 2", "shutdown_grace: 60s"}; }};
    std::deque<http_connection> senders;
    for (int i = 0; i < 100; ++i) {
        const auto answer = senders.emplace_back(r.d.port()).exchange(ilp_request(encode(prepare{})));
        REQUIRE(outcome(answer) == "fulfill");
        REQUIRE_FALSE(answer->header("connection"));
    }
    r.d.process().signal(SIGTERM);
    for (auto& sender : senders) {
        REQUIRE(eventually([&] {  // the first few may come before the signal does
            const auto answer = sender.exchange(ilp_request(encode(prepare{})));
            REQUIRE(answer);
            if (answer->header("connection") != "close") return false;
            CHECK((outcome(answer) == "T03" || outcome(answer) == "fulfill"));
            return true;
        }));
    }
    CHECK(r.d.process().wait(patience) == 0);
}

TEST_CASE("stop: answers of the listeners for metrics and for auto-peering end their connections") {
    const std::uint16_t auto_peering = free_port();
    rig r{[&](daemon_terms& terms) {
        terms.auto_peering = {"enabled: true", "listen: 127.0.0.1:" + std::to_string(auto_peering),
                              "connector_url: http://127.0.0.1:1/"};
    }};
    const auto hold = std::make_shared<gate>();
    r.p2.set_script(held_by(hold));
    http_connection sender{r.d.port()};
    sender.send(ilp_request(encode(prepare{.amount = 10, .expires_in = 30s})));
    REQUIRE(r.p2.wait_for_requests(1));

    http_connection metrics{r.d.metrics_port()};
    http_connection peering{auto_peering};
    const auto says_close = [](http_connection& connection, const char* target) {
        const auto answer = connection.exchange({.method = "GET", .target = target});
        REQUIRE(answer);
        return answer->header("connection") == "close";
    };
    CHECK_FALSE(says_close(metrics, "/healthz"));
    CHECK_FALSE(says_close(peering, "/"));
    r.d.process().signal(SIGTERM);
    CHECK(eventually([&] { return says_close(metrics, "/healthz"); }));
    CHECK(metrics.wait_until_closed());
    CHECK(says_close(peering, "/"));
    CHECK(peering.wait_until_closed());
    hold->open();
    CHECK(outcome(sender.receive()) == "fulfill");
    CHECK(r.d.process().wait(patience) == 0);
}

TEST_CASE("stop: a packet whose next hop stays silent expires, and then it stops") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "min_expiration_window: 200ms"}; }};
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    http_connection connection{r.d.port()};
    connection.send(ilp_request(encode({.amount = 10, .expires_in = 2s})));
    REQUIRE(r.p2.wait_for_requests(1));
    r.d.process().signal(SIGTERM);
    expect_reject(connection.receive(), "R00");
    CHECK(r.d.process().wait(patience) == 0);
    r.d.start();
    CHECK(r.d.liquidity("p1") == default_liquidity);
}

TEST_CASE("stop: a second signal that comes at once changes nothing") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script(held_by(hold));
    const prepare sent{.amount = 10, .expires_in = 30s};
    http_connection connection{r.d.port()};
    connection.send(ilp_request(encode(sent)));
    REQUIRE(r.p2.wait_for_requests(1));
    r.d.process().signal(SIGINT);
    r.d.process().signal(SIGTERM);
    REQUIRE(eventually([&] {  // new connections are refused
        try {
            return outcome(r.send({.amount = 0})) != "fulfill";
        } catch (const std::system_error&) {
            return true;
        }
    }));
    hold->open();
    expect_fulfill(connection.receive(), sent);
    CHECK(r.d.process().wait(patience) == 0);
}

TEST_CASE("stop: SIGQUIT ends the daemon without waiting, and so does a SIGTERM that is repeated later") {
    const bool quit = GENERATE(true, false);
    CAPTURE(quit);
    rig r;
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    http_connection connection{r.d.port()};
    connection.send(ilp_request(encode({.amount = 10, .expires_in = 30s})));
    REQUIRE(r.p2.wait_for_requests(1));
    std::optional<int> status;
    if (quit) {
        r.d.process().signal(SIGQUIT);
        status = r.d.process().wait(patience);
    } else {
        REQUIRE(eventually([&] {
            r.d.process().signal(SIGTERM);
            status = r.d.process().wait(milliseconds{50});
            return status.has_value();
        }));
    }
    CHECK(status == 1);
    CHECK(r.d.logs("stopping at once"));
    r.d.start();
    CHECK(r.d.liquidity("p1") == default_liquidity);
}

TEST_CASE("start: a signal that comes before the daemon is ready waits until it is") {
    // While the daemon waits for the rest of its file, it is certainly not ready.
    const temporary_directory folder;
    const auto config = folder.path() / "ilpd.yaml";
    REQUIRE(::mkfifo(config.c_str(), 0600) == 0);
    command what;
    what.arguments = {daemon_program(), "--config", config.string()};
    what.output = folder.path() / "log";
    child_process daemon{std::move(what)};
    descriptor file{::open(config.c_str(), O_WRONLY | O_CLOEXEC)};  // waits until the daemon reads it
    REQUIRE(file.get() >= 0);
    daemon.signal(SIGHUP);
    const std::string yaml = to_yaml({.peers = {{.name = "p1"}}}, folder.path(), free_port(), free_port(), free_port());
    std::ofstream{folder.path() / "next.yaml"} << yaml;
    std::filesystem::rename(folder.path() / "next.yaml", config);
    REQUIRE(::write(file.get(), yaml.data(), yaml.size()) == static_cast<ssize_t>(yaml.size()));
    file.close();
    daemon.wait_for_output("reloaded", patience);
    CHECK(daemon.stop(patience) == 0);
}

TEST_CASE("reload: SIGHUP takes new terms, tokens and peers without a restart") {
    fake_peer p3;
    rig r;
    http_connection kept{r.d.port()};
    CHECK(outcome(kept.exchange(ilp_request(encode(prepare{})))) == "fulfill");
    auto& peers = r.d.terms().peers;
    peers[0].terms = {"max_packet_amount: 50"};
    peers[1].routes = {"test.p2alias"};
    peers.push_back({.name = "p3", .port = p3.port(), .liquidity = 77});
    r.d.write_config();
    r.d.process().signal(SIGHUP);
    REQUIRE(eventually([&] { return r.d.scrape().has("ilp_peer_liquidity", {{"peer", "p3"}}); }));
    REQUIRE(eventually([&] { return outcome(r.send({.destination = "test.p3"})) == "fulfill"; }));
    expect_amount_too_large(kept.exchange(ilp_request(encode({.amount = 51}))), 51, 50);
    CHECK(outcome(r.send({.destination = "test.p2alias.x"})) == "fulfill");
    CHECK(r.d.settled_liquidity("p3") == 78);
    CHECK(outcome(r.d.post(prepare{.amount = 3}, "p3")) == "fulfill");
}

TEST_CASE("reload: a broken file is reported, and the old terms stay") {
    rig r;
    std::ofstream{r.d.config_path()} << "nonsense: true\n";
    r.d.process().signal(SIGHUP);
    CHECK(eventually([&] { return r.d.log().find("nonsense") != std::string::npos; }));
    CHECK(outcome(r.send(prepare{})) == "fulfill");
}

}  // namespace lifecycle_test
