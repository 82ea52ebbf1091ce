#include "connector/payments/payment_run.hpp"

#include "connector/payments/payer.hpp"
#include "connector/routing/payment_addresses.hpp"
#include "ilp/packet.hpp"
#include "peering/book/posting_batch.hpp"
#include "tests/conversation/world.hpp"
#include "tests/unit/connector/loop/test_loop.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace payment_run_test {

using namespace connector;
using namespace std::chrono_literals;
using connector::testing::run_until;
using ilp::amount;
using ilp::payment_end;

namespace {

config::account_settings account(const std::string& name, const std::string& code) {
    config::account_settings made;
    made.name = name;
    made.asset = {code, 9};
    return made;
}

config::settings with_accounts() {
    auto settings = conversation::usual_settings();
    settings.accounts = {account("alice", "USD"), account("bob", "USD"), account("erin", "EUR")};
    settings.peers[0].max_packet_amount = amount{1'000};
    return settings;
}

/// A node with the router and the book of a daemon. Its accounts pay each other, or a receiver behind peer p1, whom the
/// test plays. What a worker commits is durable when the test says so.
struct node final : prepare_handler, payment_run::owner {
    node() {
        world.rates.set("USD", "EUR", {.rate = ilp::parse_rate("0.5").value(), .spread = 0});
        fund("alice", 1'000'000);
        loop.enter();
    }

    const peering::receiving_account& find(std::string_view name) const {
        return *world.known->directory->find_receiving_account_by_name(name);
    }
    std::uint64_t balance(std::string_view name) const { return find(name).liquidity->available.load(); }
    void fund(std::string_view name, std::uint64_t sum) {
        peering::packet_transfer deposit;
        deposit.add(*find(name).asset->settlement, *find(name).liquidity, {sum});
        REQUIRE(peering::ledger::hold(deposit.legs()));
        world.post(deposit);
    }

    /// A run in which `from` pays `to`, which is another account of this node.
    payment_run& start(std::string_view from, std::string_view to) {
        const auto [destination, shared_secret] = addresses.make(find(to).id, loop.now().wall);
        return start(from, destination, {shared_secret.begin(), shared_secret.end()});
    }
    payment_run& start(std::string_view from, const std::string& destination, ilp::bytes shared_secret) {
        const auto own_address = ilp::address::parse("test.d").value();
        run.emplace(loop, *this, *this, 7, payer_of(find(from), own_address),
                    payment_run::receiver{destination, std::move(shared_secret)});
        return *run;
    }

    // payment_run::owner
    void quoted(std::uint64_t payment, const ilp::payment_quote::finished& outcome) override {
        CHECK(payment == 7);
        CHECK_FALSE(quote.has_value());
        quote = outcome;
    }
    void advanced(const peering::payment_progress& reached) override {
        CHECK(reached.number == 7);
        progress.push_back(reached);
    }
    void ended(std::uint64_t payment, const ilp::outgoing_payment::finished& finished,
               const ilp::known_path&) override {
        CHECK(payment == 7);
        CHECK_FALSE(end.has_value());
        CHECK(unreleased.empty());
        end = finished;
    }

    // prepare_handler
    authenticated authenticate(std::string_view, std::string_view, const ilp::digest*) override { return {}; }
    void unauthenticated(const boost::asio::ip::address&) override {}
    packet_in_flight* prepare_received(answer_sink& sink, std::uint64_t request, const peering::peer& from,
                                       ilp::bytes_span body) override {
        ++prepares;
        const auto [decided, context] =
            world.router.decide(body, from, *world.forwarding_table, world.rates, world.load, loop.now());
        ilp::bytes out;
        if (decided == step::fulfill) {
            ilp::serialize_fulfill(out, context.fulfillment, context.answer_data);
            fulfill(sink, request, out, context.transfer);
        } else if (decided == step::go_on) {
            forwarded.push_back({&sink, request, context.transfer});
        } else {
            REQUIRE(decided == step::reject);
            connector::serialize_reject(out, context.reason, world.forwarding_table->own_address(), &context);
            sink.answer(request, out, false);
        }
        return nullptr;
    }

    void fulfill(answer_sink& sink, std::uint64_t request, ilp::bytes_view packet,
                 const peering::packet_transfer& transfer) {
        sink.answer(request, packet, true);
        world.post(transfer);
        unreleased.emplace_back(&sink, request);
    }
    void release_all() {
        for (const auto& [sink, request] : std::exchange(unreleased, {})) sink->release(request);
    }
    void reject_all(std::string_view code) {
        ilp::bytes out;
        ilp::serialize_reject(out, {code, "test.p1", "", {}});
        for (const auto& [sink, request, transfer] : std::exchange(forwarded, {})) {
            conversation::world::release(transfer);
            sink->answer(request, out, false);
        }
    }
    /// Until `done()`; whatever is fulfilled becomes durable meanwhile.
    template <typename Done>
    void run_durably_until(const Done& done) {
        run_until(loop, [&] {
            release_all();
            return done();
        });
    }

    struct forwarded_packet {
        answer_sink* sink;
        std::uint64_t request;
        peering::packet_transfer transfer;
    };

    conversation::world world{with_accounts()};
    payment_addresses addresses{ilp::address::parse("test.d").value(), world.receiver_secrets, 1h};
    event_loop loop;
    std::optional<ilp::payment_quote::finished> quote;
    std::optional<ilp::outgoing_payment::finished> end;
    std::vector<peering::payment_progress> progress;
    std::vector<std::pair<answer_sink*, std::uint64_t>> unreleased;
    std::vector<forwarded_packet> forwarded;
    int prepares = 0;
    std::optional<payment_run> run;  // before everything that it refers to
};

}  // namespace

TEST_CASE("payment run: an account is quoted the rate and pays an account in another currency, to the unit") {
    node d;
    payment_run& run = d.start("alice", "erin");
    run.quote({100'001}, {});
    d.run_durably_until([&] { return d.quote.has_value(); });
    REQUIRE(d.quote->has_value());
    CHECK((*d.quote)->rate == ilp::exchange_ratio{50'000, 100'001});
    CHECK(run.asset() == ilp::stream::receiver_asset{"EUR", 9});
    CHECK(d.balance("alice") == 1'000'000);
    CHECK(d.balance("erin") == 0);

    const auto path = ilp::known_path{ilp::path_maximum{amount{1'000}}, {}};
    run.pay(ilp::send_exactly({100'001}, (*d.quote)->rate, 100), {}, path, {});
    d.run_durably_until([&] { return d.end.has_value(); });
    CHECK(d.end->end == payment_end::completed);
    CHECK(run.is_idle());
    CHECK(d.balance("alice") == 1'000'000 - 100'001);
    REQUIRE_FALSE(d.progress.empty());
    CHECK(d.progress.back() == peering::payment_progress{7, {100'001}, {d.balance("erin")}});
    CHECK(d.balance("erin") >= 49'950);
    CHECK(d.world.at_rest());
}

TEST_CASE("payment run: a payment within one asset, of which nothing is lost") {
    node d;
    payment_run& run = d.start("alice", "bob");
    run.pay(ilp::send_exactly({1'000'000}, {}, 0), {}, {ilp::path_maximum{amount{3'333}}, {}}, {});
    d.run_durably_until([&] { return d.end.has_value(); });
    CHECK(d.end->end == payment_end::completed);
    CHECK(d.balance("alice") == 0);
    CHECK(d.balance("bob") == 1'000'000);
    CHECK(d.prepares == 301);
    CHECK(d.world.at_rest());
}

TEST_CASE("payment run: the end is told only when everything is durable") {
    node d;
    payment_run& run = d.start("alice", "bob");
    run.pay(ilp::send_exactly({10}, {}, 0), {}, {}, {});
    run_until(d.loop, [&] { return !d.unreleased.empty(); });
    connector::testing::run_ready(d.loop);
    CHECK(d.progress.back() == peering::payment_progress{7, {10}, {10}});
    CHECK_FALSE(d.end.has_value());
    CHECK_FALSE(run.is_idle());
    d.run_durably_until([&] { return d.end.has_value(); });
    CHECK(d.end->end == payment_end::completed);
}

TEST_CASE("payment run: the next hop's maximum is learned from this node's own F08") {
    node d;
    payment_run& run = d.start("alice", "test.p1.carol", ilp::bytes(32, 1));
    run.pay(ilp::send_exactly({2'500}, {}, 0), {}, {}, {});
    run_until(d.loop, [&] { return d.forwarded.size() == 3; });
    CHECK(d.prepares == 4);
    CHECK(d.balance("alice") == 1'000'000 - 2'500);
    d.reject_all("F02");
    run_until(d.loop, [&] { return d.end.has_value(); });
    CHECK(d.end->end == payment_end::refused);
    CHECK(d.end->code == ilp::error_code::f02_unreachable);
    CHECK(d.balance("alice") == 1'000'000);
    CHECK(d.progress.empty());
    CHECK(d.world.at_rest());
}

TEST_CASE("payment run: an account that has too little pays what it has and tries the rest later") {
    node d;
    d.fund("bob", 1'500);
    payment_run& run = d.start("bob", "alice");
    run.pay(ilp::send_exactly({3'000}, {}, 0), {}, {ilp::path_maximum{amount{1'000}}, {}}, {});
    d.run_durably_until([&] { return d.balance("bob") == 0; });
    CHECK_FALSE(d.end.has_value());
    d.fund("bob", 5'000);
    d.run_durably_until([&] { return d.end.has_value(); });
    CHECK(d.end->end == payment_end::completed);
    CHECK(d.balance("bob") == 3'500);
    CHECK(d.world.at_rest());
}

TEST_CASE("payment run: a cancelled payment waits for its answers, and a suspended one tells nothing") {
    node d;
    payment_run& run = d.start("alice", "test.p1.carol", ilp::bytes(32, 1));
    run.pay(ilp::send_exactly({2'000}, {}, 0), {}, {ilp::path_maximum{amount{1'000}}, {}}, {});
    run_until(d.loop, [&] { return d.forwarded.size() == 2; });
    run.cancel();
    connector::testing::run_ready(d.loop);
    CHECK_FALSE(d.end.has_value());
    d.reject_all("T00");
    run_until(d.loop, [&] { return d.end.has_value(); });
    CHECK(d.end->end == payment_end::cancelled);

    node other;
    payment_run& suspended = other.start("alice", "test.p1.carol", ilp::bytes(32, 1));
    suspended.pay(ilp::send_exactly({2'000}, {}, 0), {}, {ilp::path_maximum{amount{1'000}}, {}}, {});
    run_until(other.loop, [&] { return other.forwarded.size() == 2; });
    suspended.suspend();
    CHECK_FALSE(suspended.is_idle());
    other.reject_all("F02");
    run_until(other.loop, [&] { return suspended.is_idle(); });
    CHECK_FALSE(other.end.has_value());
    CHECK(other.prepares == 2);
}

TEST_CASE("payment run: a quote that is refused says why once every probe is answered") {
    node d;
    payment_run& run = d.start("alice", "test.p1.carol", ilp::bytes(32, 1));
    run.quote({900}, {});
    run_until(d.loop, [&] { return d.forwarded.size() == 2; });
    CHECK_FALSE(d.quote.has_value());
    d.reject_all("F02");
    run_until(d.loop, [&] { return d.quote.has_value(); });
    REQUIRE_FALSE(d.quote->has_value());
    CHECK(d.quote->error().code == ilp::error_code::f02_unreachable);
    CHECK(run.is_idle());
    CHECK(d.world.at_rest());
}

TEST_CASE("payment run: a disabled account does not pay") {
    node d;
    peering::receiving_account disabled = d.find("alice");
    disabled.enabled = false;
    CHECK_FALSE(payer_of(disabled, ilp::address::parse("test.d").value()).enabled);
    CHECK(payer_of(d.find("alice"), ilp::address::parse("test.d").value()).id == own_payments);
}

}  // namespace payment_run_test
