#include "connector/worker/worker.hpp"

#include "peering/records/uuid.hpp"
#include "tests/unit/connector/worker/paying_node.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace worker_test {

using namespace connector;
using namespace std::chrono_literals;
using ilp::amount;
using ilp::payment_end;

namespace {

constexpr auto patience = 30s;

struct node : connector::testing::paying_node {
    node() {
        REQUIRE(payments.create(keeper,
                                {.uuid = peering::new_uuid(),
                                 .account = find("alice").liquidity->id,
                                 .receiver = "$bob.example",
                                 .amount = {100'000},
                                 .slippage = 100},
                                ilp::wall_clock(), {}));
        start();
    }

    using end_of_payment = ilp::outgoing_payment::finished;
    std::future<end_of_payment> pay(payment_order order, const send_order& send) {
        auto promise = std::make_shared<std::promise<end_of_payment>>();
        auto ended = promise->get_future();
        order.number = 1;
        order.what = send;
        order.callbacks.ended = [promise](std::uint64_t, const end_of_payment& finished, const ilp::known_path&) {
            promise->set_value(finished);
        };
        made->start_payment(std::move(order));
        return ended;
    }
    std::future<ilp::payment_quote::finished> quote(payment_order order, amount wanted) {
        auto promise = std::make_shared<std::promise<ilp::payment_quote::finished>>();
        auto quoted = promise->get_future();
        order.number = 1;
        order.what = quote_order{wanted};
        order.callbacks.quoted = [promise](std::uint64_t, const ilp::payment_quote::finished& outcome) {
            promise->set_value(outcome);
        };
        made->start_payment(std::move(order));
        return quoted;
    }
    template <class Value>
    static Value value_of(std::future<Value> future) {
        REQUIRE(future.wait_for(patience) == std::future_status::ready);
        return future.get();
    }
};

}  // namespace

TEST_CASE("worker: a payment of an account is quoted and paid, and its progress is in the store") {
    node d;
    const payment_order order{.account = d.find("alice").id, .receiver = d.receiver("erin")};
    const auto quoted = node::value_of(d.quote(order, {100'000}));
    REQUIRE(quoted.has_value());
    CHECK(quoted->rate == ilp::exchange_ratio{50'000, 100'000});
    const auto end = node::value_of(
        d.pay(order, {.terms = ilp::send_exactly({100'000}, quoted->rate, 100), .state = {}, .limits = {}}));
    CHECK(end.end == payment_end::completed);
    CHECK(d.balance("alice") == 900'000);
    CHECK(d.balance("erin") == 50'000);
    // The committer writes it after the packets are booked.
    std::promise<peering::payment_record> stored;
    REQUIRE(d.committer.execute([&stored](peering::bookkeeper& keeper) {
        stored.set_value(keeper.list_payments({}).value().value().front());
    }));
    const auto record = node::value_of(stored.get_future());
    CHECK(record.sent == amount{100'000});
    CHECK(record.delivered == amount{50'000});
}

TEST_CASE("worker: a payment to where no route leads is refused, and nothing is debited") {
    node d;
    const payment_order order{.account = d.find("alice").id, .receiver = {"test.nowhere.x", ilp::bytes(32, 1)}};
    const auto quoted = node::value_of(d.quote(order, {100'000}));
    REQUIRE_FALSE(quoted.has_value());
    CHECK(quoted.error().code == ilp::error_code::f02_unreachable);
    const auto end =
        node::value_of(d.pay(order, {.terms = ilp::send_exactly({100'000}, {1, 1}, 100), .state = {}, .limits = {}}));
    CHECK(end.end == payment_end::refused);
    CHECK(d.balance("alice") == 1'000'000);
}

TEST_CASE("worker: an account that is not there cannot pay") {
    node d;
    const payment_order order{.account = 99, .receiver = d.receiver("bob")};
    CHECK_FALSE(node::value_of(d.quote(order, {10})).has_value());
    const auto end =
        node::value_of(d.pay(order, {.terms = ilp::send_exactly({10}, {1, 1}, 0), .state = {}, .limits = {}}));
    CHECK(end.end == payment_end::refused);
}

TEST_CASE("worker: a payment that waits for liquidity is cancelled") {
    node d;
    const payment_order order{.account = d.find("bob").id, .receiver = d.receiver("alice")};
    auto ended = d.pay(order, {.terms = ilp::send_exactly({10}, {1, 1}, 0), .state = {}, .limits = {}});
    d.made->cancel_payment(1);
    CHECK(node::value_of(std::move(ended)).end == payment_end::cancelled);
    d.made->cancel_payment(1);  // it has ended
    CHECK(d.balance("alice") == 1'000'000);
}

TEST_CASE("worker: a payment is suspended by a stop") {
    node d;
    const payment_order order{.account = d.find("bob").id, .receiver = d.receiver("alice")};
    auto ended = d.pay(order, {.terms = ilp::send_exactly({10}, {1, 1}, 0), .state = {}, .limits = {}});
    std::promise<void> drained;
    d.made->drain([&drained] { drained.set_value(); });
    REQUIRE(drained.get_future().wait_for(patience) == std::future_status::ready);
    CHECK(ended.wait_for(0s) != std::future_status::ready);
}

}  // namespace worker_test
