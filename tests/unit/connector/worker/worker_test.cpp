#include "connector/worker/worker.hpp"

#include "connector/routing/payment_addresses.hpp"
#include "peering/book/payments.hpp"
#include "peering/records/uuid.hpp"
#include "peering/store/forwarding_store.hpp"
#include "tests/conversation/world.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <future>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <utility>

namespace worker_test {

using namespace connector;
using namespace std::chrono_literals;
using ilp::amount;
using ilp::payment_end;

namespace {

constexpr auto patience = 30s;

config::account_settings account(const std::string& name, const std::string& code) {
    config::account_settings made;
    made.name = name;
    made.asset = {code, 9};
    return made;
}

config::settings with_accounts() {
    auto settings = conversation::usual_settings();
    settings.accounts = {account("alice", "USD"), account("bob", "USD"), account("erin", "EUR")};
    return settings;
}

/// A durable store of which a test decides when its commits end, how, and until when packets are accepted.
class gated_store final : public peering::forwarding_store {
public:
    gated_store() : forwarding_store{std::make_unique<peering::memory_store>()} {}

    bool is_durable() const noexcept override { return true; }
    std::expected<void, peering::store_error> commit(const peering::changes& changes) override {
        if (is_gated && !(changes.changed_flights.empty() && changes.postings.empty())) {
            entered.release();
            gate.acquire();
        }
        if (is_taken_over) return std::unexpected{peering::store_error{"taken over", true, false, true}};
        return forwarding_store::commit(changes);
    }
    std::optional<peering::store_tenure> tenure() const override {
        return peering::store_tenure{1, std::chrono::steady_clock::time_point{accepts_until.load()}};
    }

    std::counting_semaphore<> entered{0};  // one for each commit
    std::counting_semaphore<> gate{0};
    std::atomic<bool> is_gated = true;
    std::atomic<bool> is_taken_over = false;
    std::atomic<std::chrono::steady_clock::duration> accepts_until{std::chrono::steady_clock::duration::max()};
};

/// A worker with the book of a daemon. Account alice has a million.
struct node {
    explicit node(std::unique_ptr<peering::store> kept = std::make_unique<peering::memory_store>())
        : store{std::move(kept)} {
        auto rates = std::make_shared<rate_table>();
        rates->set("USD", "EUR", {.rate = ilp::parse_rate("0.5").value(), .spread = 0});
        const auto settings = with_accounts();
        known = support::known_peers::build_or_throw(settings, keeper);
        peering::packet_transfer deposit;
        deposit.add(*find("alice").asset->settlement, *find("alice").liquidity, {1'000'000});
        REQUIRE(peering::ledger::hold(deposit.legs()));
        peering::posting_batch batch;
        batch.add(deposit.legs());
        ledger.apply(batch.postings());
        REQUIRE(payments.create(keeper,
                                {.uuid = peering::new_uuid(),
                                 .account = find("alice").liquidity->id,
                                 .receiver = "$bob.example",
                                 .amount = {100'000},
                                 .slippage = 100},
                                ilp::wall_clock(), {}));
        made.emplace(settings.connector, *known->directory, std::move(rates), committer, board, echo, packet_tls{},
                     std::make_shared<expected_replies>(), secrets, std::make_shared<peering::split_outcomes>());
        committer.start();
        made->start();
    }
    ~node() {
        made->stop();
        committer.stop(0s);
    }

    const peering::receiving_account& find(std::string_view name) const {
        return *known->directory->find_receiving_account_by_name(name);
    }
    std::uint64_t balance(std::string_view name) const { return find(name).liquidity->available.load(); }

    run_parties parties(std::string_view from, payment_receiver to) const {
        return {own_payer(ilp::address::parse("test.d").value(), *find(from).asset, *find(from).liquidity),
                std::move(to)};
    }
    payment_receiver receiver(std::string_view name) {
        const auto [destination, secret] = addresses.make(find(name).id, ilp::wall_clock());
        return {destination, {secret.begin(), secret.end()}};
    }

    std::future<payment_outcome> pay(run_parties parties, const ilp::payment_terms& terms) {
        auto promise = std::make_shared<std::promise<payment_outcome>>();
        auto ended = promise->get_future();
        made->pay({.number = 1, .parties = std::move(parties), .terms = terms},
                  [promise](payment_outcome outcome) { promise->set_value(std::move(outcome)); });
        return ended;
    }
    std::future<std::optional<quote_outcome>> quote(run_parties parties, amount wanted) {
        auto promise = std::make_shared<std::promise<std::optional<quote_outcome>>>();
        auto quoted = promise->get_future();
        made->quote({.number = 1, .parties = std::move(parties), .wanted = wanted},
                    [promise](std::optional<quote_outcome> outcome) { promise->set_value(std::move(outcome)); });
        return quoted;
    }
    template <class Value>
    static Value value_of(std::future<Value> future) {
        REQUIRE(future.wait_for(patience) == std::future_status::ready);
        return future.get();
    }

    worker_sample sample() {
        std::promise<worker_sample> promise;
        made->sample([&promise](worker_sample sampled) { promise.set_value(std::move(sampled)); });
        return value_of(promise.get_future());
    }

    std::unique_ptr<peering::store> store;
    peering::ledger ledger;
    peering::thresholds thresholds;
    peering::bookkeeper keeper{ledger, *store, thresholds};
    peering::payments payments;
    std::shared_ptr<const support::known_peers> known;
    peering::committer committer{keeper};
    reachability_board board;
    awaited_echo echo;
    std::shared_ptr<const ilp::stream::receiver_secrets> secrets = make_receiver_secrets({});
    payment_addresses addresses{ilp::address::parse("test.d").value(), secrets, 1h};
    std::optional<worker> made;
};

}  // namespace

TEST_CASE("worker: a payment of an account is quoted and paid, and its progress is in the store") {
    node d;
    const auto parties = d.parties("alice", d.receiver("erin"));
    const auto quoted = node::value_of(d.quote(parties, {100'000}));
    REQUIRE(quoted.has_value());
    REQUIRE(quoted->result.has_value());
    const ilp::exchange_ratio rate = quoted->result->rate;
    CHECK(rate == ilp::exchange_ratio{50'000, 100'000});
    CHECK(quoted->asset == ilp::stream::receiver_asset{"EUR", 9});
    const auto paid = node::value_of(d.pay(parties, ilp::send_exactly({100'000}, rate, 100)));
    CHECK(paid.how.end == payment_end::completed);
    CHECK(d.balance("alice") == 900'000);
    CHECK(d.balance("erin") == 50'000);
    // The committer writes it after the packets are booked.
    const auto stored = [&] {
        std::promise<peering::payment_record> record;
        REQUIRE(d.committer.execute([&record](peering::bookkeeper& keeper) {
            record.set_value(keeper.list_payments({}).value().value().front());
        }));
        return node::value_of(record.get_future());
    };
    const auto deadline = std::chrono::steady_clock::now() + patience;
    peering::payment_record record = stored();
    while (record.sent.is_zero() && std::chrono::steady_clock::now() < deadline) record = stored();
    CHECK(record.sent == amount{100'000});
    CHECK(record.delivered == amount{50'000});
}

TEST_CASE("worker: the packets of payments are counted") {
    node d;
    const auto paid =
        node::value_of(d.pay(d.parties("alice", d.receiver("bob")), ilp::send_exactly({100'000}, {1, 1}, 0)));
    CHECK(paid.how.end == payment_end::completed);
    std::promise<worker_sample> promise;
    d.made->sample([&promise](worker_sample sample) { promise.set_value(std::move(sample)); });
    const worker_sample sample = node::value_of(promise.get_future());
    CHECK(sample.figures.payments == 0);
    CHECK(sample.figures.payment_packets.fulfills > 0);
    // The last packet closes the connection.
    CHECK(sample.figures.payment_packets.prepares == sample.figures.payment_packets.fulfills + 1);
    CHECK(sample.peers.empty());
}

TEST_CASE("worker: a payment to where no route leads is refused, and nothing is debited") {
    node d;
    const auto parties = d.parties("alice", {"test.nowhere.x", ilp::bytes(32, 1)});
    const auto quoted = node::value_of(d.quote(parties, {100'000}));
    REQUIRE(quoted.has_value());
    REQUIRE_FALSE(quoted->result.has_value());
    CHECK(quoted->result.error().code == ilp::error_code::f02_unreachable);
    CHECK(node::value_of(d.pay(parties, ilp::send_exactly({100'000}, {1, 1}, 100))).how.end == payment_end::refused);
    CHECK(d.balance("alice") == 1'000'000);
}

TEST_CASE("worker: a payment that waits for liquidity is cancelled") {
    node d;
    auto ended = d.pay(d.parties("bob", d.receiver("alice")), ilp::send_exactly({10}, {1, 1}, 0));
    d.made->cancel_payment(1);
    CHECK(node::value_of(std::move(ended)).how.end == payment_end::cancelled);
    d.made->cancel_payment(1);  // it has ended
    CHECK(d.balance("alice") == 1'000'000);
}

TEST_CASE("worker: a packet that has waited for its ceiling does not leave in the last time of the lease") {
    auto kept = std::make_unique<gated_store>();
    gated_store& store = *kept;
    node d{std::move(kept)};
    auto ended = d.pay(d.parties("alice", {"test.p2.bob", ilp::bytes(32, 1)}), ilp::send_exactly({10}, {1, 1}, 0));
    store.entered.acquire();  // the commit that raises the ceiling
    store.accepts_until = (std::chrono::steady_clock::now() - 1s).time_since_epoch();
    store.is_gated = false;
    store.gate.release();
    const auto refused = [&d] { return d.sample().figures.payment_refusals[reject_reason::store_unavailable]; };
    const auto deadline = std::chrono::steady_clock::now() + 1min;
    while (refused() == 0) REQUIRE(std::chrono::steady_clock::now() < deadline);
    CHECK(d.committer.store_is_healthy());
    for (const peer_sample& peer : d.sample().peers) CHECK(peer.counters.outgoing.prepares == 0);
    d.made->cancel_payment(1);
    CHECK(node::value_of(std::move(ended)).how.end == payment_end::cancelled);
    CHECK(d.balance("alice") == 1'000'000);
}

TEST_CASE("worker: when another daemon has the store, packets that wait for it end, and what they held is free") {
    auto kept = std::make_unique<gated_store>();
    gated_store& store = *kept;
    node d{std::move(kept)};
    auto ended = d.pay(d.parties("alice", d.receiver("bob")), ilp::send_exactly({10}, {1, 1}, 0));
    store.entered.acquire();  // the posting of the first packet
    CHECK(d.balance("alice") < 1'000'000);
    std::promise<void> drained;
    d.made->drain([&drained] { drained.set_value(); });
    store.is_taken_over = true;
    store.gate.release();
    const auto deadline = std::chrono::steady_clock::now() + 1min;
    while (!d.committer.is_taken_over()) REQUIRE(std::chrono::steady_clock::now() < deadline);
    d.made->give_up_packets();
    REQUIRE(drained.get_future().wait_for(patience) == std::future_status::ready);
    node::value_of(std::move(ended));
    CHECK(d.balance("alice") == 1'000'000);
    CHECK(d.balance("bob") == 0);
    CHECK(d.sample().figures.packets == 0);
}

TEST_CASE("worker: a payment is interrupted by a stop") {
    node d;
    auto ended = d.pay(d.parties("bob", d.receiver("alice")), ilp::send_exactly({10}, {1, 1}, 0));
    std::promise<void> drained;
    d.made->drain([&drained] { drained.set_value(); });
    REQUIRE(drained.get_future().wait_for(patience) == std::future_status::ready);
    CHECK(node::value_of(std::move(ended)).was_interrupted);
}

}  // namespace worker_test
