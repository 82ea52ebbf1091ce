#include "connector/payments/payment_service.hpp"

#include "peering/records/uuid.hpp"
#include "peering/store/store_memory.hpp"
#include "tests/support/known_peers.hpp"
#include "tests/support/socket.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace payment_service_test {

using namespace connector;
using namespace std::chrono_literals;
using peering::payment_record;
using peering::payment_status;

namespace {

constexpr std::uint64_t deposit = 10'000;
const std::string pointer = "http://127.0.0.1:3004/bob";

config::settings one_account() {
    config::settings settings;
    settings.ilp_address = ilp::address::parse("test.d").value();
    config::asset_settings usd;
    usd.code = "USD";
    usd.scale = 9;
    settings.assets = {usd};
    config::account_settings alice;
    alice.name = "alice";
    alice.asset = {"USD", 9};
    settings.accounts = {alice};
    return settings;
}

/// A daemon's book and its payments. The test takes the place of the receiver's SPSP server and of the workers.
struct world {
    struct times {
        std::chrono::nanoseconds pause_after_start = 0s;
        std::chrono::nanoseconds turn = 1h;
        std::chrono::nanoseconds time_max = 1h;
        std::chrono::nanoseconds rate_age_max = 0s;
        std::chrono::milliseconds wall_ahead = 0s;
    };

    explicit world(peering::memory_store& store) : world{store, times{}} {}
    world(peering::memory_store& store, const times& times)
        : wall_ahead{times.wall_ahead},
          keeper{ledger, store, thresholds},
          known{support::known_peers::build_or_throw(one_account(), keeper)},
          committer{keeper},
          service{
              {.control = control,
               .committer = committer,
               .payments = payments,
               .directory = *known->directory,
               .quote = [this](quote_order order,
                               payment_runs::quoted done) { quotes.emplace_back(std::move(order), std::move(done)); },
               .pay = [this](payment_order order,
                             payment_runs::paid done) { orders.emplace_back(std::move(order), std::move(done)); },
               .cancel = [this](std::uint64_t number) { cancelled.push_back(number); },
               .resolve =
                   [this](config::http_endpoint endpoint, std::function<void(payment_service::found)> done) {
                       lookups.emplace_back(std::move(endpoint), std::move(done));
                   },
               .own_account =
                   [this](const ilp::address& address) {
                       const bool is_own = receiver_is_alice && address.text() == "test.there.token";
                       return is_own ? std::optional{alice().id} : std::nullopt;
                   },
               .pause_after_start = times.pause_after_start,
               .turn = times.turn,
               .time_max = times.time_max,
               .pause_while_held = 0s,
               .lookup_pause = 0s,
               .rate_age_max = times.rate_age_max,
               .clock =
                   [this] {
                       const ilp::instant now = ilp::read_clocks();
                       return ilp::instant{now.wall + wall_ahead, now.steady + steady_ahead};
                   }}} {
        const auto loaded = store.load().value();
        REQUIRE(payments.restore(loaded.open_payments, loaded.last_payment, ledger));
        if (alice().liquidity->available == 0) fund();
        service.start();
        committer.start();
    }
    ~world() { committer.stop(1s); }

    const peering::receiving_account& alice() const {
        return *known->directory->find_receiving_account_by_name("alice");
    }

    void fund() {
        peering::packet_transfer transfer;
        transfer.add(*alice().asset->settlement, *alice().liquidity, {deposit});
        REQUIRE(peering::ledger::hold(transfer.legs()));
        peering::posting_batch batch;
        batch.add(transfer.legs());
        REQUIRE(keeper.write({.postings = batch.postings()}));
    }

    /// Runs `task` on the committer's thread and returns what it does.
    template <typename Task>
    auto on_committer(Task task) {
        std::promise<decltype(task(keeper))> promise;
        REQUIRE(committer.execute([&](peering::bookkeeper& kept) { promise.set_value(task(kept)); }));
        return promise.get_future().get();
    }

    payment_record create(const peering::payment_request& request) {
        return on_committer(
                   [&](peering::bookkeeper& kept) { return payments.create(kept, request, ilp::wall_clock(), {}); })
            .value();
    }
    payment_record create(const std::string& receiver = pointer, std::uint64_t amount = 1000) {
        return create({.uuid = peering::new_uuid(),
                       .account = alice().liquidity->id,
                       .receiver = receiver,
                       .amount = {amount},
                       .slippage = 100});
    }
    /// `amount` shall arrive.
    payment_record create_delivery(std::uint64_t amount, std::uint64_t at_most) {
        return create({.uuid = peering::new_uuid(),
                       .account = alice().liquidity->id,
                       .receiver = pointer,
                       .is_fixed_delivery = true,
                       .amount = {amount},
                       .slippage = 100,
                       .at_most = ilp::amount{at_most}});
    }
    void cancel(const payment_record& payment) {
        const auto done = on_committer(
            [&](peering::bookkeeper& kept) { return payments.cancel(kept, payment.uuid, ilp::wall_clock(), {}); });
        REQUIRE(done);
    }
    payment_record stored(const payment_record& payment) {
        return on_committer([&](peering::bookkeeper& kept) { return kept.find_payment(payment.uuid).value().value(); });
    }

    template <typename Done>
    void run_until(const Done& done) {
        const auto end = std::chrono::steady_clock::now() + support::patience;
        while (!done()) {
            REQUIRE(std::chrono::steady_clock::now() < end);
            control.restart();
            control.run_one_for(10ms);
        }
    }
    void run_until_ended(const payment_record& payment) {
        run_until([&] { return has_ended(stored(payment).standing.status); });
    }

    /// A packet from the account, until it is released.
    peering::packet_transfer held(std::uint64_t amount) const {
        peering::packet_transfer packet;
        packet.add(*alice().liquidity, *alice().asset->liquidity, {amount});
        return packet;
    }

    void answer_lookup() {
        run_until([&] { return !lookups.empty(); });
        const auto [endpoint, done] = std::move(lookups.front());
        lookups.erase(lookups.begin());
        done(spsp_found{{*ilp::address::parse("test.there.token"), {}}, endpoint});
    }
    void answer_quote() {
        run_until([&] { return !quotes.empty(); });
        const auto done = std::move(quotes.front().second);
        quotes.erase(quotes.begin());
        done(quote_outcome{ilp::quoted_path{{1, 2}, {}, 7}, std::nullopt});
    }
    /// Until the workers have the payment.
    payment_order& sent() {
        run_until([&] { return !orders.empty(); });
        return orders.front().first;
    }
    void end_run(payment_outcome outcome) {
        const auto done = std::move(orders.front().second);
        orders.erase(orders.begin());
        done(std::move(outcome));
    }

    std::chrono::milliseconds wall_ahead;  ///< somebody sets the clock
    std::chrono::nanoseconds steady_ahead{0};
    peering::ledger ledger;
    peering::thresholds thresholds;
    peering::bookkeeper keeper;
    std::shared_ptr<const support::known_peers> known;
    boost::asio::io_context control{1};
    peering::payments payments;
    peering::committer committer;
    std::vector<std::pair<config::http_endpoint, std::function<void(payment_service::found)>>> lookups;
    std::vector<std::pair<quote_order, payment_runs::quoted>> quotes;
    std::vector<std::pair<payment_order, payment_runs::paid>> orders;
    std::vector<std::uint64_t> cancelled;
    bool receiver_is_alice = false;
    payment_service service;
};

}  // namespace

TEST_CASE("payment service: a payment is looked up, quoted, agreed, sent and ended") {
    peering::memory_store store;
    world w{store};
    const payment_record payment = w.create();
    w.answer_lookup();
    w.run_until([&] { return !w.quotes.empty(); });
    CHECK(w.quotes.front().first.number == payment.number);
    CHECK(w.quotes.front().first.wanted == ilp::amount{1000});
    CHECK(w.quotes.front().first.parties.receiver.destination == "test.there.token");
    CHECK(w.quotes.front().first.parties.payer.liquidity == w.alice().liquidity);
    CHECK(w.stored(payment).standing.status == payment_status::quoting);
    w.answer_quote();
    const payment_order& order = w.sent();
    CHECK(order.number == payment.number);
    CHECK(order.numbers_used == 7);
    CHECK(order.terms.send == ilp::amount{1000});
    CHECK(order.terms.minimum == ilp::with_slippage({1, 2}, 100));
    CHECK(order.state == ilp::payment_state{});
    CHECK(w.service.progress_of(payment.number) == order.progress);
    // The offer was durable before a worker got the payment.
    CHECK(w.stored(payment).standing.status == payment_status::sending);
    CHECK(w.stored(payment).standing.offer->send_max == ilp::amount{1000});
    SECTION("completed") {
        w.end_run({.how = {ilp::payment_end::completed, {}}, .state = {{1000}, {500}, {}}, .path = {}, .asset = {}});
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.status == payment_status::completed);
    }
    SECTION("failed") {
        w.end_run({.how = {ilp::payment_end::refused, ilp::error_code::f02_unreachable},
                   .state = {},
                   .path = {},
                   .asset = {}});
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.status == payment_status::failed);
        CHECK(w.stored(payment).standing.failure == "The path or the receiver refuses the payment (F02 Unreachable)");
    }
    SECTION("failed, because this node itself refuses its packets") {
        w.end_run({.how = {ilp::payment_end::no_progress, ilp::error_code::t00_internal_error},
                   .state = {},
                   .path = {},
                   .asset = {},
                   .last_refusal =
                       refusal{.code = ilp::error_code::t00_internal_error, .of_this_node = reject_reason::no_rate}});
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.failure ==
              "No packet has been fulfilled for too long (T00 Internal Error of this node: no exchange rate between "
              "the assets (no_rate); set a rate between the two currencies (`rates`))");
    }
    SECTION("cancelled") {
        w.cancel(payment);
        w.run_until([&] { return !w.cancelled.empty(); });
        CHECK(w.stored(payment).standing.status == payment_status::cancelling);
        w.end_run({.how = {ilp::payment_end::cancelled, {}}, .state = {}, .path = {}, .asset = {}});
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.status == payment_status::cancelled);
    }
    SECTION("interrupted by a stop, and taken up after the start") {
        w.service.stop();
        w.end_run(
            {.how = {ilp::payment_end::cancelled, {}}, .was_interrupted = true, .state = {}, .path = {}, .asset = {}});
        w.control.restart();
        w.control.poll();
        CHECK(w.stored(payment).standing.status == payment_status::sending);
        w.on_committer([&](peering::bookkeeper& kept) {
            const peering::payment_progress progress{payment.number, {600}, {300}};
            return kept.write({.advanced_payments = {&progress, 1}}).has_value();
        });
        world next{store};
        next.answer_lookup();
        const payment_order& rest = next.sent();
        CHECK(next.quotes.empty());  // what was agreed still holds
        CHECK(rest.state == ilp::payment_state{{600}, {300}, {}});
        CHECK(rest.terms.send == ilp::amount{1000});
        CHECK(rest.terms.minimum == ilp::with_slippage({1, 2}, 100));
        CHECK(rest.numbers_used == 0);  // on a new connection
        next.end_run({.how = {ilp::payment_end::completed, {}}, .state = {}, .path = {}, .asset = {}});
        next.run_until_ended(payment);
        CHECK(next.stored(payment).standing.status == payment_status::completed);
    }
}

TEST_CASE("payment service: a payment whose receiver is the account that pays fails, and says so") {
    peering::memory_store store;
    world w{store};
    w.receiver_is_alice = true;
    const payment_record payment = w.create();
    w.answer_lookup();
    w.run_until_ended(payment);
    CHECK(w.stored(payment).standing.failure == "This account cannot pay itself");
    CHECK(w.quotes.empty());
}

TEST_CASE("payment service: what was sent in full before the daemon ended is complete, and nobody is asked") {
    peering::memory_store store;
    std::optional<payment_record> payment;
    {
        world w{store};
        payment = w.create();
        w.answer_lookup();
        w.answer_quote();
        w.sent();
        w.on_committer([&](peering::bookkeeper& kept) {
            const peering::payment_progress progress{payment->number, {1000}, {500}};
            return kept.write({.advanced_payments = {&progress, 1}}).has_value();
        });
        w.service.stop();
    }
    world next{store};
    next.run_until_ended(*payment);
    CHECK(next.stored(*payment).standing.status == payment_status::completed);
    CHECK(next.lookups.empty());
}

TEST_CASE("payment service: the largest packet that one payment's path took is not assumed for the next one") {
    peering::memory_store store;
    world w{store};
    const auto quote_path = [&] {
        w.answer_lookup();
        w.run_until([&] { return !w.quotes.empty(); });
        return w.quotes.front().first.path.maximum;
    };
    const payment_record first = w.create();
    CHECK(quote_path() == ilp::path_maximum{});
    w.answer_quote();
    w.sent();
    ilp::known_path learned;
    learned.maximum.refused({1000}, ilp::amount_too_large{{1000}, {0}});
    w.end_run({.how = {ilp::payment_end::path_takes_nothing, {}}, .state = {}, .path = learned, .asset = {}});
    w.run_until_ended(first);
    w.create();
    CHECK(quote_path() == ilp::path_maximum{});
}

TEST_CASE("payment service: for a while after a payment has arrived, the next one to its receiver needs no quote") {
    peering::memory_store store;
    world w{store, {.rate_age_max = 1h}};
    const auto end_with = [&](const payment_record& payment, ilp::payment_end how) {
        ilp::known_path learned;
        learned.maximum.refused({2000}, ilp::amount_too_large{{2000}, {300}});
        w.sent();
        w.end_run({.how = {how, {}}, .state = {{4000}, {1600}, {}}, .path = learned, .asset = {}});
        w.run_until_ended(payment);
    };
    const payment_record first = w.create(pointer, 4000);
    w.answer_lookup();
    w.answer_quote();
    end_with(first, ilp::payment_end::completed);

    const payment_record second = w.create();
    w.answer_lookup();
    const payment_order& order = w.sent();
    CHECK(w.quotes.empty());
    CHECK(order.terms.minimum == ilp::with_slippage({1600, 4000}, 100));
    CHECK(order.path.maximum.value() == ilp::amount{300});
    CHECK(order.numbers_used == 0);
    // If the rate has become worse than its minimum, it is asked for again.
    end_with(second, ilp::payment_end::rate_too_low);

    w.create();
    w.answer_lookup();
    w.run_until([&] { return !w.quotes.empty(); });
    CHECK(w.quotes.front().first.path.maximum == ilp::path_maximum{});
}

TEST_CASE("payment service: what another payment has shown is not believed for ever, nor for other receivers") {
    peering::memory_store store;
    world w{store, {.rate_age_max = 1h}};
    const auto pay = [&](const std::string& receiver) {
        const payment_record payment = w.create(receiver, 1000);
        w.answer_lookup();
        w.run_until([&] { return !w.quotes.empty() || !w.orders.empty(); });
        const bool is_quoted = !w.quotes.empty();
        if (is_quoted) w.answer_quote();
        w.sent();
        w.end_run({.how = {ilp::payment_end::completed, {}}, .state = {{1000}, {1000}, {}}, .path = {}, .asset = {}});
        w.run_until_ended(payment);
        return is_quoted;
    };
    CHECK(pay(pointer));
    CHECK_FALSE(pay(pointer));
    // It would be too dear at that rate, so a quote is made.
    const payment_record dear = w.create_delivery(1000, 999);
    w.answer_lookup();
    w.run_until([&] { return !w.quotes.empty(); });
    w.cancel(dear);
    w.answer_quote();
    CHECK(pay("http://127.0.0.1:3004/erin"));
}

TEST_CASE("payment service: what cannot be quoted has failed, with the reason, and nothing was sent") {
    peering::memory_store store;
    world w{store};
    SECTION("the receiver is no payment pointer") {
        const auto payment = w.create("bob");
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.status == payment_status::failed);
        CHECK_FALSE(w.stored(payment).standing.failure.empty());
    }
    SECTION("the receiver does not answer") {
        const auto payment = w.create();
        w.run_until([&] { return !w.lookups.empty(); });
        w.lookups.front().second(std::unexpected{std::string{"nobody answers"}});
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.failure == "nobody answers");
    }
    SECTION("the path refuses it") {
        const auto payment = w.create();
        w.answer_lookup();
        w.run_until([&] { return !w.quotes.empty(); });
        w.quotes.front().second(quote_outcome{
            std::unexpected{ilp::quote_refusal{ilp::quote_failure::no_answer, ilp::error_code::t01_peer_unreachable}},
            std::nullopt});
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.failure == "No packet has reached the receiver (T01 Peer Unreachable)");
    }
    CHECK(w.orders.empty());
}

TEST_CASE("payment service: the quote and its probes stay within what the account has and the request allows") {
    peering::memory_store store;
    world w{store};
    const auto order_of = [&] {
        w.answer_lookup();
        w.run_until([&] { return !w.quotes.empty(); });
        return w.quotes.front().first;
    };
    SECTION("an amount to send") {
        w.create();
        const quote_order order = order_of();
        CHECK(order.wanted == ilp::amount{1000});
        CHECK(order.available == ilp::amount{deposit});
    }
    SECTION("an amount to deliver") {
        w.create_delivery(500, 1020);
        const quote_order order = order_of();
        CHECK(order.wanted == ilp::amount{1020});
        CHECK(order.available == ilp::amount{deposit});
    }
    SECTION("more than the account has") {
        w.create_delivery(500, deposit + 1);
        CHECK(order_of().wanted == ilp::amount{deposit});
    }
}

TEST_CASE("payment service: an amount to deliver never costs more than the request allows") {
    peering::memory_store store;
    world w{store};
    SECTION("the slippage fits") {
        const auto payment = w.create_delivery(500, 1020);
        w.answer_lookup();
        w.answer_quote();
        CHECK(w.sent().terms.send == ilp::amount{1011});
        CHECK(w.stored(payment).standing.offer->send_max == ilp::amount{1011});
    }
    SECTION("a part of the slippage fits") {
        const auto payment = w.create_delivery(500, 1005);
        w.answer_lookup();
        w.answer_quote();
        CHECK(w.sent().terms.send == ilp::amount{1005});
        CHECK(w.sent().terms.minimum == ilp::with_slippage({1, 2}, 100));
        CHECK(w.stored(payment).standing.offer->send_max == ilp::amount{1005});
    }
    SECTION("the quoted rate needs more") {
        const auto payment = w.create_delivery(500, 999);
        w.answer_lookup();
        w.answer_quote();
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.status == payment_status::failed);
        CHECK(w.stored(payment).standing.failure ==
              "At the quoted rate, 1000 would be sent, which is more than the 999 that may be sent at most (in the "
              "smallest unit of USD/9)");
        CHECK(w.orders.empty());
    }
}

TEST_CASE("payment service: a payment waits for what packets of its account hold") {
    peering::memory_store store;
    world w{store};
    const auto packet = w.held(deposit - 10);
    REQUIRE(peering::ledger::hold(packet.legs()));
    const auto payment = w.create();
    w.answer_lookup();
    SECTION("before the quote") {
        w.control.restart();
        w.control.run_one_for(10ms);
        CHECK(w.quotes.empty());
        peering::ledger::release(packet.legs());
        w.answer_quote();
        CHECK(w.sent().terms.send == ilp::amount{1000});
    }
    SECTION("before it is sent") {
        peering::ledger::release(packet.legs());
        w.run_until([&] { return !w.quotes.empty(); });
        REQUIRE(peering::ledger::hold(packet.legs()));
        w.answer_quote();
        w.control.restart();
        w.control.run_one_for(10ms);
        CHECK(w.orders.empty());
        CHECK(w.stored(payment).standing.status == payment_status::quoting);
        peering::ledger::release(packet.legs());
        CHECK(w.sent().terms.send == ilp::amount{1000});
    }
    SECTION("for a bounded time, and then it is quoted with what there is, and fails") {
        w.run_until([&] { return !w.quotes.empty(); });
        CHECK(w.quotes.front().first.wanted == ilp::amount{10});
        CHECK(w.quotes.front().first.available == ilp::amount{10});
        w.answer_quote();
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.failure == "Other payments or withdrawals hold what the account has");
        CHECK(w.orders.empty());
        peering::ledger::release(packet.legs());
    }
    SECTION("and can be cancelled meanwhile") {
        w.cancel(payment);
        w.run_until_ended(payment);
        w.control.restart();
        w.control.poll();
        peering::ledger::release(packet.legs());
        w.control.restart();
        w.control.poll();
        CHECK(w.quotes.empty());
        CHECK(w.stored(payment).standing.status == payment_status::cancelled);
    }
}

TEST_CASE("payment service: a payment fails at once if the account has spent what it needs") {
    peering::memory_store store;
    world w{store};
    const auto payment = w.create();
    const auto packet = w.held(deposit - 10);
    REQUIRE(peering::ledger::hold(packet.legs()));
    peering::posting_batch batch;
    batch.add(packet.legs());
    w.on_committer([&](peering::bookkeeper& kept) { return kept.write({.postings = batch.postings()}).has_value(); });
    w.answer_lookup();
    w.run_until_ended(payment);
    CHECK(w.stored(payment).standing.failure == "The account has less than is to be sent");
    CHECK(w.quotes.empty());
}

TEST_CASE("payment service: a payment that is cancelled while it is quoted is not sent") {
    peering::memory_store store;
    world w{store};
    const auto payment = w.create();
    w.answer_lookup();
    w.run_until([&] { return !w.quotes.empty(); });
    w.cancel(payment);
    w.run_until([&] { return !w.cancelled.empty(); });
    if (GENERATE(true, false)) {
        w.answer_quote();  // it was there already
    } else {
        w.quotes.front().second(std::nullopt);
    }
    w.control.restart();
    w.control.poll();
    CHECK(w.stored(payment).standing.status == payment_status::cancelled);
    CHECK(w.orders.empty());
}

TEST_CASE("payment service: no more payments are carried out at a time than running_max") {
    peering::memory_store store;
    world w{store};
    std::vector<payment_record> all;
    for (std::size_t i = 0; i <= payment_service::running_max; ++i) all.push_back(w.create(pointer, 1));
    w.run_until([&] { return w.lookups.size() == payment_service::running_max; });
    w.control.restart();
    w.control.poll();
    CHECK(w.lookups.size() == payment_service::running_max);
    w.lookups.front().second(std::unexpected{std::string{"no"}});
    w.run_until([&] { return w.lookups.size() == payment_service::running_max + 1; });
    CHECK(w.stored(all.front()).standing.status == payment_status::failed);
}

TEST_CASE("payment service: while others wait, a payment gives way after its turn, and goes on when it comes again") {
    peering::memory_store store;
    world w{store, {.turn = 4ms}};
    const auto slow = w.create();
    w.answer_lookup();
    w.answer_quote();
    w.sent();
    for (std::size_t i = 1; i < payment_service::running_max; ++i) w.create(pointer, 1);
    w.run_until([&] { return w.lookups.size() == payment_service::running_max - 1; });
    CHECK(w.cancelled.empty());  // nobody waits
    const auto last = w.create("http://127.0.0.1:3004/carol", 1);
    w.run_until([&] { return !w.cancelled.empty(); });
    CHECK(w.cancelled == std::vector{slow.number});
    CHECK(w.payments.waits().find(last.number) == "its turn: 100 other payments are being made");
    CHECK(w.payments.waits().find(slow.number).empty());
    CHECK(w.stored(slow).standing.status == payment_status::sending);
    ilp::known_path learned;
    learned.maximum.refused({2000}, ilp::amount_too_large{{2000}, {300}});
    w.end_run({.how = {ilp::payment_end::cancelled, {}},
               .state = {{600}, {300}, {}},
               .path = learned,
               .asset = {},
               .numbers_used = 12});
    w.run_until([&] { return w.lookups.size() == payment_service::running_max; });
    CHECK(w.lookups.back().first.target() == "/carol");
    CHECK(w.orders.empty());
    SECTION("it goes on") {
        w.wall_ahead = 48h;  // somebody sets the clock, and the payment does not grow older by that
        w.lookups.back().second(std::unexpected{std::string{"no"}});
        const payment_order& rest = w.sent();
        CHECK(w.lookups.size() == payment_service::running_max);  // the receiver is not asked again
        CHECK(rest.number == slow.number);
        CHECK(rest.parties.receiver.destination == "test.there.token");
        CHECK(rest.state == ilp::payment_state{{600}, {300}, {}});
        CHECK(rest.numbers_used == 12);  // on the same connection
        CHECK(rest.path.maximum.value() == ilp::amount{300});
        CHECK(w.quotes.empty());
        // The address is not good any more.
        w.end_run({.how = {ilp::payment_end::refused, ilp::error_code::f06_unexpected_payment},
                   .state = {{700}, {350}, {}},
                   .path = {},
                   .asset = {}});
        w.run_until([&] { return w.lookups.size() == payment_service::running_max + 1; });
        CHECK(w.stored(slow).standing.status == payment_status::sending);
        std::swap(w.lookups.front(), w.lookups.back());
        w.answer_lookup();
        CHECK(w.sent().state == ilp::payment_state{{700}, {350}, {}});
        CHECK(w.sent().numbers_used == 0);  // on a new connection
        w.end_run({.how = {ilp::payment_end::completed, {}}, .state = {{1000}, {500}, {}}, .path = {}, .asset = {}});
        w.run_until_ended(slow);
        CHECK(w.stored(slow).standing.status == payment_status::completed);
    }
    SECTION("it is cancelled meanwhile") {
        w.cancel(slow);
        w.run_until_ended(slow);
        CHECK(w.stored(slow).standing.status == payment_status::cancelled);
    }
}

TEST_CASE("payment service: a payment that does not end in time fails, whatever it does") {
    peering::memory_store store;
    world w{store, {.turn = 4ms, .time_max = 200ms}};
    const auto slow = w.create();
    w.run_until([&] {
        if (!w.lookups.empty()) w.answer_lookup();
        if (!w.quotes.empty()) w.answer_quote();
        if (!w.cancelled.empty() && !w.orders.empty()) {
            w.end_run({.how = {ilp::payment_end::cancelled, {}}, .state = {}, .path = {}, .asset = {}});
        }
        return has_ended(w.stored(slow).standing.status);
    });
    CHECK(w.stored(slow).standing.status == payment_status::failed);
    CHECK(w.stored(slow).standing.failure == "The payment has not ended in time");
}

TEST_CASE(
    "payment service: a receiver of a half-made payment that cannot be asked is asked until the payment is overdue") {
    peering::memory_store store;
    payment_record payment;
    {
        world w{store};
        payment = w.create();
        w.answer_lookup();
        w.answer_quote();
        w.sent();
        w.service.stop();
    }
    world w{store};
    for (int i = 0; i < 50; ++i) {
        w.run_until([&] { return !w.lookups.empty(); });
        const auto done = std::move(w.lookups.front().second);
        w.lookups.clear();
        if (i == 49) w.steady_ahead = 1h;
        done(std::unexpected{std::string{"nobody answers"}});
        CHECK(w.payments.waits().find(payment.number) == "an answer of the receiver: nobody answers");
    }
    w.run_until_ended(payment);
    CHECK(w.stored(payment).standing.failure == "The payment has not ended in time: nobody answers");
    CHECK(w.payments.waits().find(payment.number).empty());
}

TEST_CASE("payment service: a payment that gets on is not ended by the age that the wall clock says after a start") {
    peering::memory_store store;
    payment_record payment;
    {
        world w{store};
        payment = w.create();
        w.answer_lookup();
        w.answer_quote();
        w.sent();
        w.service.stop();
    }
    world w{store, {.turn = 4ms, .wall_ahead = 40min}};
    w.answer_lookup();
    const bool gets_on = GENERATE(true, false);
    if (gets_on) w.sent().progress->sent = 500;
    w.sent();
    w.steady_ahead = 40min;
    if (gets_on) {
        for (std::size_t i = 0; i < payment_service::running_max; ++i) w.create(pointer, 1);
    }
    w.run_until([&] { return !w.cancelled.empty(); });
    w.end_run({.how = {ilp::payment_end::cancelled, {}}, .state = {{500}, {250}, {}}, .path = {}, .asset = {}});
    if (!gets_on) {
        w.run_until_ended(payment);
        CHECK(w.stored(payment).standing.failure == "The payment has not ended in time");
        return;
    }
    w.run_until([&] { return w.lookups.size() == payment_service::running_max; });
    w.lookups.back().second(std::unexpected{std::string{"no"}});
    CHECK(w.sent().state == ilp::payment_state{{500}, {250}, {}});
}

TEST_CASE("payment service: a payment does not keep its place while its receiver cannot be asked") {
    peering::memory_store store;
    payment_record payment;
    {
        world w{store};
        payment = w.create();
        w.answer_lookup();
        w.answer_quote();
        w.sent();
        w.service.stop();
    }
    world w{store};
    w.run_until([&] { return !w.lookups.empty(); });
    for (std::size_t i = 0; i < payment_service::running_max; ++i) w.create("http://127.0.0.1:3004/carol", 1);
    w.run_until([&] { return w.lookups.size() == payment_service::running_max; });
    w.lookups.front().second(std::unexpected{std::string{"nobody answers"}});
    w.run_until([&] { return w.lookups.size() == payment_service::running_max + 1; });
    CHECK(w.stored(payment).standing.status == payment_status::sending);
}

TEST_CASE("payment service: after a start, what was being sent waits until no packet of before can be fulfilled") {
    peering::memory_store store;
    payment_record payment;
    {
        world w{store};
        payment = w.create();
        w.answer_lookup();
        w.answer_quote();
        w.sent();
        w.service.stop();
    }
    world w{store, {.pause_after_start = 1h}};
    w.control.restart();
    w.control.poll();
    CHECK(w.lookups.empty());
    // It can be cancelled meanwhile, and ends at once: nothing of it is in flight.
    w.cancel(payment);
    w.run_until_ended(payment);
    CHECK(w.stored(payment).standing.status == payment_status::cancelled);
    CHECK(w.orders.empty());
}

}  // namespace payment_service_test
