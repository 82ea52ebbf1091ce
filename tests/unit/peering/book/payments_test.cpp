#include "peering/book/payments.hpp"

#include "peering/audit.hpp"
#include "peering/book/committer.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"
#include "peering/store/store_memory.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <cctype>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace payments_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

constexpr ilp::timestamp noon{1'800'000'000'000ms};
constexpr payment_offer offer{.send_max = {80}, .minimum = {99, 100}, .expected = {1, 1}};

/// The payments of a daemon that has just started on `store`. Bob's account, which has 100, pays.
struct desk {
    explicit desk(store& store) : books{store}, registry{registry_of(books)} {
        payments.on_change([this](const payment_record& changed) { seen.push_back(changed.standing.status); });
        const catalogue loaded = store.load().value();
        REQUIRE(payments.restore(loaded.open_payments, loaded.last_payment, books.ledger));
    }

    static std::shared_ptr<const known_peers> registry_of(peering::testing::books& books) {
        config::settings settings;
        settings.assets = {make_asset("USD", 9, 500)};
        settings.peers = {make_peer("bob", "USD", 9, 100), make_peer("carol", "USD", 9, 0)};
        return build_or_throw(settings, books.keeper);
    }

    liquidity_account& bob() { return *registry->find_by_name("bob")->liquidity; }
    liquidity_account& carol() { return *registry->find_by_name("carol")->liquidity; }

    payment_request request(std::uint64_t amount = 80) {
        return {
            .uuid = new_uuid(), .account = bob().id, .receiver = "$carol.example", .amount = {amount}, .slippage = 100};
    }
    auto create(const payment_request& request) { return payments.create(books.keeper, request, noon, {}); }
    std::optional<payment_refusal> refusal_of(const payment_request& request) {
        const auto answer = create(request);
        return answer ? std::nullopt : std::optional{answer.error()};
    }
    auto cancel(const std::string& uuid) { return payments.cancel(books.keeper, uuid, noon + 2s, {}); }
    payment_record stored(const std::string& uuid) { return books.keeper.find_payment(uuid).value().value(); }

    peering::testing::books books;
    std::shared_ptr<const known_peers> registry;
    peering::payments payments;
    std::vector<payment_status> seen;
};

/// Opens the store again, if it keeps anything.
void reopen(store_place& place, std::unique_ptr<store>& store) {
    if (!place.is_durable()) return;
    store.reset();
    store = place.open();
}

}  // namespace

TEST_CASE("a payment is quoted, sent and completed, and each step is durable") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    std::string uuid;
    {
        desk desk{*store};
        const auto made = desk.create(desk.request());
        REQUIRE(made.has_value());
        uuid = made->uuid;
        CHECK(made->number == 1);
        CHECK(made->standing == payment_standing{.status = payment_status::quoting});
        CHECK(desk.stored(uuid) == *made);
        CHECK(desk.payments.open().at(1) == *made);
        CHECK(desk.bob().available == 100);  // nothing is reserved
    }
    reopen(place, store);
    {
        desk desk{*store};
        REQUIRE(desk.payments.open().size() == 1);
        REQUIRE(desk.payments.start_sending(desk.books.keeper, 1, offer));
        CHECK(desk.stored(uuid).standing == payment_standing{.status = payment_status::sending, .offer = offer});
    }
    reopen(place, store);
    {
        desk desk{*store};
        CHECK(desk.payments.open().at(1).standing.offer == offer);
        REQUIRE(desk.payments.end(desk.books.keeper, 1, payment_status::completed, {}, noon + 1s));
        CHECK(desk.payments.open().empty());
        CHECK(desk.seen == std::vector{payment_status::completed});
    }
    reopen(place, store);
    desk desk{*store};
    CHECK(desk.payments.open().empty());
    CHECK(desk.stored(uuid).standing ==
          payment_standing{.status = payment_status::completed, .offer = offer, .ended_at = noon + 1s});
    const auto next = desk.create(desk.request());
    REQUIRE(next.has_value());
    CHECK(next->number == 2);
}

TEST_CASE("a payment that fails says why") {
    memory_store store;
    desk desk{store};
    const auto made = desk.create(desk.request());
    REQUIRE(made.has_value());
    REQUIRE(desk.payments.end(desk.books.keeper, 1, payment_status::failed, "F02 Unreachable", noon));
    CHECK(desk.stored(made->uuid).standing.failure == "F02 Unreachable");
    CHECK(desk.payments.end(desk.books.keeper, 1, payment_status::completed, {}, noon).error() ==
          payment_refusal::already_ended);
    CHECK(desk.payments.start_sending(desk.books.keeper, 1, offer).error() == payment_refusal::already_ended);
}

TEST_CASE("a payment with the id of another one is refused, also after the other has ended and after a restart") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    payment_request request;
    {
        desk desk{*store};
        request = desk.request();
        REQUIRE(desk.create(request).has_value());
        CHECK(desk.refusal_of(request) == payment_refusal::already_exists);
        payment_request upper = request;
        for (char& c : upper.uuid) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        CHECK(desk.refusal_of(upper) == payment_refusal::already_exists);
        REQUIRE(desk.cancel(request.uuid).has_value());
        CHECK(desk.refusal_of(request) == payment_refusal::already_exists);
    }
    reopen(place, store);
    desk desk{*store};
    CHECK(desk.refusal_of(request) == payment_refusal::already_exists);
    CHECK(desk.payments.open().empty());
}

TEST_CASE("a payment that makes no sense is refused and leaves nothing") {
    memory_store store;
    desk desk{store};
    const auto refused = [&](auto change) {
        payment_request request = desk.request();
        change(request);
        return desk.refusal_of(request);
    };
    using enum payment_refusal;
    CHECK(refused([](auto& request) { request.amount = {}; }) == amount_is_zero);
    CHECK(refused([](auto& request) { request.uuid = "x"; }) == invalid_id);
    CHECK(refused([](auto& request) { request.slippage = 10'000; }) == invalid_slippage);
    CHECK(refused([](auto& request) { request.receiver.clear(); }) == invalid_receiver);
    CHECK(refused([](auto& request) { request.receiver = "$a\nb"; }) == invalid_receiver);
    CHECK(refused([](auto& request) { request.receiver = std::string("$a\0b", 4); }) == invalid_receiver);
    CHECK(refused([](auto& request) { request.receiver = "$\xff"; }) == invalid_receiver);
    CHECK(refused([](auto& request) { request.receiver.assign(2'001, 'a'); }) == invalid_receiver);
    CHECK(refused([](auto& request) { request.amount = {101}; }) == insufficient_liquidity);
    CHECK(refused([](auto& request) {
              request.amount = {101};
              request.is_fixed_delivery = true;
          }) == std::nullopt);
    CHECK(refused([](auto& request) { request.receiver.assign(2'000, 'a'); }) == std::nullopt);
    CHECK(refused([](auto& request) { request.at_most = ilp::amount{}; }) == amount_is_zero);
    CHECK(refused([](auto& request) { request.at_most = ilp::amount{79}; }) == above_at_most);
    CHECK(refused([](auto& request) { request.at_most = ilp::amount{80}; }) == std::nullopt);
    CHECK(refused([](auto& request) {
              request.at_most = ilp::amount{1};
              request.is_fixed_delivery = true;
          }) == std::nullopt);
    CHECK(desk.payments.open().size() == 4);
    for (const auto refusal :
         {amount_is_zero, invalid_id, already_exists, invalid_slippage, invalid_receiver, insufficient_liquidity,
          above_at_most, too_many, unknown_payment, already_ended, store_unavailable}) {
        CHECK_FALSE(describe(refusal).empty());
    }
}

TEST_CASE("the most that a payment may send is stored with it") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    std::string uuid;
    {
        desk desk{*store};
        payment_request request = desk.request();
        request.is_fixed_delivery = true;
        request.at_most = ilp::amount{80};
        const auto made = desk.create(request);
        REQUIRE(made.has_value());
        uuid = made->uuid;
        CHECK(made->at_most == ilp::amount{80});
    }
    reopen(place, store);
    desk desk{*store};
    CHECK(desk.payments.open().at(1).at_most == ilp::amount{80});
    CHECK(desk.stored(uuid) == desk.payments.open().at(1));
    REQUIRE(desk.payments.start_sending(desk.books.keeper, 1, offer));
    CHECK(desk.stored(uuid).at_most == ilp::amount{80});
}

TEST_CASE("what packets of an account hold does not refuse a payment, and what has gone does") {
    memory_store store;
    desk desk{store};
    const leg held{&desk.bob(), &desk.carol(), {90}};
    REQUIRE(ledger::hold({&held, 1}));
    CHECK(desk.refusal_of(desk.request()) == std::nullopt);
    posting_batch batch;
    batch.add({&held, 1});
    REQUIRE(desk.books.keeper.write({.postings = batch.postings()}));
    CHECK(desk.refusal_of(desk.request()) == payment_refusal::insufficient_liquidity);
}

TEST_CASE("there are at most a thousand payments that have not ended") {
    memory_store store;
    desk desk{store};
    for (std::size_t i = 0; i < payments::open_max; ++i) REQUIRE(desk.create(desk.request()).has_value());
    CHECK(desk.refusal_of(desk.request()) == payment_refusal::too_many);
    REQUIRE(desk.payments.end(desk.books.keeper, 5, payment_status::completed, {}, noon));
    CHECK(desk.create(desk.request()).has_value());
}

TEST_CASE("a payment is cancelled at once before it is sent, and after its packets are answered while it is") {
    store_place place{GENERATE(kinds_of_stores())};
    auto store = place.open();
    std::string uuid;
    {
        desk desk{*store};
        const auto quoting = desk.create(desk.request());
        REQUIRE(quoting.has_value());
        CHECK(desk.cancel(quoting->uuid)->standing ==
              payment_standing{.status = payment_status::cancelled, .ended_at = noon + 2s});
        CHECK(desk.cancel(quoting->uuid).error() == payment_refusal::already_ended);
        CHECK(desk.cancel(new_uuid()).error() == payment_refusal::unknown_payment);
        CHECK(desk.cancel("x").error() == payment_refusal::invalid_id);

        const auto sending = desk.create(desk.request());
        REQUIRE(sending.has_value());
        uuid = sending->uuid;
        REQUIRE(desk.payments.start_sending(desk.books.keeper, sending->number, offer));
        CHECK(desk.cancel(uuid)->standing.status == payment_status::cancelling);
        CHECK(desk.cancel(uuid)->standing.status == payment_status::cancelling);
    }
    reopen(place, store);
    desk desk{*store};
    REQUIRE(desk.payments.open().size() == 1);
    CHECK(desk.payments.open().at(2).standing.status == payment_status::cancelling);
    REQUIRE(desk.payments.end(desk.books.keeper, 2, payment_status::cancelled, {}, noon));
    CHECK(desk.stored(uuid).standing.status == payment_status::cancelled);
}

TEST_CASE("what a payment has sent is written with the postings of its packets, and a restart finds both") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    std::string uuid;
    {
        desk desk{*store};
        uuid = desk.create(desk.request())->uuid;
        REQUIRE(desk.payments.start_sending(desk.books.keeper, 1, offer));
        durable_watch watch;
        committer committer{desk.books.keeper};
        const std::size_t listener = committer.add_listener(watch.callback());
        committer.start();
        posting_batch batch;
        for (std::uint64_t packet = 1; packet <= 3; ++packet) {
            const leg leg{&desk.bob(), &desk.carol(), {10}};
            REQUIRE(ledger::hold({&leg, 1}));
            batch.add({&leg, 1});
            batch.advance({1, {10 * packet}, {9 * packet}});
        }
        watch.wait_for(committer.submit(listener, batch));
        CHECK(batch.payments().empty());
        REQUIRE(committer.stop(10s));
    }
    store.reset();
    store = place.open();
    desk desk{*store};
    const payment_record& payment = desk.payments.open().at(1);
    CHECK(payment.sent == ilp::amount{30});
    CHECK(payment.delivered == ilp::amount{27});
    CHECK(balance_of(desk.books.ledger, desk.bob()) == 70);
    CHECK(desk.stored(uuid) == payment);
}

TEST_CASE("a store that keeps nothing knows the progress of a payment, too") {
    memory_store store;
    desk desk{store};
    const std::string uuid = desk.create(desk.request())->uuid;
    committer committer{desk.books.keeper};
    const std::size_t listener = committer.add_listener([](commit_ticket) {});
    committer.start();
    const leg leg{&desk.bob(), &desk.carol(), {10}};
    REQUIRE(ledger::hold({&leg, 1}));
    posting_batch batch;
    batch.add({&leg, 1});
    batch.advance({1, {10}, {9}});
    CHECK(committer.submit(listener, batch) == nothing_to_wait_for);
    REQUIRE(wait_until_idle(committer));
    REQUIRE(committer.stop(10s));
    CHECK(desk.stored(uuid).sent == ilp::amount{10});
    CHECK(desk.stored(uuid).delivered == ilp::amount{9});
}

TEST_CASE("the progress of a payment is kept in a store that keeps nothing, also while no more tasks may wait") {
    memory_store store;
    desk desk{store};
    const std::string uuid = desk.create(desk.request())->uuid;
    REQUIRE(desk.payments.start_sending(desk.books.keeper, 1, offer));
    committer committer{desk.books.keeper};
    const std::size_t listener = committer.add_listener([](commit_ticket) {});
    committer.start();
    std::promise<void> may_go_on;
    REQUIRE(committer.execute([&](bookkeeper&) { may_go_on.get_future().wait(); }));
    while (committer.execute([](bookkeeper&) {})) continue;
    posting_batch batch;
    for (std::uint64_t packet = 1; packet <= 2; ++packet) {
        const leg leg{&desk.bob(), &desk.carol(), {10}};
        REQUIRE(ledger::hold({&leg, 1}));
        batch.add({&leg, 1});
        batch.advance({1, {10 * packet}, {9 * packet}});
        CHECK(committer.submit(listener, batch) == nothing_to_wait_for);
    }
    may_go_on.set_value();
    REQUIRE(committer.stop(10s));
    CHECK(desk.stored(uuid).sent == ilp::amount{20});
    CHECK(desk.stored(uuid).delivered == ilp::amount{18});
    CHECK(balance_of(desk.books.ledger, desk.bob()) == 80);
}

TEST_CASE("later progress of a payment replaces earlier progress when batches are merged") {
    liquidity_account from{.id = account_id{1}};
    liquidity_account to{.id = account_id{2}};
    const leg leg{&from, &to, {1}};
    posting_batch first;
    first.add({&leg, 1});
    first.advance({1, {1}, {1}});
    first.advance({2, {5}, {5}});
    posting_batch second;
    second.add({&leg, 1});
    second.advance({1, {2}, {2}});
    first.merge(second);
    REQUIRE(first.payments().size() == 2);
    CHECK(first.payments()[0] == payment_progress{1, {2}, {2}});
    CHECK(first.payments()[1] == payment_progress{2, {5}, {5}});
    first.clear();
    CHECK(first.payments().empty());
}

TEST_CASE("a book whose payments cannot be true is not taken up") {
    memory_store store;
    desk desk{store};
    payment_record payment{.number = 1,
                           .uuid = new_uuid(),
                           .account = desk.bob().id,
                           .receiver = "$carol.example",
                           .amount = {80},
                           .standing = {.status = payment_status::sending, .offer = offer},
                           .sent = {80}};
    const auto is_taken = [&](std::uint64_t last) {
        payments taken;
        return taken.restore({&payment, 1}, last, desk.books.ledger);
    };
    CHECK(is_taken(1));
    CHECK_FALSE(is_taken(0));
    payment.sent = {81};
    CHECK_FALSE(is_taken(1));
    payment.sent = {80};
    payment.at_most = ilp::amount{80};
    CHECK(is_taken(1));
    payment.at_most = ilp::amount{79};
    CHECK_FALSE(is_taken(1));
    payment.at_most.reset();
    payment.standing.offer.reset();
    CHECK_FALSE(is_taken(1));
    payment.sent = {};
    CHECK_FALSE(is_taken(1));
    payment.standing.status = payment_status::quoting;
    CHECK(is_taken(1));
    payment.account = account_id{99};
    CHECK_FALSE(is_taken(1));
}

TEST_CASE("a payment is refused while the store does not write, and can be repeated") {
    memory_store store;
    desk desk{store};
    // The store refuses a number that it has.
    payment_record other{.number = 1, .uuid = new_uuid(), .account = desk.bob().id, .receiver = "$x", .amount = {1}};
    REQUIRE(store.commit({.new_payments = {&other, 1}}).has_value());
    CHECK(desk.refusal_of(desk.request()) == payment_refusal::store_unavailable);
    CHECK(desk.payments.open().empty());
    CHECK(desk.seen.empty());
}

}  // namespace payments_test
