#include "peering/book/operator_transfers.hpp"

#include "peering/audit.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"
#include "tests/unit/peering/store_place.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <thread>

namespace operator_transfers_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

using enum transfer_refusal;

constexpr ilp::timestamp noon{1'800'000'000'000ms};

constexpr transfer_result done = std::nullopt;

config::settings two_peers() {
    config::settings settings;
    settings.assets = {make_asset("USD", 9, 500)};
    settings.peers = {make_peer("bob", "USD", 9, 1000), make_peer("carol", "USD", 9, 0)};
    return settings;
}

/// The Admin API's side of a daemon that has just started on `store`.
struct desk {
    explicit desk(store& store) : books{store}, registry{build_or_throw(two_peers(), books.keeper)} {
        REQUIRE(transfers.restore(store.load().value().pending_withdrawals, books.ledger));
    }

    transfer_result deposit(const std::string& id, std::uint64_t amount) {
        return requests.deposit(id, bobs(), {amount}).get();
    }
    transfer_result withdraw(const std::string& id, std::uint64_t amount, std::chrono::seconds timeout = 0s) {
        return requests.withdraw(id, bobs(), {amount}, timeout, noon).get();
    }
    transfer_result post(const std::string& id, ilp::timestamp now = noon) {
        return requests.end(id, transfer_state::posted, now).get();
    }
    transfer_result undo(const std::string& id, ilp::timestamp now = noon) {
        return requests.end(id, transfer_state::voided, now).get();
    }
    void expire(ilp::timestamp now) { expire(clocks_at(now)); }
    void expire(const ilp::instant& now) {
        transfers.expire(now);
        REQUIRE(wait_until_idle(committer));
    }

    liquidity_account& bob() { return *registry->find_by_name("bob")->liquidity; }
    transfer_accounts bobs() { return {bob(), *registry->assets()[0].settlement}; }
    account_balance picture() {
        const auto balances = snapshot_of(books.ledger);
        CHECK(sums_are_zero(balances));
        return *std::ranges::find(balances, bob().id, &account_balance::id);
    }
    bool has(std::uint64_t balance, std::uint64_t pending = 0) {
        const account_balance seen = picture();
        return seen.posted.credits_posted - seen.posted.debits_posted == balance && seen.debits_pending == pending &&
               seen.credits_pending == 0 && bob().available == balance - pending &&
               bob().headroom == amount_max - balance;
    }

    peering::testing::books books;
    std::shared_ptr<const known_peers> registry;
    peering::committer committer{books.keeper};
    operator_transfers transfers{committer};
    operator_requests requests{committer, transfers};
};

/// A desk that can be closed and reopened.
struct shop {
    explicit shop(store_kind kind) : place{kind}, store{place.open()} { open(); }

    void open() {
        at.emplace(*store);
        at->committer.start();
    }
    void restart() {
        REQUIRE(at->committer.stop(10s));
        at.reset();
        if (place.is_durable()) {
            store.reset();
            store = place.open();
        }
        open();
    }
    desk* operator->() { return &*at; }
    void close() {
        REQUIRE(at->committer.stop(10s));
        at.reset();
        store.reset();
        if (place.is_durable()) CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
    }

    store_place place;
    std::unique_ptr<peering::store> store;
    std::optional<desk> at;
};

std::string upper(std::string id) {
    std::ranges::transform(id, id.begin(), [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
    return id;
}

/// Fails look-ups and commits of operators' transfers, or delays them, when told to.
class failing_store final : public store_decorator {
public:
    using store_decorator::store_decorator;

    std::expected<void, store_error> commit(const changes& changes) override {
        if (changes.new_transfers.empty() && changes.ended_transfers.empty()) return store_decorator::commit(changes);
        if (gated) {
            entered.release();
            gate.acquire();
        }
        if (commit_failures > 0) {
            --commit_failures;
            return std::unexpected{store_error{"disk", is_final}};
        }
        return store_decorator::commit(changes);
    }
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override {
        if (find_failures == 0) return store_decorator::find_transfer(uuid);
        --find_failures;
        return std::unexpected{store_error{"disk"}};
    }

    std::counting_semaphore<> entered{0};
    std::counting_semaphore<> gate{0};
    std::atomic<bool> gated = false;
    std::atomic<int> commit_failures = 0;
    std::atomic<bool> is_final = false;
    std::atomic<int> find_failures = 0;
};

}  // namespace

TEST_CASE("refusals come in the order that the Admin API documents") {
    shop shop{GENERATE(store_kind::memory, store_kind::sqlite)};
    const std::string used = new_uuid();
    const std::string unused = new_uuid();
    REQUIRE(shop->deposit(used, 10) == done);

    CHECK(shop->deposit("no id", 0) == amount_is_zero);
    CHECK(shop->deposit(used, 0) == amount_is_zero);
    CHECK(shop->deposit("no id", amount_max) == invalid_id);
    CHECK(shop->deposit(used, amount_max) == already_exists);
    CHECK(shop->deposit(unused, amount_max) == too_much_liquidity);

    for (const auto timeout : {0s, 10s}) {
        CHECK(shop->withdraw("no id", 0, timeout) == amount_is_zero);
        CHECK(shop->withdraw(used, 0, timeout) == amount_is_zero);
        CHECK(shop->withdraw("no id", amount_max, timeout) == invalid_id);
        CHECK(shop->withdraw(used, amount_max, timeout) == already_exists);
        CHECK(shop->withdraw(unused, 1011, timeout) == insufficient_liquidity);
    }

    for (const auto end : {&desk::post, &desk::undo}) {
        const auto ended = [&](const std::string& id, ilp::timestamp now = noon) { return ((*shop.at).*end)(id, now); };
        CHECK(ended("no id") == invalid_id);
        CHECK(ended("6ba7b810-9dad-11d1-80b4-00c04fd430c8") == invalid_id);
        CHECK(ended(unused) == unknown_transfer);
        CHECK(ended(used) == already_posted);
        const std::string at_once = new_uuid();
        const std::string posted = new_uuid();
        const std::string voided = new_uuid();
        const std::string expired = new_uuid();
        REQUIRE(shop->withdraw(at_once, 1) == done);
        for (const auto& id : {posted, voided, expired}) REQUIRE(shop->withdraw(id, 1, 10s) == done);
        REQUIRE(shop->post(posted) == done);
        REQUIRE(shop->undo(voided) == done);
        CHECK(ended(at_once) == already_posted);
        CHECK(ended(posted, noon + 1h) == already_posted);
        CHECK(ended(voided, noon + 1h) == already_voided);
        CHECK(ended(expired, noon + 1h) == already_expired);
        CHECK(ended(expired) == already_expired);
    }
    CHECK(shop->has(1010 - 4));
    shop.close();
}

TEST_CASE("the id of a refused transfer can be used again with correct arguments") {
    shop shop{GENERATE(store_kind::memory, store_kind::sqlite)};
    const std::string id = new_uuid();
    CHECK(shop->deposit(id, amount_max - 999) == too_much_liquidity);
    CHECK(shop->withdraw(id, 1001) == insufficient_liquidity);
    CHECK(shop->withdraw(id, 1001, 5s) == insufficient_liquidity);
    CHECK(shop->has(1000));
    CHECK_FALSE(shop.store->find_transfer(id).value().has_value());
    CHECK(shop->deposit(id, amount_max - 1000) == done);
    CHECK(shop->has(amount_max));
    CHECK(shop->deposit(new_uuid(), 1) == too_much_liquidity);
    CHECK(shop->withdraw(new_uuid(), amount_max) == done);
    CHECK(shop->has(0));
    CHECK(shop->withdraw(new_uuid(), 1) == insufficient_liquidity);
    shop.close();
}

TEST_CASE("an id can be used only once, in upper or lower case, for any transfer") {
    shop shop{GENERATE(kinds_of_stores())};
    const std::string deposited = upper(new_uuid());
    const std::string withdrawn = new_uuid();
    const std::string pending = new_uuid();
    REQUIRE(shop->deposit(deposited, 5) == done);
    REQUIRE(shop->withdraw(withdrawn, 6) == done);
    REQUIRE(shop->withdraw(pending, 7, 100s) == done);
    for (int round = 0; round < 2; ++round) {
        for (std::string id : {deposited, withdrawn, pending}) {
            for (int letters = 0; letters < 2; ++letters) {
                CHECK(shop->deposit(id, 5) == already_exists);
                CHECK(shop->withdraw(id, 5) == already_exists);
                CHECK(shop->withdraw(id, 5, 10s) == already_exists);
                to_lower_case(id);
                if (letters == 0 && id != deposited) id = upper(id);
            }
        }
        CHECK(shop->has(999, 7));
        CHECK(shop->transfers.pending_count() == 1);
        // A store that is not durable has no totals for packets, but these are operators' transfers.
        shop.restart();
    }
    CHECK(shop->post(upper(pending)) == done);
    CHECK(shop->deposit(pending, 5) == already_exists);
    CHECK(shop->has(992));
    shop.close();
}

TEST_CASE("of many concurrent transfers with one id exactly one takes effect") {
    shop shop{GENERATE(store_kind::memory, store_kind::sqlite)};
    constexpr int rounds = 20;
    constexpr std::size_t threads = 6;
    for (int round = 0; round < rounds; ++round) {
        const std::string id = new_uuid();
        std::array<transfer_result, threads> answers;
        std::atomic<std::size_t> ready{0};
        {
            std::vector<std::jthread> askers;
            for (std::size_t i = 0; i < threads; ++i) {
                askers.emplace_back([&, i] {
                    ++ready;
                    while (ready < threads) std::this_thread::yield();
                    const std::string own = i % 2 == 0 ? id : upper(id);
                    answers[i] = i < threads / 2 ? shop->deposit(own, 3) : shop->withdraw(own, 3);
                });
            }
        }
        CHECK(std::ranges::count(answers, done) == 1);
        CHECK(std::ranges::count(answers, transfer_result{already_exists}) == threads - 1);
    }
    std::uint64_t expected = 1000;
    const auto balance = balance_of(shop->books.ledger, shop->bob());
    CHECK(balance % 3 == expected % 3);
    CHECK(balance <= expected + 3 * rounds);
    CHECK(shop->has(balance));
    shop.close();
}

TEST_CASE("a withdrawal in two phases reserves its amount, and moves it when it is posted") {
    shop shop{GENERATE(store_kind::memory, store_kind::sqlite)};
    const std::string first = new_uuid();
    const std::string second = new_uuid();
    REQUIRE(shop->withdraw(first, 600, 10s) == done);
    CHECK(shop->has(1000, 600));
    CHECK(shop->transfers.pending_count() == 1);
    CHECK(shop->withdraw(second, 401, 10s) == insufficient_liquidity);
    REQUIRE(shop->withdraw(second, 400, 20s) == done);
    CHECK(shop->has(1000, 1000));
    // Reserved money is still in the account and leaves no room for more.
    CHECK(shop->deposit(new_uuid(), amount_max - 999) == too_much_liquidity);
    const transfer_record kept = shop.store->find_transfer(first).value().value();
    CHECK(kept.state == transfer_state::pending);
    CHECK(kept.expires_at == noon + 10s);

    CHECK(shop->post(first, noon + 9s) == done);
    CHECK(shop->has(400, 400));
    CHECK(shop->undo(second) == done);
    CHECK(shop->has(400));
    CHECK(shop->transfers.pending_count() == 0);
    CHECK(shop.store->find_transfer(first).value()->state == transfer_state::posted);
    CHECK(shop.store->find_transfer(second).value()->state == transfer_state::voided);
    CHECK(shop->post(first) == already_posted);
    CHECK(shop->undo(first) == already_posted);
    CHECK(shop->post(second) == already_voided);
    CHECK(shop->undo(second) == already_voided);
    CHECK(shop->has(400));
    shop.close();
}

TEST_CASE("setting the wall clock neither ends a withdrawal nor keeps its amount reserved") {
    shop shop{GENERATE(store_kind::memory, store_kind::sqlite)};
    const auto after = [](std::chrono::seconds elapsed, std::chrono::seconds set) {
        return ilp::instant{noon + elapsed + set, clocks_at(noon + elapsed).steady};
    };
    const std::string posted = new_uuid();
    const std::string expired = new_uuid();
    REQUIRE(shop->withdraw(posted, 600, 60s) == done);
    REQUIRE(shop->withdraw(expired, 400, 60s) == done);
    for (const auto set : {1h, -1h}) {
        shop->expire(after(59s, set));
        CHECK(shop->transfers.pending_count() == 2);
    }
    CHECK(shop->requests.end(posted, transfer_state::posted, after(59s, 1h)).get() == done);
    CHECK(shop->requests.end(expired, transfer_state::posted, after(60s, -1h)).get() == already_expired);
    CHECK(shop->has(400));

    REQUIRE(shop->withdraw(new_uuid(), 400, 60s) == done);
    shop->expire(after(60s, -1h));
    CHECK(shop->transfers.pending_count() == 0);
    CHECK(shop->has(400));
    shop.close();
}

TEST_CASE("a withdrawal from before the start ends by the wall clock, also once that was put right") {
    shop shop{store_kind::sqlite};
    REQUIRE(shop->withdraw(new_uuid(), 600, 60s) == done);
    shop.restart();
    const ilp::steady_time booted{};
    shop->expire({noon - 1h, booted});  // the host's clock is wrong at first
    shop->expire({noon - 1h + 60s, booted + 60s});
    CHECK(shop->has(1000, 600));
    shop->expire({noon + 61s, booted + 61s});
    CHECK(shop->has(1000));
    shop.close();
}

TEST_CASE("a withdrawal has ended at the exact time of its expiry") {
    shop shop{GENERATE(store_kind::memory, store_kind::sqlite)};
    for (const auto end : {&desk::post, &desk::undo}) {
        const std::string in_time = new_uuid();
        const std::string late = new_uuid();
        REQUIRE(shop->withdraw(in_time, 100, 10s) == done);
        REQUIRE(shop->withdraw(late, 200, 10s) == done);
        CHECK(((*shop.at).*end)(in_time, noon + 10s - 1ms) == done);
        CHECK(((*shop.at).*end)(late, noon + 10s) == already_expired);
        CHECK(shop.store->find_transfer(late).value()->state == transfer_state::expired);
        CHECK(shop->transfers.pending_count() == 0);
    }
    CHECK(shop->has(900));

    const std::string swept = new_uuid();
    REQUIRE(shop->withdraw(swept, 300, 10s) == done);
    shop->expire(noon + 10s - 1ms);
    CHECK(shop->has(900, 300));
    shop->expire(noon + 10s);
    CHECK(shop->has(900));
    CHECK(shop->post(swept) == already_expired);
    shop.close();
}

TEST_CASE("a timeout beyond a century is accepted and does not overflow") {
    shop shop{GENERATE(store_kind::memory, store_kind::sqlite)};
    const std::string id = new_uuid();
    REQUIRE(shop->withdraw(id, 1, std::chrono::seconds::max()) == done);
    shop.restart();
    shop->expire(noon + std::chrono::years{100} - 1ms);
    CHECK(shop->has(1000, 1));
    shop->expire(noon + std::chrono::years{100});
    CHECK(shop->has(1000));
    shop.close();
}

TEST_CASE("pending withdrawals are reserved again after a restart, and end as before") {
    shop shop{GENERATE(kinds_of_stores())};
    const std::array ids{new_uuid(), new_uuid(), new_uuid(), new_uuid()};
    for (std::size_t i = 0; i < ids.size(); ++i) {
        REQUIRE(shop->withdraw(ids[i], 100 << i, std::chrono::seconds{10 * (i + 1)}) ==
                (i < 3 ? done : transfer_result{insufficient_liquidity}));
    }
    CHECK(shop->has(1000, 700));
    shop.restart();
    CHECK(shop->has(1000, 700));
    CHECK(shop->transfers.pending_count() == 3);
    CHECK(shop->withdraw(new_uuid(), 301) == insufficient_liquidity);
    shop->expire(noon + 10s);
    CHECK(shop->has(1000, 600));
    shop.restart();
    CHECK(shop->has(1000, 600));
    CHECK(shop->post(ids[0]) == already_expired);
    CHECK(shop->post(ids[1]) == done);
    CHECK(shop->undo(ids[2]) == done);
    shop.restart();
    CHECK(shop->has(800));
    CHECK(shop->transfers.pending_count() == 0);
    shop.close();
}

TEST_CASE("a doubt ends with a correction of at most its amount, or without one if the books agree") {
    store_place place{GENERATE(kinds_of_durable_stores())};
    auto store = place.open();
    auto shop = std::make_unique<desk>(*store);
    shop->committer.start();
    CHECK(shop->requests.correct(new_uuid(), shop->bobs(), {1}).get() == no_doubt);
    CHECK(shop->requests.agree(shop->bob()).get() == no_doubt);
    const auto cast_doubt = [&](std::uint64_t amount) {
        REQUIRE(shop->committer.execute([account = shop->bob().id, amount](bookkeeper& keeper) {
            const flight_record doubt{account, 0, amount};
            CHECK(keeper.write({.changed_flights = {&doubt, 1}}));
        }));
        REQUIRE(wait_until_idle(shop->committer));
        CHECK(shop->committer.doubt_about(shop->bob().id) == amount);
    };
    cast_doubt(64);
    CHECK(shop->requests.correct(new_uuid(), shop->bobs(), {65}).get() == above_doubt);
    CHECK(shop->requests.correct(new_uuid(), shop->bobs(), {0}).get() == amount_is_zero);
    CHECK(shop->committer.doubt_about(shop->bob().id) == 64);
    CHECK(shop->has(1000));
    const std::string id = new_uuid();
    CHECK(shop->requests.correct(id, shop->bobs(), {40}).get() == done);
    CHECK(shop->has(1040));
    CHECK(shop->committer.doubts().empty());
    // Whoever sends it again learns that it has been done.
    CHECK(shop->requests.correct(id, shop->bobs(), {40}).get() == already_exists);
    CHECK(shop->requests.correct(new_uuid(), shop->bobs(), {40}).get() == no_doubt);
    cast_doubt(8);
    CHECK(shop->requests.correct(id, shop->bobs(), {8}).get() == already_exists);
    CHECK(shop->requests.agree(shop->bob()).get() == done);
    CHECK(shop->has(1040));
    CHECK(shop->committer.doubts().empty());
    CHECK(shop->requests.agree(shop->bob()).get() == no_doubt);
    REQUIRE(shop->committer.stop(10s));
    shop.reset();
    CHECK(store->load().value().flights.empty());
    CHECK(store->find_transfer(id).value()->kind == transfer_kind::correction);
    CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
}

TEST_CASE("a book whose account does not have a pending amount is not restored") {
    const auto store = open_or_throw("memory:");
    desk desk{*store};
    transfer_record pending{.uuid = new_uuid(),
                            .kind = transfer_kind::withdrawal,
                            .state = transfer_state::pending,
                            .debit = desk.bob().id,
                            .credit = desk.bobs().settlement.id,
                            .amount = {1001},
                            .expires_at = noon};
    CHECK_FALSE(desk.transfers.restore({&pending, 1}, desk.books.ledger));
    pending.amount = {1000};
    pending.credit = account_id{99};
    CHECK_FALSE(desk.transfers.restore({&pending, 1}, desk.books.ledger));
}

TEST_CASE("a book with a malformed pending withdrawal is not restored") {
    const auto store = open_or_throw("memory:");
    desk desk{*store};
    constexpr account_id elsewhere{99};
    desk.books.ledger.open(elsewhere, account_kind::settlement, 7, {});
    transfer_record pending{.uuid = new_uuid(),
                            .kind = transfer_kind::withdrawal,
                            .state = transfer_state::pending,
                            .debit = desk.bob().id,
                            .credit = desk.bobs().settlement.id,
                            .amount = {1},
                            .expires_at = noon};
    SECTION("it moves money between two assets") {
        pending.credit = elsewhere;
    }
    SECTION("it never expires") {
        pending.expires_at.reset();
    }
    SECTION("it moves nothing") {
        pending.amount = {0};
    }
    CHECK_FALSE(desk.transfers.restore({&pending, 1}, desk.books.ledger));
    CHECK(desk.transfers.pending_count() == 0);
}

TEST_CASE("many withdrawals are pending at once, and expire in their time") {
    shop shop{GENERATE(store_kind::memory, store_kind::sqlite)};
    constexpr int count = 500;
    std::vector<operator_requests::answer> answers;
    for (int i = 0; i < count; ++i) {
        // Each request is sent without waiting for the others. More than this would be refused.
        answers.push_back(
            shop->requests.withdraw(new_uuid(), shop->bobs(), {2}, std::chrono::seconds{1 + i % 10}, noon));
    }
    for (auto& answer : answers) REQUIRE(answer.get() == done);
    CHECK(shop->has(1000, 1000));
    CHECK(shop->withdraw(new_uuid(), 1) == insufficient_liquidity);
    for (std::uint64_t second = 1; second <= 10; ++second) {
        if (second == 5) shop.restart();
        shop->expire(noon + std::chrono::seconds{second});
        CHECK(shop->transfers.pending_count() == count - 50 * second);
        CHECK(shop->has(1000, 1000 - 100 * second));
    }
    shop.close();
}

TEST_CASE("nothing happens while the store cannot look up an id") {
    failing_store store{open_or_throw("memory:")};
    desk desk{store};
    desk.committer.start();
    const std::string id = new_uuid();
    store.find_failures = 4;
    CHECK(desk.deposit(id, 1) == store_unavailable);
    CHECK(desk.withdraw(id, 1) == store_unavailable);
    CHECK(desk.withdraw(id, 1, 10s) == store_unavailable);
    CHECK(desk.post(id) == store_unavailable);
    CHECK(desk.has(1000));
    CHECK(desk.post(id) == unknown_transfer);
    CHECK(desk.deposit(id, 1) == done);
    CHECK(desk.committer.stop(10s));
}

TEST_CASE("a change that the store finally refuses is undone in the ledger") {
    failing_store store{open_or_throw("memory:")};
    desk desk{store};
    desk.committer.start();
    store.is_final = true;
    const std::string id = new_uuid();
    store.commit_failures = 3;
    CHECK(desk.deposit(id, 1) == store_unavailable);
    CHECK(desk.withdraw(id, 1000) == store_unavailable);
    CHECK(desk.withdraw(id, 1000, 10s) == store_unavailable);
    CHECK(desk.has(1000));
    CHECK(desk.transfers.pending_count() == 0);
    REQUIRE(desk.withdraw(id, 1000, 10s) == done);
    store.commit_failures = 3;
    CHECK(desk.post(id) == store_unavailable);
    CHECK(desk.undo(id) == store_unavailable);
    desk.expire(noon + 10s);
    CHECK(desk.has(1000, 1000));
    CHECK(desk.transfers.pending_count() == 1);
    CHECK(desk.post(id) == done);
    CHECK(desk.has(0));
    CHECK(desk.committer.stop(10s));
}

TEST_CASE("a transfer waits for a store that fails temporarily, and others are refused at once meanwhile") {
    failing_store store{open_or_throw("memory:")};
    desk desk{store};
    desk.committer.start();
    const std::string id = new_uuid();
    const std::string other = new_uuid();
    store.commit_failures = 2;
    store.gated = true;
    auto answer = desk.requests.deposit(id, desk.bobs(), {7});
    store.entered.acquire();
    store.gate.release();
    store.entered.acquire();
    CHECK(answer.wait_for(0s) == std::future_status::timeout);
    CHECK(desk.deposit(other, 1) == store_unavailable);
    CHECK(desk.withdraw(other, 1, 5s) == store_unavailable);
    CHECK(desk.post(other) == store_unavailable);
    CHECK(desk.undo(other) == store_unavailable);
    store.gate.release(100);
    CHECK(answer.get() == done);
    REQUIRE(wait_until_idle(desk.committer));
    CHECK(desk.has(1007));
    CHECK(desk.deposit(other, 1) == done);
    CHECK(desk.committer.stop(10s));
}

TEST_CASE("expiry submits one task, however often it is called while the store is busy") {
    failing_store store{open_or_throw("memory:")};
    desk desk{store};
    desk.committer.start();
    REQUIRE(desk.withdraw(new_uuid(), 1, 1s) == done);
    store.gated = true;
    auto answer = desk.requests.deposit(new_uuid(), desk.bobs(), {1});
    store.entered.acquire();
    for (std::size_t i = 0; i < committer::tasks_max + 10; ++i) desk.transfers.expire(clocks_at(noon + 2s));
    std::atomic<bool> ran = false;
    CHECK(desk.committer.execute([&](bookkeeper&) { ran = true; }));
    store.gated = false;
    store.gate.release(10);
    CHECK(answer.get() == done);
    CHECK(desk.committer.stop(10s));
    CHECK(ran);
    CHECK(desk.has(1001));
    CHECK(desk.transfers.pending_count() == 0);
}

namespace {

/// Writes the changes that name one transfer, but never reports success.
class silent_store final : public store_decorator {
public:
    silent_store(std::unique_ptr<store> inner, std::string uuid)
        : store_decorator{std::move(inner)}, uuid_{std::move(uuid)} {}

    std::expected<void, store_error> commit(const changes& changes) override {
        if (changes.new_transfers.empty() || changes.new_transfers[0].uuid != uuid_) {
            return store_decorator::commit(changes);
        }
        if (!std::exchange(written_, true) && !store_decorator::commit(changes)) std::abort();
        return std::unexpected{store_error{"no answer"}};
    }

private:
    std::string uuid_;
    bool written_ = false;
};

}  // namespace

TEST_CASE("nothing else is written after a commit was given up, as the ledger may be behind the store") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const std::string first = new_uuid();
    const std::string second = new_uuid();
    {
        silent_store store{place.open(), first};
        desk desk{store};
        auto of_first = desk.requests.deposit(first, desk.bobs(), {100});
        auto of_second = desk.requests.deposit(second, desk.bobs(), {10});
        desk.committer.start();
        CHECK_FALSE(desk.committer.stop(0ms));
        CHECK(of_first.get() == store_unavailable);
        CHECK(of_second.get() == store_unavailable);
    }
    CHECK(audit(place.url()).value().faults == std::vector<std::string>{});
    const auto store = place.open();
    desk desk{*store};
    CHECK(desk.has(1100));
    desk.committer.start();
    CHECK(desk.deposit(first, 100) == already_exists);
    CHECK(desk.deposit(second, 10) == done);
    CHECK(desk.has(1110));
    CHECK(desk.committer.stop(10s));
}

}  // namespace operator_transfers_test
