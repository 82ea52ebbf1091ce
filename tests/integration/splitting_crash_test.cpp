#include "tests/integration/split_link.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

/// Both books at each crash that docs/splitting.md lists. Alice is the node that splits, bob the one that collects.
namespace splitting_crash_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

/// Bob's end takes the packet, and answers when the gate opens.
std::shared_ptr<gate> hold_answers(split_link& pair) {
    auto held = std::make_shared<gate>();
    pair.bob_end.set_script([held](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = held;
        return answer;
    });
    return held;
}

wide gained_by_alice(const split_link& pair) {
    return pair.bob_place.peers().at("alice").balance() - static_cast<wide>(default_liquidity);
}

}  // namespace

TEMPLATE_TEST_CASE("split crash: bob has posted and dies before an answer has left: alice asks for the outcome", "",
                   on_sqlite, on_postgresql) {
    split_link pair{{.store = TestType::kind, .with_proxy = true}};
    pair.agree();
    const wide before = gained_by_alice(pair);
    const auto held = hold_answers(pair);
    const std::size_t requests = pair.bob_end.request_count();
    const prepare sent = split_link::packet(9000, 12s);
    auto answer = std::async(std::launch::async, [&] { return pair.send(sent); });
    REQUIRE(pair.bob_end.wait_for_requests(requests + 1));
    pair.proxy->freeze();
    held->open();
    REQUIRE(eventually([&] { return gained_by_alice(pair) == before - 9000; }));
    pair.bob.kill9();
    pair.bob.start();
    expect_fulfill(answer.get(), sent);
    CHECK(pair.splits(pair.alice, "bob", "sent_recovered") == 1);
    pair.expect_equal_books();
}

TEMPLATE_TEST_CASE("split crash: bob has forwarded and dies before he has posted: nothing is in either book", "",
                   on_sqlite, on_postgresql) {
    split_link pair{{.store = TestType::kind}};
    pair.agree();
    const auto held = hold_answers(pair);
    const std::size_t requests = pair.bob_end.request_count();
    auto answer = std::async(std::launch::async, [&] { return pair.send(split_link::packet(9000, 8s)); });
    REQUIRE(pair.bob_end.wait_for_requests(requests + 1));
    pair.bob.kill9();
    held->open();
    CHECK(outcome(answer.get()) == "T01");
    pair.bob.start();
    CHECK(pair.alice.settled_liquidity("bob") + pair.bob.settled_liquidity("alice") == 2 * default_liquidity);
    pair.expect_equal_books();
}

TEST_CASE("split crash: alice dies with a set under way: bob posts, and the books differ by that packet alone") {
    split_link pair;
    pair.agree();
    const auto held = hold_answers(pair);
    const std::size_t requests = pair.bob_end.request_count();
    auto answer = std::async(std::launch::async, [&] { return pair.send(split_link::packet(9000, 12s)); });
    REQUIRE(pair.bob_end.wait_for_requests(requests + 1));
    pair.alice.kill9();
    held->open();
    CHECK(outcome(answer.get()) == "no answer");
    pair.bob.wait_until_idle();
    pair.alice.start();
    const wide difference =
        split_link::gained(pair.alice, pair.alice_place, "bob") + split_link::gained(pair.bob, pair.bob_place, "alice");
    CHECK(difference == -9000);
    CHECK(pair.alice.audit().status == 0);
    CHECK(pair.bob.audit().status == 0);
}

TEMPLATE_TEST_CASE("split crash: killed repeatedly under load, the books differ by what was in flight at most", "",
                   on_sqlite, on_postgresql) {
    constexpr std::size_t senders = 3;
    constexpr std::uint64_t amount_max = 9000;
    split_link pair{{.store = TestType::kind}};
    std::mt19937 random{std::random_device{}()};
    wide in_flight_max = 0;
    for (int round = 0; round < 4; ++round) {
        INFO("round " << round);
        pair.agree();
        ilpd_daemon& victim = round % 2 == 0 ? pair.bob : pair.alice;
        {
            std::vector<std::jthread> threads;
            std::atomic<int> answered = 0;
            for (std::size_t i = 0; i < senders; ++i) {
                threads.emplace_back([&](const std::stop_token& stop) {
                    while (!stop.stop_requested()) {
                        try {
                            pair.send(split_link::packet(amount_max, 6s));
                            ++answered;
                        } catch (const std::system_error&) {
                            return;  // alice is dead
                        }
                    }
                });
            }
            const int enough = 5 + static_cast<int>(random() % 40);
            REQUIRE(eventually([&] { return answered >= enough; }));
            victim.kill9();
        }
        victim.start();
        in_flight_max += static_cast<wide>(senders * amount_max);
        const wide difference = split_link::gained(pair.alice, pair.alice_place, "bob") +
                                split_link::gained(pair.bob, pair.bob_place, "alice");
        CHECK(difference <= 0);  // never in alice's favour
        CHECK(difference >= -in_flight_max);
        CHECK(pair.alice.audit().status == 0);
        CHECK(pair.bob.audit().status == 0);
    }
}

TEST_CASE("split crash: bob dies with parts missing, and holds nothing after the start") {
    fake_peer next_hop;
    daemon_terms terms;
    terms.connector = {"workers: 1"};
    terms.peers = {{.name = "p1", .terms = {"max_packet_amount: 1000", split_terms}},
                   {.name = "p2", .port = next_hop.port()}};
    ilpd_daemon bob{terms};
    http_connection sender{bob.port()};
    http_request part = ilp_request(encode({.amount = 1000}));
    part.headers.emplace_back("ILP-Split", "id=:AAECAwQFBgcICQoLDA0ODw==:, part=0, parts=2, total=\"2000\"");
    sender.send(part);
    REQUIRE(eventually([&] { return bob.liquidity("p1") == default_liquidity - 2000; }));
    bob.kill9();
    bob.start();
    CHECK(bob.liquidity("p1") == default_liquidity);
    CHECK(next_hop.request_count() == 0);
}

}  // namespace splitting_crash_test
