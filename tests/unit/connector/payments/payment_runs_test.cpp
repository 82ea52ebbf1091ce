#include "connector/payments/payment_runs.hpp"

#include "tests/unit/connector/payments/scripted_worker.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace payment_runs_test {

using namespace connector;
using namespace std::chrono_literals;
using connector::testing::payment_world;
using connector::testing::run_ready;
using connector::testing::run_until;
using ilp::payment_end;

namespace {

constexpr ilp::exchange_ratio half{1, 2};

/// Round trips until the payment has ended and nothing of it is in flight.
void finish(payment_world& w) {
    run_until(w.loop, [&] {
        if (!w.worker.waiting.empty()) w.deliver_all();
        return w.outcome.has_value() && w.runs.size() == 0;
    });
}

}  // namespace

TEST_CASE("payment runs: a payment of many packets arrives to the unit, with several in flight at a time") {
    payment_world w;
    w.worker.maximum = ilp::amount{1000};
    w.pay(w.order_of(ilp::send_exactly({1'000'001}, half, 100)));
    finish(w);
    CHECK(w.outcome->how.end == payment_end::completed);
    CHECK_FALSE(w.outcome->was_interrupted);
    CHECK(w.worker.debited == 1'000'001);
    CHECK(w.outcome->state.sent.value == w.worker.debited);
    CHECK(w.outcome->state.delivered.value == w.worker.credited);
    CHECK(w.progress->sent == w.worker.debited);
    CHECK(w.progress->delivered == w.worker.credited);
    CHECK(w.progress->packets >= 1000);
    CHECK(w.worker.packets - w.progress->packets == w.progress->rejects);
    CHECK(w.worker.most_waiting > 1);
    CHECK(w.runs.size() == 0);
    CHECK(w.worker.advanced == peering::payment_progress{7, {w.worker.debited}, {w.worker.credited}});
}

TEST_CASE("payment runs: the progress goes with the posting of a packet, and the payment ends when it is durable") {
    payment_world w;
    w.pay(w.order_of(ilp::send_exactly({500}, half, 100)));
    REQUIRE(w.worker.waiting.size() == 1);
    w.loop.enter();
    w.worker.deliver();
    run_ready(w.loop);
    CHECK(w.worker.advanced == peering::payment_progress{7, {500}, {250}});
    CHECK_FALSE(w.outcome);
    w.loop.enter();
    w.worker.make_durable();
    run_ready(w.loop);
    CHECK(w.progress->sent == 500);
    REQUIRE(w.outcome);
    CHECK(w.outcome->how.end == payment_end::completed);
    CHECK(w.outcome->state.delivered == ilp::amount{250});
}

TEST_CASE("payment runs: a payment that has arrived closes its connection, and does not depend on that") {
    payment_world w;
    auto order = w.order_of(ilp::send_exactly({500}, half, 100));
    order.numbers_used = 4;
    w.pay(std::move(order));
    w.deliver_all();
    REQUIRE(w.outcome);
    CHECK(w.outcome->how.end == payment_end::completed);
    REQUIRE(w.worker.waiting.size() == 1);
    CHECK(w.worker.waiting.front().amount == 0);
    CHECK(w.worker.waiting.front().request == 6);  // a number that no packet has had
    CHECK(w.runs.size() == 1);
    w.loop.enter();
    w.runs.cancel(7);  // that is too late
    SECTION("the receiver answers") {
        w.deliver_all();
        CHECK(w.worker.closed == 1);
    }
    SECTION("nobody answers") {
        w.worker.refuse("R00");
        run_ready(w.loop);
        CHECK(w.worker.closed == 0);
    }
    CHECK(w.runs.size() == 0);
    CHECK(w.worker.waiting.empty());
    CHECK(w.worker.debited == 500);
    CHECK(w.progress->rejects == 0);
}

TEST_CASE("payment runs: a payment says what it waits for, until it gets on") {
    payment_world w;
    std::vector<std::string> said;
    auto order = w.order_of(ilp::send_exactly({20'000}, half, 5'000));
    order.on_wait = [&said](std::string what) { said.push_back(std::move(what)); };
    w.worker.maximum = ilp::amount{10'000};
    w.pay(std::move(order));
    REQUIRE(w.worker.waiting.size() == 2);
    w.loop.enter();
    w.worker.refuse("T04");
    w.worker.deliver();
    w.worker.make_durable();
    run_ready(w.loop);
    CHECK(said == std::vector<std::string>{"T04 Insufficient Liquidity of test.next", ""});
    finish(w);
}

TEST_CASE("payment runs: a payment says that it is slow because the path takes little in a packet") {
    payment_world w;
    std::vector<std::string> said;
    auto order = w.order_of(ilp::send_exactly({1'000'000}, half, 5'000));
    order.on_wait = [&said](std::string what) { said.push_back(std::move(what)); };
    w.worker.maximum = ilp::amount{2};
    w.pay(std::move(order));
    w.deliver_all();
    CHECK(said ==
          std::vector<std::string>{"the path, which takes at most 2 in a packet, in the smallest unit of the account"});
    w.loop.enter();
    w.runs.cancel(7);
    finish(w);
}

TEST_CASE("payment runs: a connection is not closed while its payment may go on, or if nothing was sent over it") {
    payment_world w;
    w.worker.maximum = ilp::amount{10};
    w.pay(w.order_of(ilp::send_exactly({100'000}, half, 100)));
    w.loop.enter();
    if (GENERATE(true, false)) {
        w.runs.interrupt();
    } else {
        w.runs.cancel(7);
    }
    finish(w);
    CHECK(w.outcome->how.end == payment_end::cancelled);
    CHECK(w.worker.debited > 0);
    CHECK(w.worker.closings == 0);
}

TEST_CASE("payment runs: while the store does not work a connection is not closed, and the payment has arrived") {
    payment_world w;
    w.pay(w.order_of(ilp::send_exactly({500}, half, 100)));
    w.worker.takes_packets = false;
    w.deliver_all();
    REQUIRE(w.outcome);
    CHECK(w.outcome->how.end == payment_end::completed);
    CHECK(w.runs.size() == 0);
    CHECK(w.worker.closings == 0);
}

TEST_CASE("payment runs: a packet has the expiry that the payment decided, and not thirty seconds more") {
    payment_world w;
    w.pay(w.order_of(ilp::send_exactly({500}, half, 100)));
    REQUIRE(w.worker.waiting.size() == 1);
    const auto lifetime = w.worker.waiting.front().expires_at - ilp::wall_clock();
    CHECK(lifetime > 0s);
    CHECK(lifetime <= ilp::round_trip_times::lifetime_max);
    finish(w);
}

TEST_CASE("payment runs: what a receiver gets below the minimum is not fulfilled, and stays in the account") {
    payment_world w;
    w.worker.rate_in_percent = 40;
    w.pay(w.order_of(ilp::send_exactly({1000}, half, 100)));
    finish(w);
    CHECK(w.outcome->how.end == payment_end::rate_too_low);
    CHECK(w.worker.debited == 0);
    CHECK(w.outcome->state.sent == ilp::amount{});
}

TEST_CASE("payment runs: a final Reject ends the payment with its code, once all packets are answered") {
    payment_world w;
    w.worker.maximum = ilp::amount{10};
    w.pay(w.order_of(ilp::send_exactly({1000}, half, 5000)));
    REQUIRE(w.worker.waiting.size() > 1);
    w.loop.enter();
    w.worker.refuse("F02");
    run_ready(w.loop);
    CHECK_FALSE(w.outcome);
    finish(w);
    CHECK(w.outcome->how.end == payment_end::refused);
    CHECK(w.outcome->how.code == ilp::error_code::f02_unreachable);
    CHECK(w.outcome->state.sent.value == w.worker.debited);
    CHECK(w.worker.debited > 0);
}

TEST_CASE("payment runs: the outcome says who refused the last packet, and why if it was this node") {
    payment_world w;
    w.pay(w.order_of(ilp::send_exactly({1000}, half, 5000)));
    REQUIRE(w.worker.waiting.size() == 1);
    w.loop.enter();
    const bool is_here = GENERATE(true, false);
    if (is_here) {
        w.worker.refuse_here(reject_reason::no_route);
    } else {
        w.worker.refuse("F02");
    }
    run_ready(w.loop);
    REQUIRE(w.outcome);
    CHECK(w.outcome->how.end == payment_end::refused);
    REQUIRE(w.outcome->last_refusal);
    CHECK(w.outcome->last_refusal->code == ilp::error_code::f02_unreachable);
    CHECK(w.outcome->last_refusal->of_this_node == (is_here ? std::optional{reject_reason::no_route} : std::nullopt));
    CHECK(w.outcome->last_refusal->triggered_by == (is_here ? "test.node" : "test.next"));
}

TEST_CASE("payment runs: a cancelled payment sends nothing more, and waits for what is in flight") {
    payment_world w;
    w.worker.maximum = ilp::amount{10};
    w.pay(w.order_of(ilp::send_exactly({100'000}, half, 100)));
    const std::size_t sent = w.worker.packets;
    REQUIRE(w.worker.waiting.size() > 1);
    w.loop.enter();
    const bool stops = GENERATE(true, false);
    if (stops) {
        w.runs.interrupt();
    } else {
        w.runs.cancel(7);
    }
    run_ready(w.loop);
    CHECK_FALSE(w.outcome);
    w.deliver_all();
    REQUIRE(w.outcome);
    CHECK(w.worker.packets == sent);
    CHECK(w.outcome->how.end == payment_end::cancelled);
    CHECK(w.outcome->was_interrupted == stops);
    CHECK(w.outcome->state.sent.value == w.worker.debited);

    // Nothing begins any more while the daemon stops.
    w.outcome.reset();
    w.pay(w.order_of(ilp::send_exactly({10}, half, 100)));
    CHECK(w.outcome.has_value() == stops);
    CHECK((!stops || w.outcome->was_interrupted));
    if (!stops) finish(w);
}

TEST_CASE("payment runs: what is left of a payment goes on on a new connection") {
    payment_world w;
    auto order = w.order_of(ilp::send_exactly({1000}, half, 100));
    order.state = ilp::taken_up({.sent = {600}, .delivered = {300}, .in_doubt = {100}});
    w.pay(std::move(order));
    finish(w);
    CHECK(w.outcome->how.end == payment_end::completed);
    CHECK(w.worker.debited == 400);
    CHECK(w.outcome->state.sent == ilp::amount{1000});
    CHECK(w.outcome->state.delivered == ilp::amount{500});
}

TEST_CASE("payment runs: exactly what is wanted is delivered") {
    payment_world w;
    w.worker.maximum = ilp::amount{64};
    w.pay(w.order_of(ilp::deliver_exactly({5000}, half, 100)));
    finish(w);
    CHECK(w.outcome->how.end == payment_end::completed);
    CHECK(w.worker.credited == 5000);
    CHECK(w.worker.debited == 10'000);
}

TEST_CASE("payment runs: while the store does not work nothing is sent, and the payment goes on afterwards") {
    payment_world w;
    w.worker.maximum = ilp::amount{10};
    w.pay(w.order_of(ilp::send_exactly({1000}, half, 100)));
    w.worker.takes_packets = false;
    const std::size_t sent = w.worker.packets;
    const std::uint64_t rejects = w.progress->rejects;
    // More often than any Reject of the path may come.
    run_until(w.loop, [&] {
        if (!w.worker.waiting.empty()) w.deliver_all();
        return w.worker.withdrawn > 20;
    });
    CHECK(w.worker.packets == sent);
    CHECK_FALSE(w.outcome);
    CHECK(w.progress->rejects == rejects);
    const bool is_cancelled = GENERATE(false, true);
    if (is_cancelled) {
        w.loop.enter();
        w.runs.cancel(7);
        run_ready(w.loop);
        REQUIRE(w.outcome);
        CHECK(w.outcome->how.end == payment_end::cancelled);
    } else {
        w.worker.takes_packets = true;
        finish(w);
        CHECK(w.outcome->how.end == payment_end::completed);
        CHECK(w.worker.debited == 1000);
    }
    CHECK(w.outcome->state.sent.value == w.worker.debited);
}

TEST_CASE("quote runs: while the store does not work no probe is sent, and the quote is made afterwards") {
    payment_world w;
    w.worker.takes_packets = false;
    w.quote(1'000'000);
    run_until(w.loop, [&] { return w.worker.withdrawn > 10; });
    CHECK_FALSE(w.quote_ended);
    CHECK(w.worker.packets == 0);
    w.worker.takes_packets = true;
    run_until(w.loop, [&] {
        if (!w.worker.waiting.empty()) w.deliver_all();
        return w.quote_ended;
    });
    REQUIRE(w.quoted);
    REQUIRE(w.quoted->result);
    CHECK(w.quoted->result->rate.delivered_for({1000}) == ilp::amount{500});
}

TEST_CASE("payment runs: packets take turns with other work of the loop") {
    payment_world w;
    turn_share other{w.turns, 2};
    struct busy_peer final : turn_taker {
        void on_turn() override {}
    } peer;
    w.loop.enter();
    CHECK(other.try_take(peer));
    w.worker.maximum = ilp::amount{1};
    w.runs.pay(w.order_of(ilp::send_exactly({16}, {1, 1}, 0)), [](const payment_outcome&) {});
    // In one turn no more than a share, although the window allows all of them and nothing was answered.
    CHECK(w.worker.packets > 0);
    CHECK(w.worker.packets <= fair_turns::pieces);
    w.worker.rate_in_percent = 100;
    run_ready(w.loop);
    CHECK(w.worker.waiting.size() == 16);
    w.deliver_all();
    w.deliver_all();  // the connection is closed
    CHECK(w.runs.size() == 0);
}

TEST_CASE("quote runs: a quote takes one round trip and moves no money") {
    payment_world w;
    w.worker.maximum = ilp::amount{1'000'000};
    w.quote(10'000'000'000);
    CHECK_FALSE(w.quote_ended);
    w.deliver_all();
    REQUIRE(w.quoted);
    REQUIRE(w.quoted->result);
    CHECK(w.quoted->result->rate.delivered_for({1000}) == ilp::amount{500});
    CHECK(w.quoted->result->path.maximum.value() == ilp::amount{1'000'000});
    CHECK(w.quoted->asset == ilp::stream::receiver_asset{"EUR", 6});
    CHECK(w.worker.debited == 0);

    // The payment goes on with what the quote has learned: no packet is too large.
    auto order = w.order_of(ilp::send_exactly({10'000'000'000}, w.quoted->result->rate, 100));
    order.path = w.quoted->result->path;
    order.numbers_used = w.quoted->result->numbers_used;
    w.pay(std::move(order));
    finish(w);
    CHECK(w.outcome->how.end == payment_end::completed);
    CHECK(w.progress->rejects == 0);
    CHECK(w.worker.credited == 5'000'000'000);
}

TEST_CASE("quote runs: why there is no quote") {
    payment_world w;
    SECTION("the path refuses it") {
        w.quote(1000);
        REQUIRE_FALSE(w.worker.waiting.empty());
        w.loop.enter();
        while (!w.worker.waiting.empty()) w.worker.refuse("F02");
        run_ready(w.loop);
        REQUIRE(w.quoted);
        REQUIRE_FALSE(w.quoted->result);
        CHECK(w.quoted->result.error().failure == ilp::quote_failure::refused);
        CHECK(w.quoted->result.error().code == ilp::error_code::f02_unreachable);
    }
    SECTION("it was cancelled") {
        w.quote(1000);
        w.loop.enter();
        w.runs.cancel(7);
        run_ready(w.loop);
        CHECK_FALSE(w.quote_ended);  // it waits for the answers to its packets
        w.deliver_all();
        CHECK(w.quote_ended);
        CHECK_FALSE(w.quoted);
    }
    CHECK(w.runs.size() == 0);
}

}  // namespace payment_runs_test
