#include "tests/support/wall_clock.hpp"

#include "tests/integration/packet_under_way.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>

// The wall clock of the daemon is set while something is under way. Its host does that when it learns the right time
// late, or when an operator makes a mistake.
namespace wall_clock_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

/// The rig with a daemon whose wall clock can be set.
struct clock_rig {
    clock_rig() : clock_rig{[](daemon_terms&) {}} {}

    template <typename change_terms>
    explicit clock_rig(const change_terms& change)
        : r{[&](daemon_terms& terms) {
              terms.environment = clock.environment();
              change(terms);
          }} {}

    wall_clock clock;
    rig r;
    admin_client admin{r.d.admin_port()};
};

bool is_stopped(child_process& process) {
    std::ifstream stat{"/proc/" + std::to_string(process.pid()) + "/stat"};
    std::string line;
    std::getline(stat, line);
    return line.contains(") T ");
}

}  // namespace

TEST_CASE("wall clock: a packet in flight keeps its time when the clock is set") {
    clock_rig w;
    for (const auto set : {1h, -1h}) {
        CAPTURE(set.count());
        w.clock.set({});
        const std::uint64_t before = w.r.d.liquidity("p2");
        packet_under_way sent{w.r, 10};
        w.clock.set(set);
        // New packets are judged by the clock as it is now.
        CHECK(outcome(w.r.send({.expires_in = set - 1s})) == "R00");
        CHECK(outcome(w.r.send({.expires_in = set + 20s})) == "fulfill");
        sent.fulfill();
        sent.expect_fulfilled();
        CHECK(w.r.d.settled_liquidity("p2") == before + 11);
    }
}

TEST_CASE("wall clock: a Fulfill after the expiry is refused, whatever the clock has been set to") {
    const auto set = GENERATE(0h, 1h, -1h);
    CAPTURE(set.count());
    clock_rig w;
    const auto held = std::make_shared<gate>();
    w.r.p2.set_script([&](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.held_by = held;
        return answer;
    });
    http_connection sender{w.r.d.port()};
    sender.send(ilp_request(encode({.amount = 10, .expires_in = 2500ms})));
    REQUIRE(w.r.p2.wait_for_requests(1));
    const ilp::timestamp expiry = w.r.p2.last_prepare().expires_at;
    // The daemon is stopped, so that it finds the answer before it has noticed that the packet has expired.
    w.r.d.process().signal(SIGSTOP);
    REQUIRE(eventually([&] { return is_stopped(w.r.d.process()); }));
    w.clock.set(set);
    REQUIRE(eventually([&] { return now() > expiry; }));
    held->open();
    REQUIRE(eventually([&] { return w.r.p2.answers_sent() == 1; }));
    w.r.d.process().signal(SIGCONT);
    expect_reject(sender.receive(), "R00");
    CHECK(w.r.d.settled_liquidity("p1") == default_liquidity);
    CHECK(w.r.d.settled_liquidity("p2") == default_liquidity);
}

TEST_CASE("wall clock: a webhook is retried after its pause although the clock was set back") {
    fake_peer receiver{[](const http_message&) { return answer_http(500); }};
    clock_rig w{[&](daemon_terms& terms) {
        terms.peers[0].liquidity = 1000;
        terms.peers[0].terms = {"liquidity_threshold: 900"};
        terms.webhooks = {"url: \"http://127.0.0.1:" + std::to_string(receiver.port()) + "/hook\""};
    }};
    REQUIRE(outcome(w.r.send({.amount = 100})) == "fulfill");
    REQUIRE(receiver.wait_for_requests(1));
    REQUIRE(eventually([&] { return w.r.d.scrape().sum("ilp_webhook_attempts_total", {{"result", "failed"}}) == 1; }));
    receiver.set_script([](const http_message&) { return answer_http(200); });
    w.clock.set(-1h);
    REQUIRE(receiver.wait_for_requests(2));
    CHECK(eventually([&] { return w.r.d.scrape().sum("ilp_webhooks_pending") == 0; }));
}

TEST_CASE("wall clock: a withdrawal keeps its timeout when the clock is set") {
    clock_rig w;
    const std::string peer = text_at(w.admin.peer_named("p1"), "id");
    const auto withdraw = [&](int timeout) {
        const std::string id = random_uuid();
        const auto made = w.admin.mutate("createPeerLiquidityWithdrawal", {{"id", id},
                                                                           {"peerId", peer},
                                                                           {"amount", "10"},
                                                                           {"timeoutSeconds", timeout},
                                                                           {"idempotencyKey", random_uuid()}});
        REQUIRE(made.done());
        return id;
    };
    const std::string paid_out = withdraw(600);
    withdraw(1);
    w.clock.set(1h);
    CHECK(w.admin.mutate("postLiquidityWithdrawal", {{"withdrawalId", paid_out}, {"idempotencyKey", random_uuid()}})
              .done());
    w.clock.set(-1h);
    CHECK(eventually([&] { return w.r.d.scrape().sum("ilp_pending_withdrawals") == 0; }));
    CHECK(w.r.d.settled_liquidity("p1") == default_liquidity - 10);
}

TEST_CASE("wall clock: a mutation that is repeated with its key is not done twice because the clock was set forward") {
    clock_rig w;
    const std::string peer = text_at(w.admin.peer_named("p1"), "id");
    const auto deposit = [&](const std::string& id) {
        return w.admin.mutate("depositPeerLiquidity",
                              {{"id", id}, {"peerId", peer}, {"amount", "10"}, {"idempotencyKey", id}});
    };
    const std::string first = random_uuid();
    REQUIRE(deposit(first).done());
    w.clock.set(24h * 365);
    REQUIRE(deposit(random_uuid()).done());
    CHECK(deposit(first).done());
    CHECK(w.r.d.settled_liquidity("p1") == default_liquidity + 20);
}

}  // namespace wall_clock_test
