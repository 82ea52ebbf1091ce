#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

namespace risk_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("A18-01: a Fulfill at the last moment reaches the sender in time, also under load") {
    rig r;
    r.p2.set_script([](const http_message& request) {
        auto answer = answer_fulfill(request);
        const auto prepare = decode_prepare(request.body);
        if (prepare.data == to_bytes("late")) answer.delay = prepare.expires_at - now() - 100ms;
        return answer;
    });
    std::atomic<bool> done{false};
    std::jthread load{[&] {
        http_connection connection{r.d.port()};
        while (!done) connection.exchange(ilp_request(encode({.data = to_bytes("load")})));
    }};
    const ilp::timestamp expiry = now() + 2500ms;
    const prepare late{.amount = 10, .data = to_bytes("late"), .expires_at = expiry};
    const auto response = r.send(late);
    const bool in_time = now() < expiry;
    done = true;
    load.join();
    expect_fulfill(response, late);
    CHECK(in_time);
}

TEST_CASE("A18-02: under saturation no Fulfill that came in time is lost") {
    constexpr int senders = 12;
    constexpr int packets_each = 40;
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "max_packets_in_flight: 4"}; }};
    std::atomic<std::uint64_t> fulfilled_there{0};
    r.p2.set_script([&](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.delay = 2ms;
        ++fulfilled_there;
        return answer;
    });
    std::atomic<std::uint64_t> fulfilled_here{0}, busy{0}, other{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < senders; ++i) {
            threads.emplace_back([&] {
                http_connection connection{r.d.port()};
                for (int k = 0; k < packets_each; ++k) {
                    const auto result = outcome(connection.exchange(ilp_request(encode(prepare{}))));
                    ++(result == "fulfill" ? fulfilled_here : result == "T03" ? busy : other);
                }
            });
        }
    }
    CHECK(fulfilled_here == fulfilled_there);
    CHECK(fulfilled_here > 0);
    CHECK(busy > 0);
    CHECK(other == 0);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + fulfilled_here);
}

TEST_CASE("A18-08: connections beyond the limit are closed, and the others are served") {
    const rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "max_connections: 5"}; }};
    std::vector<http_connection> connections;
    for (int i = 0; i < 5; ++i) {
        auto& connection = connections.emplace_back(r.d.port());
        CHECK(outcome(connection.exchange(ilp_request(encode(prepare{})))) == "fulfill");
    }
    for (int i = 0; i < 3; ++i) {
        http_connection further{r.d.port()};
        REQUIRE(further.wait_until_closed());
    }
    for (auto& connection : connections) {
        CHECK(outcome(connection.exchange(ilp_request(encode(prepare{})))) == "fulfill");
    }
    connections.pop_back();
    CHECK(eventually([&] {
        http_connection next{r.d.port()};
        return outcome(next.exchange(ilp_request(encode(prepare{})))) == "fulfill";
    }));
}

}  // namespace risk_test
