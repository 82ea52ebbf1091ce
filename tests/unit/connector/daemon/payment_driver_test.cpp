#include "connector/daemon/payment_driver.hpp"

#include "peering/records/uuid.hpp"
#include "tests/unit/connector/worker/paying_node.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <utility>

namespace payment_driver_test {

using namespace connector;
using namespace std::chrono_literals;
using ilp::amount;
using peering::payment_record;
using peering::payment_status;

namespace {

constexpr auto patience = 30s;

/// A node whose receivers are its own accounts: "$bob" is account bob. Others cannot be found.
struct node : connector::testing::paying_node {
    explicit node(std::optional<payment_record> known = std::nullopt) {
        if (known) {
            REQUIRE(store.commit({.new_payments = {&*known, 1}}).has_value());
            REQUIRE(payments.restore({&*known, 1}, known->number, ledger));
        }
        driver.emplace(payment_driver::surroundings{
            .control = control,
            .committer = committer,
            .payments = payments,
            .resolve =
                [this](const std::string& name, std::function<void(payment_driver::resolved)> done) {
                    ++resolved;
                    auto answer = name == "$nobody" ? payment_driver::resolved{std::unexpected{"there is nobody"}}
                                                    : payment_driver::resolved{receiver(name.substr(1))};
                    boost::asio::post(control, [answer = std::move(answer), done = std::move(done)] { done(answer); });
                },
            .start = [this](payment_order order) { made->start_payment(std::move(order)); },
            .cancel = [this](std::uint64_t number) { made->cancel_payment(number); },
            .account_of = [this](peering::account_id id) -> std::optional<std::uint32_t> {
                const auto found = this->known->directory->find_receiving_account_by_account(id);
                return found ? std::optional{found->id} : std::nullopt;
            }});
        driver->resume(0ms);
        start();
    }
    ~node() {
        made->stop();
        committer.stop(0s);
    }

    /// What the committer's thread finds.
    template <class Call>
    auto on_committer(Call call) {
        std::promise<decltype(call(keeper))> promise;
        REQUIRE(committer.execute([&](peering::bookkeeper& k) { promise.set_value(call(k)); }));
        auto future = promise.get_future();
        REQUIRE(future.wait_for(patience) == std::future_status::ready);
        return future.get();
    }
    std::string create(const std::string& from, const std::string& to, std::uint64_t sum, bool is_delivery = false) {
        const peering::payment_request request{.uuid = peering::new_uuid(),
                                               .account = find(from).liquidity->id,
                                               .receiver = to,
                                               .is_fixed_delivery = is_delivery,
                                               .amount = {sum},
                                               .slippage = 100};
        REQUIRE(on_committer(
            [&](peering::bookkeeper& k) { return payments.create(k, request, ilp::wall_clock(), {}).has_value(); }));
        return request.uuid;
    }
    payment_record stored(const std::string& uuid) {
        return on_committer([&](peering::bookkeeper& k) { return k.find_payment(uuid).value().value(); });
    }
    /// Runs the control loop until the payment has ended.
    payment_record end_of(const std::string& uuid) {
        const auto until = std::chrono::steady_clock::now() + patience;
        for (;;) {
            control.run_one_for(10ms);
            const payment_record record = stored(uuid);
            if (has_ended(record.standing.status) && driver->size() == 0) return record;
            REQUIRE(std::chrono::steady_clock::now() < until);
        }
    }

    boost::asio::io_context control{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy{control.get_executor()};
    int resolved = 0;
    std::optional<payment_driver> driver;
};

}  // namespace

TEST_CASE("payment driver: a payment is resolved, quoted, sent and completed") {
    node d;
    const auto uuid = d.create("alice", "$erin", 100'001);
    const auto record = d.end_of(uuid);
    CHECK(record.standing.status == payment_status::completed);
    CHECK(record.sent == amount{100'001});
    CHECK(record.delivered == amount{50'000});
    REQUIRE(record.standing.offer.has_value());
    CHECK(record.standing.offer->send_max == amount{100'001});
    CHECK(record.standing.offer->expected == ilp::exchange_ratio{50'000, 100'001});
    CHECK(d.balance("alice") == 1'000'000 - 100'001);
    CHECK(d.balance("erin") == 50'000);
    CHECK(d.resolved == 1);
}

TEST_CASE("payment driver: a fixed delivery arrives, and what is not needed stays in the account") {
    node d;
    const auto record = d.end_of(d.create("alice", "$erin", 1'000, true));
    CHECK(record.standing.status == payment_status::completed);
    CHECK(record.delivered == amount{1'000});
    CHECK(record.sent == amount{2'000});
    CHECK(record.standing.offer->send_max >= amount{2'000});
    CHECK(d.balance("alice") == 998'000);
}

TEST_CASE("payment driver: a receiver that cannot be found, or takes nothing, fails the payment with the reason") {
    node d;
    const auto nobody = d.end_of(d.create("alice", "$nobody", 10));
    CHECK(nobody.standing.status == payment_status::failed);
    CHECK(nobody.standing.failure == "there is nobody");
    // Half a unit is nothing.
    const auto nothing = d.end_of(d.create("alice", "$erin", 1));
    CHECK(nothing.standing.status == payment_status::failed);
    CHECK(nothing.standing.failure == "The amount is too small to arrive (R01 Insufficient Source Amount)");
    CHECK(d.balance("alice") == 1'000'000);
}

TEST_CASE("payment driver: a payment of an earlier run goes on where the book says, and pays the rest once") {
    connector::testing::paying_node example;
    payment_record known{
        .number = 5,
        .uuid = peering::new_uuid(),
        .account = example.find("alice").liquidity->id,
        .receiver = "$bob",
        .amount = {100'000},
        .slippage = 100,
        .standing = {.status = payment_status::sending,
                     .offer = peering::payment_offer{.send_max = {100'000}, .minimum = {99, 100}, .expected = {1, 1}}},
        .sent = {30'000},
        .delivered = {30'000}};
    SECTION("that was being sent") {
        node d{known};
        const auto record = d.end_of(known.uuid);
        CHECK(record.standing.status == payment_status::completed);
        CHECK(record.sent == amount{100'000});
        CHECK(record.delivered == amount{100'000});
        CHECK(d.balance("bob") == 70'000);  // in this run
    }
    SECTION("that had sent everything") {
        known.sent = known.delivered = known.amount;
        node d{known};
        CHECK(d.end_of(known.uuid).standing.status == payment_status::completed);
        CHECK(d.balance("bob") == 0);
    }
    SECTION("that was being cancelled") {
        known.standing.status = payment_status::cancelling;
        node d{known};
        const auto record = d.end_of(known.uuid);
        CHECK(record.standing.status == payment_status::cancelled);
        CHECK(record.sent == amount{30'000});
        CHECK(d.balance("bob") == 0);
    }
    SECTION("that had no quote yet") {
        known.standing = {.status = payment_status::quoting};
        known.sent = known.delivered = {};
        node d{known};
        CHECK(d.end_of(known.uuid).standing.status == payment_status::completed);
        CHECK(d.balance("bob") == 100'000);
    }
}

TEST_CASE("payment driver: a payment that waits for liquidity is cancelled") {
    node d;
    // Bob has nothing: a fixed delivery is accepted nevertheless, and its probes find no liquidity.
    const auto uuid = d.create("bob", "$alice", 10, true);
    d.control.run_one_for(10ms);
    CHECK(d.on_committer(
        [&](peering::bookkeeper& k) { return d.payments.cancel(k, uuid, ilp::wall_clock(), {}).has_value(); }));
    CHECK(d.end_of(uuid).standing.status == payment_status::cancelled);
    CHECK(d.balance("alice") == 1'000'000);
}

}  // namespace payment_driver_test
