#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairness_test {

// One busy peer must not push another away: neither with many connections, nor with packets that are never fulfilled.

namespace {

using namespace support;
using namespace std::chrono_literals;

prepare packet_to(std::string_view peer, std::uint64_t amount = 1, std::string_view data = {}) {
    return {
        .amount = amount, .destination = "test." + std::string{peer} + ".x", .data = to_bytes(data), .expires_in = 60s};
}

std::string text_of(const prepare& prepare, std::string_view from) {
    return serialize(ilp_request(encode(prepare), from));
}

/// Fulfills once the gate is open.
fake_peer::script_type held_by(std::shared_ptr<gate> hold) {
    return [hold = std::move(hold)](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = hold;
        return answer;
    };
}

double in_flight(const rig& r) {
    return r.d.scrape().sum("ilp_packets_in_flight");
}

/// Sends packets on connections of their own until one is refused or `packets_max` are in flight, and returns those in
/// flight. `refusal` becomes the code of the refusal.
std::deque<http_connection> hold_all(const rig& r, const prepare& each, std::string_view from, std::size_t packets_max,
                                     std::string& refusal) {
    std::deque<http_connection> held;
    const double before = in_flight(r);
    while (held.size() < packets_max) {
        http_connection& next = held.emplace_back(r.d.port());
        next.send(text_of(each, from));
        std::optional<http_message> answer;
        REQUIRE(eventually([&] {
            if (in_flight(r) == before + static_cast<double>(held.size())) return true;
            answer = next.receive(10ms);
            return answer.has_value();
        }));
        if (!answer) continue;
        refusal = outcome(answer);
        held.pop_back();
        break;
    }
    return held;
}

/// Connections that a peer has already used.
std::deque<http_connection> connections_of(const rig& r, std::string_view peer, std::size_t count) {
    std::deque<http_connection> made;
    for (std::size_t i = 0; i < count; ++i) {
        made.emplace_back(r.d.port()).send(text_of(packet_to("p2"), peer));
        REQUIRE(outcome(made.back().receive()) == "fulfill");
    }
    return made;
}

}  // namespace

TEST_CASE("fairness: turns are shared by peer, whatever the number of connections and of requests on them") {
    constexpr std::size_t greedy_connections = 100;
    constexpr std::size_t honest_connections = 10;
    constexpr std::size_t requests_each = 32;
    constexpr std::size_t honest_packets = honest_connections * requests_each;
    const rig r{[](daemon_terms& terms) {
        terms.store = "memory:";
        terms.log_level = "info";
        terms.peers[1].outgoing = {"max_connections: 1", "max_waiting: 20000"};  // so that it receives them in order
        terms.peers.push_back({.name = "p3"});
    }};
    auto greedy = connections_of(r, "p1", greedy_connections);
    auto honest = connections_of(r, "p3", honest_connections);
    const std::size_t before = r.p2.request_count();
    const auto many = [](std::string_view peer, std::string_view data) {
        std::string octets;
        for (std::size_t i = 0; i < requests_each; ++i) octets += text_of(packet_to("p2", 1, data), peer);
        return octets;
    };
    // While the daemon is stopped, everything arrives, and that of the honest peer last.
    r.d.process().signal(SIGSTOP);
    for (auto& connection : greedy) REQUIRE(connection.send(many("p1", "greedy")));
    for (auto& connection : honest) REQUIRE(connection.send(many("p3", "honest")));
    r.d.process().signal(SIGCONT);
    for (auto& connection : honest) {
        for (std::size_t i = 0; i < requests_each; ++i) REQUIRE(outcome(connection.receive()) == "fulfill");
    }
    auto requests = r.p2.requests();
    requests.erase(requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(before));
    std::size_t greedy_ahead = 0;   // of the first packet of the honest peer
    std::size_t greedy_beside = 0;  // until the last one
    std::size_t honest_seen = 0;
    for (const http_message& request : requests) {
        if (honest_seen == honest_packets) break;
        const bool is_honest = decode_prepare(request.body).data == to_bytes("honest");
        honest_seen += is_honest;
        if (!is_honest) ++(honest_seen == 0 ? greedy_ahead : greedy_beside);
    }
    REQUIRE(honest_seen == honest_packets);
    CHECK(greedy_ahead < 1000);  // of 3200; the first turn, in which there was only one peer
    CHECK(greedy_beside < 2 * honest_packets);
    for (auto& connection : greedy) {
        for (std::size_t i = 0; i < requests_each; ++i) REQUIRE(outcome(connection.receive()) == "fulfill");
    }
    CHECK(r.p2.request_count() == before + (greedy_connections + honest_connections) * requests_each);
}

TEST_CASE("fairness: a peer that has all connections gives idle ones up to a peer that has fewer") {
    constexpr std::size_t room = 20;
    const rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1", "max_connections: 20"};
        terms.log_level = "info";
        terms.peers.push_back({.name = "p3"});
    }};
    const auto closed = [&](std::string_view reason) {
        return r.d.scrape().sum("ilp_connections_closed_for_room_total", {{"reason", reason}});
    };
    auto greedy = connections_of(r, "p1", room);
    http_connection beyond{r.d.port()};
    beyond.send(text_of(packet_to("p2"), "p1"));
    expect_status(beyond.receive(), 503);
    CHECK(beyond.wait_until_closed());
    CHECK(closed("too_many") == 1);

    auto honest = connections_of(r, "p3", room / 2);
    CHECK(closed("idle") == room / 2);
    http_connection more{r.d.port()};
    more.send(text_of(packet_to("p2"), "p3"));
    expect_status(more.receive(), 503);
    for (auto& each : honest) {
        each.send(text_of(packet_to("p2"), "p3"));
        CHECK(outcome(each.receive()) == "fulfill");
    }
    // Strangers cost no peer a connection, and the greedy one has kept its share, of those that were idle for less
    // long.
    std::deque<http_connection> strangers;
    for (std::size_t i = 0; i < 2 * room; ++i) strangers.emplace_back(r.d.port());
    CHECK(strangers.front().wait_until_closed());
    for (std::size_t i = 0; i < room / 2; ++i) CHECK(greedy[i].wait_until_closed());
    for (std::size_t i = room / 2; i < room; ++i) {
        greedy[i].send(text_of(packet_to("p2"), "p1"));
        CHECK(outcome(greedy[i].receive()) == "fulfill");
    }
    CHECK(closed("idle") == room / 2);
    CHECK(closed("busy") == 0);
    CHECK(r.d.logs("too many incoming connections: one of the peer that has most is closed"));
}

TEST_CASE("fairness: a peer whose connections are all busy gives one up with its next answer, and no packet is lost") {
    constexpr std::size_t room = 4;
    rig r{[](daemon_terms& terms) {
        terms.connector = {"workers: 1", "max_connections: 4"};
        terms.peers.push_back({.name = "p3"});
        terms.peers.push_back({.name = "p4", .port = terms.peers[0].port});
    }};
    const auto hold = std::make_shared<gate>();
    r.p2.set_script(held_by(hold));
    std::string refusal;
    auto greedy = hold_all(r, packet_to("p2"), "p1", room, refusal);
    CHECK(refusal.empty());
    http_connection honest{r.d.port()};
    honest.send(text_of(packet_to("p4"), "p3"));
    CHECK(outcome(honest.receive()) == "fulfill");
    CHECK(r.d.scrape().sum("ilp_connections_closed_for_room_total", {{"reason", "busy"}}) == 1);
    hold->open();
    std::size_t ended = 0;
    for (auto& each : greedy) {
        const auto answer = each.receive();
        CHECK(outcome(answer) == "fulfill");
        if (answer->header("Connection") == "close") ++ended;
    }
    CHECK(ended == 1);
}

TEST_CASE("fairness: senders take turns for the connections to a next hop") {
    constexpr int of_greedy = 100;
    constexpr int of_honest = 5;
    rig r{[](daemon_terms& terms) {
        terms.store = "memory:";
        terms.peers[1].outgoing = {"max_connections: 1"};
        terms.peers.push_back({.name = "p3"});
    }};
    const auto hold = std::make_shared<gate>();
    r.p2.set_script(held_by(hold));
    std::string refusal;
    auto greedy = hold_all(r, packet_to("p2", 1, "greedy"), "p1", of_greedy, refusal);
    auto honest = hold_all(r, packet_to("p2", 1, "honest"), "p3", of_honest, refusal);
    CHECK(refusal.empty());
    hold->open();
    for (auto& each : greedy) CHECK(outcome(each.receive()) == "fulfill");
    for (auto& each : honest) CHECK(outcome(each.receive()) == "fulfill");
    const auto requests = r.p2.requests();
    REQUIRE(requests.size() == of_greedy + of_honest);
    // The first packet was under way already.
    CHECK(std::ranges::count_if(requests.begin(), requests.begin() + 1 + 2 * of_honest, [](const auto& request) {
              return decode_prepare(request.body).data == to_bytes("honest");
          }) == of_honest);
}

TEST_CASE("fairness: strangers without a token together have the share of one peer") {
    constexpr std::size_t strangers = 300;
    const rig r{[](daemon_terms& terms) {
        terms.store = "memory:";
        terms.log_level = "info";
    }};
    auto honest = connections_of(r, "p1", 1);
    std::deque<http_connection> others;
    for (std::size_t i = 0; i < strangers; ++i) {
        auto request = ilp_request(encode(packet_to("p2")));
        request.headers = {{"Authorization", "Bearer nobody"}, {"Content-Type", "application/octet-stream"}};
        others.emplace_back(r.d.port()).send(request);
    }
    for (int i = 0; i < 20; ++i) {
        honest[0].send(text_of(packet_to("p2"), "p1"));
        REQUIRE(outcome(honest[0].receive()) == "fulfill");
    }
    for (auto& other : others) expect_status(other.receive(), 401);
}

TEST_CASE("fairness: packets that their sender cannot pay for use up no throughput") {
    const rig r{[](daemon_terms& terms) {
        terms.peers[1].terms = {"outgoing_throughput: 1000"};
        terms.peers.push_back({.name = "p3", .liquidity = 0});
    }};
    http_connection flood{r.d.port()};
    for (int i = 0; i < 50; ++i) {
        CHECK(outcome(flood.exchange(ilp_request(encode(packet_to("p2", 1000)), "p3"))) == "T04");
    }
    CHECK(outcome(r.send(packet_to("p2", 1000))) == "fulfill");
}

TEST_CASE("fairness: what a packet takes of throughput is given back when it is not fulfilled") {
    rig r{[](daemon_terms& terms) {
        terms.connector.emplace_back("min_expiration_window: 100ms");
        terms.peers[0].terms = {"incoming_throughput: 1000"};
        terms.peers[1].terms = {"outgoing_throughput: 1000"};
        terms.peers.push_back({.name = "nobody"});
    }};
    const auto sends = [&](std::string_view to) { return outcome(r.send(packet_to(to, 1000))); };
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    for (int i = 0; i < 5; ++i) CHECK(sends("p2") == "F99");
    r.p2.set_script([](const http_message&) { return answer_http(500); });
    for (int i = 0; i < 5; ++i) CHECK(sends("p2") == "T00");
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    CHECK(outcome(r.send({.amount = 1000, .expires_in = 300ms})) == "R00");
    for (int i = 0; i < 5; ++i) CHECK(sends("nobody") == "T01");
    r.p2.set_script([](const http_message& request) { return answer_fulfill(request); });
    CHECK(sends("p2") == "fulfill");
    CHECK(sends("p2") == "T04");
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("fairness: packets that are held do not keep an asset's liquidity from other peers") {
    const auto hold = std::make_shared<gate>();
    fake_peer silent{held_by(hold)};
    fake_peer answers;
    const rig r{[&](daemon_terms& terms) {
        terms.assets = {{"USD", 9, 0}, {"USD", 2, 1000}};
        terms.peers.push_back({.name = "own", .port = silent.port(), .scale = 2});
        terms.peers.push_back({.name = "other", .port = answers.port(), .scale = 2});
        terms.peers.push_back({.name = "p3"});
    }};
    constexpr std::uint64_t hundred_cents = 1'000'000'000;
    std::string refusal;
    auto held = hold_all(r, packet_to("own", hundred_cents), "p1", 10, refusal);
    CHECK(held.size() == 8);
    CHECK(refusal == "T04");
    CHECK(r.d.logs("reason=asset_share_exceeded asset=USD/2"));
    for (int i = 0; i < 3; ++i) CHECK(outcome(r.d.post(packet_to("other", hundred_cents / 2), "p3")) == "fulfill");
    hold->open();
    for (auto& each : held) CHECK(outcome(each.receive()) == "fulfill");
    r.d.wait_until_idle();
    CHECK(r.d.audit().status == 0);
}

TEST_CASE("fairness: the amount in flight of a peer has a bound") {
    const auto hold = std::make_shared<gate>();
    fake_peer silent{held_by(hold)};
    const rig r{[&](daemon_terms& terms) {
        terms.peers[0].terms = {"max_in_flight_amount: 1000"};
        terms.peers.push_back({.name = "own", .port = silent.port()});
        terms.peers.push_back({.name = "p3"});
    }};
    std::string refusal;
    auto held = hold_all(r, packet_to("own", 300), "p1", 10, refusal);
    CHECK(held.size() == 3);
    CHECK(refusal == "T04");
    const auto refused = expect_reject(r.send(packet_to("p2", 101)), "T04");
    CHECK(refused.message.find("amount in flight") != std::string::npos);
    CHECK(outcome(r.send(packet_to("p2", 100))) == "fulfill");
    CHECK(outcome(r.d.post(packet_to("p2", 5000), "p3")) == "fulfill");
    hold->open();
    for (auto& each : held) CHECK(outcome(each.receive()) == "fulfill");
    r.d.wait_until_idle();
    CHECK(outcome(r.send(packet_to("p2", 1000))) == "fulfill");
}

TEST_CASE("fairness: a sender whose packets occupy many next hops leaves places to other senders") {
    constexpr int next_hops = 8;
    const auto hold = std::make_shared<gate>();
    fake_peer silent{held_by(hold)};
    const rig r{[&](daemon_terms& terms) {
        terms.connector = {"workers: 1", "max_packets_in_flight: 65"};
        for (int i = 0; i < next_hops; ++i) {
            terms.peers.push_back({.name = "s" + std::to_string(i), .port = silent.port()});
        }
        terms.peers.push_back({.name = "p3"});
    }};
    CHECK(outcome(r.send(packet_to("p2"))) == "fulfill");
    CHECK(outcome(r.d.post(packet_to("p2"), "p3")) == "fulfill");
    std::deque<http_connection> held;
    std::string refusal;
    for (int i = 0; refusal.empty(); ++i) {
        auto more = hold_all(r, packet_to("s" + std::to_string(i % next_hops)), "p1", 7, refusal);
        std::ranges::move(more, std::back_inserter(held));
    }
    CHECK(refusal == "T03");
    CHECK(held.size() == 52);  // four times as many as there are free places
    std::string none;
    auto of_p3 = hold_all(r, packet_to("s0"), "p3", 8, none);
    CHECK(none.empty());
    hold->open();
    for (auto& each : held) CHECK(outcome(each.receive()) == "fulfill");
    for (auto& each : of_p3) CHECK(outcome(each.receive()) == "fulfill");
}

}  // namespace fairness_test
