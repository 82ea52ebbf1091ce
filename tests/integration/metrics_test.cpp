#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <fstream>

namespace metrics_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("metrics: packets, amounts and balances are counted") {
    rig r{[](daemon_terms& terms) {
        terms.peers[0].terms = {"liquidity_threshold: 500"};
        terms.assets = {{"USD", 9, 4000}};
    }};
    for (int i = 0; i < 3; ++i) CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    CHECK(outcome(r.send({.amount = 10, .destination = "test.nowhere"})) == "F02");
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    CHECK(outcome(r.send({.amount = 10})) == "F99");
    r.d.wait_until_idle();
    const metrics m = r.d.scrape();
    const auto count = [&](const metrics::labels& labels) { return m.sum("ilp_packets_total", labels); };
    CHECK(count({{"direction", "incoming"}, {"peer", "p1"}, {"type", "prepare"}}) == 5);
    CHECK(count({{"direction", "outgoing"}, {"peer", "p1"}, {"type", "fulfill"}}) == 3);
    CHECK(count({{"direction", "outgoing"}, {"peer", "p1"}, {"type", "reject"}, {"code", "F02"}}) == 1);
    CHECK(count({{"direction", "outgoing"}, {"peer", "p1"}, {"type", "reject"}, {"code", "F99"}}) == 1);
    CHECK(count({{"direction", "outgoing"}, {"peer", "p2"}, {"type", "prepare"}}) == 4);
    CHECK(count({{"direction", "incoming"}, {"peer", "p2"}, {"type", "fulfill"}}) == 3);
    CHECK(count({{"direction", "incoming"}, {"peer", "p2"}, {"type", "reject"}, {"code", "F99"}}) == 1);
    CHECK(m.sum("ilp_packet_amount_total", {{"direction", "incoming"}, {"peer", "p1"}}) == 30);
    CHECK(m.sum("ilp_packet_amount_total", {{"direction", "outgoing"}, {"peer", "p2"}}) == 30);
    CHECK(m.sum("ilp_peer_liquidity", {{"peer", "p1"}}) == static_cast<double>(default_liquidity - 30));
    CHECK(m.sum("ilp_peer_liquidity_threshold", {{"peer", "p1"}}) == 500);
    CHECK(!m.has("ilp_peer_liquidity_threshold", {{"peer", "p2"}}));
    CHECK(m.sum("ilp_asset_liquidity") == 4000);
    CHECK(m.sum("ilp_packet_duration_seconds_count", {{"peer", "p1"}}) >= 4);
    CHECK(m.sum("ilp_store_commit_transfers_count") >= 1);
    CHECK(m.sum("ilp_store_commit_seconds_count") >= 1);
    CHECK(m.sum("ilp_link_connections", {{"peer", "p2"}}) == 1);
    CHECK(m.sum("ilp_amount_in_flight") == 0);
}

TEST_CASE("metrics: the daemon, its connections, waiting packets and the last reload are shown") {
    rig r;
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    r.d.wait_until_idle();
    const metrics m = r.d.scrape();
    CHECK(m.sum("ilp_ready") == 1);
    CHECK(m.sum("ilp_build_info") == 1);
    CHECK(m.sum("ilp_last_reload_success") == 1);
    CHECK(m.sum("ilp_last_reload_timestamp_seconds") == m.sum("process_start_time_seconds"));
    CHECK(m.sum("ilp_next_hop_duration_seconds_count", {{"peer", "p2"}}) == 1);
    CHECK(m.sum("ilp_packets_pending") == 0);
    CHECK(m.sum("ilp_packets_pending_max") >= 20'000);
    CHECK(m.sum("ilp_incoming_connections_max") >= 10'000);
    CHECK(m.sum("ilp_oldest_hold_seconds") == 0);
    CHECK(m.sum("process_open_fds") > 5);
    CHECK(m.sum("process_max_fds") >= m.sum("process_open_fds"));
    CHECK(m.sum("process_resident_memory_bytes") > 1'000'000);
    CHECK(m.sum("process_cpu_seconds_total") > 0);
    CHECK(eventually([&] { return r.d.scrape().sum("ilp_store_bytes") > 10'000; }));

    // A packet that the next hop has and does not answer is pending, holds liquidity and grows old.
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([&](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    http_connection sender{r.d.port()};
    sender.send(ilp_request(encode({.amount = 10})));
    REQUIRE(r.p2.wait_for_requests(2));
    CHECK(eventually([&] { return r.d.scrape().sum("ilp_oldest_hold_seconds") > 0; }));
    CHECK(r.d.scrape().sum("ilp_packets_pending") == 1);
    CHECK(r.d.scrape().sum("ilp_incoming_connections") >= 1);
    hold->open();
    CHECK(outcome(sender.receive()) == "fulfill");

    r.d.terms().peers[0].terms = {"no_such_setting: 1"};
    r.d.reload();
    CHECK(eventually([&] { return r.d.scrape().sum("ilp_last_reload_success") == 0; }));
}

TEST_CASE("metrics: refused packets are counted by peer and reason, and the log names the reason") {
    rig r;
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    CHECK(outcome(r.send({.amount = 10, .destination = "test.nowhere"})) == "F02");
    CHECK(outcome(r.send({.amount = 10, .destination = "test.nowhere"})) == "F02");
    CHECK(outcome(r.d.post({.amount = 2 * default_liquidity, .destination = "test.p1"}, "p2")) == "T04");
    // A Reject from the next hop is not counted as one of ours.
    r.p2.set_script([](const http_message&) { return answer_reject("F02"); });
    CHECK(outcome(r.send({.amount = 10})) == "F02");
    const metrics m = r.d.scrape();
    const auto refused = [&](const metrics::labels& labels) { return m.sum("ilp_packets_refused_total", labels); };
    CHECK(refused({{"peer", "p1"}, {"reason", "no_route"}}) == 2);
    CHECK(refused({{"peer", "p2"}, {"reason", "sender_lacks_liquidity"}}) == 1);
    CHECK(refused({}) == 3);
    CHECK(r.d.logs("packet refused peer=p1 code=F02 reason=no_route"));
    CHECK(r.d.logs("packet refused peer=p2 code=T04 reason=sender_lacks_liquidity"));
}

TEST_CASE("metrics: a refusal for want of an asset's liquidity has a reason of its own, and the log names the asset") {
    rig r{[](daemon_terms& terms) { terms.peers[1].scale = 2; }};  // the liquidity of USD/2 is 0
    const auto refused = r.send({.amount = 1'000'000'000});
    CHECK(outcome(refused) == "T04");
    CHECK(r.d.scrape().sum("ilp_packets_refused_total", {{"peer", "p1"}, {"reason", "asset_lacks_liquidity"}}) == 1);
    CHECK(r.d.logs("packet refused peer=p1 code=T04 reason=asset_lacks_liquidity asset=USD/2"));
}

TEST_CASE("metrics: a refusal is counted even if its sender has disconnected") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([&](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    http_connection connection{r.d.port()};
    connection.send(ilp_request(encode({.amount = 10, .expires_in = 3s})));
    REQUIRE(r.p2.wait_for_requests(1));
    connection.reset();
    CHECK(eventually([&] {
        return r.d.scrape().sum("ilp_packets_refused_total", {{"peer", "p1"}, {"reason", "next_hop_timed_out"}}) == 1;
    }));
    CHECK(r.d.scrape().sum("ilp_packets_total",
                           {{"direction", "outgoing"}, {"peer", "p1"}, {"type", "reject"}, {"code", "R00"}}) == 1);
    hold->open();
}

TEST_CASE("metrics: packets in flight are shown") {
    rig r;
    const auto hold = std::make_shared<gate>();
    r.p2.set_script([&](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    });
    std::vector<http_connection> connections;
    for (int i = 0; i < 3; ++i) connections.emplace_back(r.d.port()).send(ilp_request(encode({.amount = 10})));
    REQUIRE(r.p2.wait_for_requests(3));
    CHECK(r.d.scrape().sum("ilp_packets_in_flight", {{"peer", "p2"}}) == 3);
    CHECK(r.d.scrape().sum("ilp_amount_in_flight", {{"peer", "p2"}}) == 30);
    CHECK(r.d.liquidity("p1") == default_liquidity - 30);
    CHECK(r.d.liquidity("p2") == default_liquidity);
    hold->open();
    for (auto& connection : connections) expect_fulfill(connection.receive(), {.amount = 10});
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 30);
}

TEST_CASE("metrics: unknown error codes do not create unlimited series") {
    rig r;
    int number = 0;
    r.p2.set_script([&](const http_message&) {
        char code[4] = {'X', static_cast<char>('A' + number / 26 % 26), static_cast<char>('A' + number % 26), 0};
        ++number;
        return answer_packet(encode_reject(code));
    });
    http_connection connection{r.d.port()};
    for (int i = 0; i < 200; ++i) connection.exchange(ilp_request(encode(prepare{})));
    CHECK(number == 200);
    std::size_t series = 0;
    const metrics scraped = r.d.scrape();
    for (const auto& [name, value] : scraped.series()) series += name.starts_with("ilp_packets_total");
    CHECK(series < 200);
}

TEST_CASE("metrics: promtool finds nothing to complain about") {
    rig r;
    CHECK(outcome(r.send({.amount = 10})) == "fulfill");
    const temporary_directory folder;
    std::ofstream{folder.path() / "metrics"} << http_get(r.d.metrics_port(), "/metrics");
    command what;
    what.arguments = {
        "sh", "-c",
        "command -v promtool >/dev/null || exit 77; promtool check metrics < " + (folder.path() / "metrics").string()};
    what.output = folder.path() / "output";
    child_process promtool{std::move(what)};
    const auto status = promtool.wait(patience);
    if (status == 77) {
        WARN("promtool (Debian package prometheus) is not installed: not checked");
        return;
    }
    INFO(promtool.output());
    CHECK(status == 0);
    CHECK(promtool.output().empty());
}

}  // namespace metrics_test
