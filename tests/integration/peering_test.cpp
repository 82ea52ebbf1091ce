#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <random>
#include <thread>

namespace peering_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("A32-01: only fulfilled packets change a balance") {
    rig r;
    std::uint64_t fulfilled = 0;
    int round = 0;
    for (const std::uint64_t amount : {10u, 20u, 30u, 40u, 50u, 60u}) {
        const bool fulfill = ++round % 2 == 0;
        r.p2.set_script(
            [=](const http_message& request) { return fulfill ? answer_fulfill(request) : answer_reject("F99"); });
        CHECK(outcome(r.send({.amount = amount})) == (fulfill ? "fulfill" : "F99"));
        if (fulfill) fulfilled += amount;
        CHECK(r.d.settled_liquidity("p1") == default_liquidity - fulfilled);
        CHECK(r.d.liquidity("p2") == default_liquidity + fulfilled);
    }
}

TEST_CASE("A32-02 A32-03: both directions move the balance by the amount") {
    const rig r;
    const prepare there{.amount = 70};
    expect_fulfill(r.send(there), there);
    const prepare back{.amount = 30, .destination = "test.p1.receiver"};
    expect_fulfill(r.d.post(back, "p2"), back);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 70 + 30);
    CHECK(r.d.liquidity("p2") == default_liquidity + 70 - 30);
}

TEST_CASE("A32-04: two daemons that are peers have opposite balances") {
    fake_peer left, right;
    const auto sometimes = [](const http_message& request) {
        const auto prepare = decode_prepare(request.body);
        return prepare.amount % 4 == 0 ? answer_reject("F99") : answer_fulfill(request);
    };
    left.set_script(sometimes);
    right.set_script(sometimes);
    const std::uint16_t alice_port = free_port();
    const std::uint16_t bob_port = free_port();
    const auto node = [](std::string own, std::string other, std::uint16_t other_port, const fake_peer& end) {
        daemon_terms terms{.address = "test." + own};
        terms.peers = {
            {.name = other, .port = other_port, .tokens = {token_for(own)}},
            {.name = own + "-end", .address = "test." + own + ".end", .port = end.port()},
        };
        return terms;
    };
    ilpd_daemon alice{node("alice", "bob", bob_port, left), alice_port};
    ilpd_daemon bob{node("bob", "alice", alice_port, right), bob_port};

    const auto traffic = [](const ilpd_daemon& from, std::string peer, std::string destination) {
        std::mt19937 random{std::random_device{}()};
        http_connection connection{from.port()};
        for (int i = 0; i < 150; ++i) {
            const prepare sent{.amount = random() % 1000, .destination = destination, .data = random_bytes(8)};
            connection.exchange(ilp_request(encode(sent), peer));
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&] { traffic(alice, "alice-end", "test.bob.end.x"); });
            threads.emplace_back([&] { traffic(bob, "bob-end", "test.alice.end.x"); });
        }
    }
    const auto gained = [](const ilpd_daemon& d, std::string_view peer) {
        return static_cast<std::int64_t>(d.settled_liquidity(peer) - default_liquidity);
    };
    const auto alice_of_bob = gained(alice, "bob");
    CHECK(gained(bob, "alice") == -alice_of_bob);
    CHECK(gained(alice, "alice-end") == -alice_of_bob);
    CHECK(gained(bob, "bob-end") == alice_of_bob);
    CHECK(left.request_count() > 0);
    CHECK(right.request_count() > 0);
}

TEST_CASE("A32-05: an amount above the credit is refused with T04, one equal to it passes") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].liquidity = 20; }};
    CHECK(outcome(r.send({.amount = 12})) == "fulfill");
    expect_reject(r.send({.amount = 9}), "T04");
    CHECK(outcome(r.send({.amount = 7})) == "fulfill");
    CHECK(outcome(r.send({.amount = 1})) == "fulfill");
    expect_reject(r.send({.amount = 1}), "T04");
    CHECK(r.d.settled_liquidity("p1") == 0);
}

TEST_CASE("A32-09: accounts of different scales keep their own units") {
    const rig r{[](daemon_terms& terms) {
        terms.peers[1].scale = 6;
        terms.assets = {{"USD", 9, 1000}, {"USD", 6, 5'000'000}};
    }};
    const prepare sent{.amount = 2'000'500};
    expect_fulfill(r.send(sent), sent);
    CHECK(r.p2.last_prepare().amount == 2000);
    CHECK(r.d.settled_liquidity("p1") == default_liquidity - 2'000'500);
    CHECK(r.d.asset_liquidity("USD", 9) == 1000 + 2'000'500);
    CHECK(r.d.asset_liquidity("USD", 6) == 5'000'000 - 2000);
    CHECK(r.d.liquidity("p2") == default_liquidity + 2000);
    expect_reject(r.send({.amount = 5'000'000'000}), "T04");  // the other asset lacks the liquidity
}

TEST_CASE("A32-10: amount 0 passes without credit") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].liquidity = 0; }};
    expect_reject(r.send({.amount = 1}), "T04");
    const prepare nothing{.amount = 0};
    expect_fulfill(r.send(nothing), nothing);
}

TEST_CASE("A32-12: balances cannot overflow") {
    rig r{[](daemon_terms& terms) {
        terms.peers[0].liquidity = u64_max;
        terms.peers[1].liquidity = 0;
    }};
    const std::uint64_t half = std::uint64_t{1} << 63;
    const prepare there{.amount = half};
    const prepare back{.amount = half, .destination = "test.p1.x"};
    expect_fulfill(r.send(there), there);
    expect_reject(r.send(there), "T04");
    expect_fulfill(r.d.post(back, "p2"), back);
    const prepare everything{.amount = u64_max};
    expect_fulfill(r.send(everything), everything);
    REQUIRE(r.d.stop() == 0);
    r.d.start();
    expect_reject(r.send({.amount = 1}), "T04");
    const prepare home{.amount = u64_max, .destination = "test.p1.x"};
    expect_fulfill(r.d.post(home, "p2"), home);
}

TEST_CASE("A32-12: a full account receives nothing more") {
    const rig r{[](daemon_terms& terms) { terms.peers[1].liquidity = u64_max; }};
    expect_reject(r.send({.amount = 1}), "T04");
    CHECK(r.p2.request_count() == 0);
    const prepare nothing{.amount = 0};
    expect_fulfill(r.send(nothing), nothing);
}

TEST_CASE("A34-02: an answer just before the expiry still counts") {
    rig r;
    r.p2.set_script([](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.delay = decode_prepare(request.body).expires_at - now() - 300ms;
        return answer;
    });
    const prepare sent{.amount = 10, .expires_in = 2500ms};
    expect_fulfill(r.send(sent), sent);
    CHECK(r.d.settled_liquidity("p2") == default_liquidity + 10);
}

TEST_CASE("A34-05: a peer without an asset is refused by the configuration") {
    const rig r;
    std::string yaml = to_yaml(r.d.terms(), r.d.folder(), free_port(), free_port(), free_port());
    const auto at = yaml.find("    asset: {");
    REQUIRE(at != std::string::npos);
    yaml.erase(at, yaml.find('\n', at) + 1 - at);
    const auto refused = run_daemon(yaml, {"--check-config"});
    CHECK(refused.status == 2);
    CHECK(refused.standard_error.find("peers[0].asset") != std::string::npos);
}

TEST_CASE("A34-08: no two peers may serve the same prefix") {
    daemon_terms terms;
    terms.peers = {{.name = "p1", .routes = {"test.shared"}}, {.name = "p2", .routes = {"test.shared"}}};
    const auto refused = run_daemon(terms, {"--check-config"});
    CHECK(refused.status == 2);
    CHECK(refused.standard_error.find("peers[1].routes[0]") != std::string::npos);
}

TEST_CASE("A34-13: when the link drops, the packets on it are rejected at once") {
    constexpr std::size_t in_flight = 100;
    rig r;
    r.p2.set_script([](const http_message&) { return answer_silence(); });
    std::vector<http_connection> connections;
    for (std::size_t i = 0; i < in_flight; ++i) {
        connections.emplace_back(r.d.port()).send(ilp_request(encode({.amount = 10, .expires_in = 60s})));
    }
    REQUIRE(r.p2.wait_for_requests(in_flight));
    const ilp::timestamp cut = now();
    r.p2.cut_connections();
    for (auto& connection : connections) expect_reject(connection.receive(), "T01");
    CHECK(now() < cut + 20s);  // the outgoing expiry would be 30 s ahead
    CHECK(r.d.settled_liquidity("p1") == default_liquidity);
    CHECK(r.d.liquidity("p2") == default_liquidity);
    CHECK(r.p2.request_count() == in_flight);
}

}  // namespace peering_test
