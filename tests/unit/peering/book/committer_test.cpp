#include "peering/book/committer.hpp"

#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <thread>
#include <utility>

namespace committer_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

config::settings three_peers() {
    config::settings settings;
    settings.assets = {make_asset("USD", 9)};
    for (const char* name : {"alice", "bob", "carol"}) settings.peers.push_back(make_peer(name, "USD", 9, 1000));
    return settings;
}

/// Records the commits, and can be told to block before a commit or to fail.
class scripted_store final : public store_decorator {
public:
    struct written {
        std::vector<posting> postings;
        std::vector<account_change> accounts;
        bool with_others = false;  ///< it contained more than postings
        std::vector<split_outcome> outcomes;
    };

    scripted_store() : store_decorator{open_or_throw("memory:")} {}

    std::expected<void, store_error> commit(const changes& changes) override {
        if (changes.postings.empty() && changes.new_split_outcomes.empty()) return store_decorator::commit(changes);
        entered.release();
        if (gated) gate.acquire();
        const std::vector outcomes(changes.new_split_outcomes.begin(), changes.new_split_outcomes.end());
        if (failures > 0) {
            refused_outcomes.push_back(outcomes);
            --failures;
            return std::unexpected{
                store_error{"disk " + std::to_string(failures / 2), failures_are_final, false, is_taken_over}};
        }
        const std::lock_guard lock{mutex};
        commits.push_back({{changes.postings.begin(), changes.postings.end()},
                           {changes.accounts.begin(), changes.accounts.end()},
                           changes.forget_answers_before.has_value(),
                           outcomes});
        return {};
    }

    std::expected<void, store_error> ping() override {
        pinged.release();
        if (ping_gated) ping_gate.acquire();
        if (ping_failures == 0) return {};
        --ping_failures;
        return std::unexpected{store_error{"gone"}};
    }

    std::vector<std::string> take_remarks() override {
        const std::lock_guard lock{mutex};
        return std::exchange(remarks, {});
    }
    std::optional<std::uint64_t> log_size() const override { return 4711; }
    std::optional<store_tenure> tenure() const override {
        const std::lock_guard lock{mutex};
        return registration;
    }

    std::size_t commit_count() {
        const std::lock_guard lock{mutex};
        return commits.size();
    }

    std::counting_semaphore<> pinged{0};  // one for each call
    std::counting_semaphore<> ping_gate{0};
    std::atomic<bool> ping_gated = false;
    std::atomic<int> ping_failures = 0;
    std::counting_semaphore<> entered{0};  // one for each call
    std::counting_semaphore<> gate{0};
    std::atomic<bool> gated = false;
    std::atomic<int> failures = 0;
    std::atomic<bool> failures_are_final = false;
    std::atomic<bool> is_taken_over = false;
    mutable std::mutex mutex;
    std::optional<store_tenure> registration;  // by mutex
    std::vector<written> commits;
    std::vector<std::vector<split_outcome>>
        refused_outcomes;  // of the failures; read it once the committer has stopped
    std::vector<std::string> remarks;
};

/// Records the reported health of the store, and can be waited for.
class health_log {
public:
    health_callback callback() {
        return [this](bool healthy, const std::string& error) {
            {
                const std::lock_guard lock{mutex_};
                reports_.emplace_back(healthy, error);
            }
            changed_.notify_all();
        };
    }
    void wait_until(bool healthy) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return !reports_.empty() && reports_.back().first == healthy; });
    }
    std::vector<std::pair<bool, std::string>> reports() {
        const std::lock_guard lock{mutex_};
        return reports_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::pair<bool, std::string>> reports_;
};

struct fixture {
    scripted_store store;
    peering::testing::books books{store};
    peering::ledger& ledger = books.ledger;
    std::shared_ptr<const known_peers> registry = build_or_throw(three_peers(), books.keeper);
    liquidity_account& alice = *registry->find_by_name("alice")->liquidity;
    liquidity_account& bob = *registry->find_by_name("bob")->liquidity;
    liquidity_account& carol = *registry->find_by_name("carol")->liquidity;
    durable_watch watch;
    durable_watch other_watch;
    peering::committer committer{books.keeper};
    std::size_t listener = committer.add_listener(watch.callback());
    std::size_t other_listener = committer.add_listener(other_watch.callback());
    posting_batch batch;

    bool transfer(liquidity_account& debit, liquidity_account& credit, std::uint64_t amount) {
        packet_transfer transfer;
        transfer.add(debit, credit, {amount});
        if (!peering::ledger::hold(transfer.legs())) return false;
        batch.add(transfer.legs());
        return true;
    }
};

}  // namespace

TEST_CASE("a ceiling rises with the commit of the batch that asks for it, and sinks when nothing needs it any more") {
    fixture f;
    f.committer.start();
    CHECK_FALSE(take_off(f.bob, {70}));
    f.batch.raise_ceiling(f.bob, 40);
    f.batch.raise_ceiling(f.bob, 70);
    posting_batch other;
    other.merge(f.batch);
    const commit_ticket ticket = f.committer.submit(f.listener, other);
    f.watch.wait_for(ticket);
    CHECK(take_off(f.bob, {70}));
    CHECK_FALSE(take_off(f.bob, {59}));
    // What is granted already needs no transaction, and its listener is told all the same.
    f.batch.clear();
    f.batch.raise_ceiling(f.bob, 128);
    f.watch.wait_for(f.committer.submit(f.listener, f.batch));
    CHECK(f.bob.flight_ceiling == 128);
    land(f.bob, {70});
    auto now = std::chrono::steady_clock::now();
    while (f.bob.flight_ceiling != 0) {
        f.committer.watch(now);
        REQUIRE(wait_until_idle(f.committer));
        now += flight_ceilings::quiet_time;
    }
    f.batch.raise_ceiling(f.carol, 5);
    f.watch.wait_for(f.committer.submit(f.listener, f.batch));
    CHECK(f.carol.flight_ceiling == 8);
    REQUIRE(f.committer.stop(10s));
    CHECK(f.committer.end_flights());
    CHECK(f.carol.flight_ceiling == 0);
    CHECK(f.books.keeper.flights().doubts().empty());
}

TEST_CASE("a batch asks for many ceilings, each account's once and for the most") {
    constexpr std::uint32_t accounts = 3000;
    ledger ledger;
    for (std::uint32_t id = 1; id <= accounts; ++id)
        ledger.open(account_id{id}, account_kind::peer_liquidity, 1, {.credits_posted = 1});
    posting_batch batch;
    posting_batch other;
    for (int turn = 0; turn < 2; ++turn) {
        for (const std::uint64_t times : {3U, 5U, 4U}) {
            for (std::uint32_t id = 1; id <= accounts; ++id) other.raise_ceiling(ledger.at(account_id{id}), times * id);
        }
        batch.raise_ceiling(ledger.at(account_id{7}), 1000);
        batch.merge(other);
        REQUIRE(batch.ceilings().size() == accounts);
        CHECK(std::ranges::all_of(batch.ceilings(), [](const ceiling_request& request) {
            const auto id = std::to_underlying(request.account->id);
            return request.amount == (id == 7 ? 1000 : 5 * id);
        }));
        batch.clear();
        other.clear();
        CHECK(batch.empty());
    }
}

TEST_CASE("the check of an idle store passes on the store's remarks and the size of its log") {
    fixture f;
    f.store.remarks = {"the roof leaks", "the cellar, too"};
    std::vector<std::string> reports;
    f.committer.on_remark([&](const std::string& remark) { reports.push_back(remark); });
    f.committer.start();
    CHECK(f.committer.stats().log_bytes == -1);
    f.committer.watch(std::chrono::steady_clock::now());
    REQUIRE(wait_until_idle(f.committer));
    CHECK(reports == std::vector<std::string>{"the roof leaks", "the cellar, too"});
    CHECK(f.committer.stats().log_bytes == 4711);
}

TEST_CASE("a batch nets transfers per pair of accounts and direction") {
    fixture f;
    for (int i = 0; i < 3; ++i) REQUIRE(f.transfer(f.alice, f.bob, 10));
    REQUIRE(f.transfer(f.bob, f.alice, 7));
    REQUIRE(f.batch.postings().size() == 2);
    CHECK((f.batch.postings()[0].amount == 30));
    CHECK(f.batch.postings()[0].packets == 3);
    CHECK(f.batch.postings()[1].debit == &f.bob);
    CHECK((f.batch.postings()[1].amount == 7));
    CHECK(f.batch.transfers() == 4);
    f.batch.clear();
    CHECK(f.batch.empty());
    CHECK(f.batch.transfers() == 0);
}

TEST_CASE("a batch of many pairs keeps every sum, also after it was emptied") {
    ledger ledger;
    std::vector<liquidity_account*> accounts;
    for (std::uint32_t id = 1; id <= 40; ++id) {
        accounts.push_back(&ledger.open(account_id{id}, account_kind::peer_liquidity, 1, {.credits_posted = 1 << 20}));
    }
    posting_batch batch;
    for (int turn = 0; turn < 3; ++turn) {
        for (int repeat = 1; repeat <= 2; ++repeat) {
            for (std::size_t i = 0; i < accounts.size(); ++i) {
                for (std::size_t j = 0; j < accounts.size(); ++j) {
                    const leg leg{accounts[i], accounts[j], {i * 100 + j + 1}};
                    batch.add({&leg, 1});
                }
            }
        }
        REQUIRE(batch.postings().size() == accounts.size() * accounts.size());
        bool all_right = true;
        for (const posting& posting : batch.postings()) {
            const auto i = std::to_underlying(posting.debit->id) - 1;
            const auto j = std::to_underlying(posting.credit->id) - 1;
            all_right = all_right && posting.amount == 2 * (i * 100 + j + 1) && posting.packets == 2;
        }
        CHECK(all_right);
        batch.clear();
        const leg one{accounts[0], accounts[1], {1}};
        batch.add({&one, 1});
        CHECK(batch.postings().size() == 1);
        batch.clear();
    }
}

TEST_CASE("a posting becomes durable first, then spendable, then reported") {
    fixture f;
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 400));
    const commit_ticket ticket = f.committer.submit(f.listener, f.batch);
    CHECK(ticket == 1);
    CHECK(f.batch.empty());
    f.store.entered.acquire();
    CHECK(balance_of(f.ledger, f.bob) == 1000);
    CHECK(f.bob.available == 1000);
    CHECK(f.watch.durable() == 0);
    f.store.gate.release();
    f.watch.wait_for(ticket);
    CHECK(balance_of(f.ledger, f.alice) == 600);
    CHECK(balance_of(f.ledger, f.bob) == 1400);
    CHECK(f.bob.available == 1400);
    CHECK(f.other_watch.calls() == 0);
    CHECK(f.committer.stop(10s));
}

TEST_CASE("everything submitted during a commit becomes the next commit, netted") {
    fixture f;
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    commit_ticket last = 0;
    for (int i = 0; i < 10; ++i) {
        REQUIRE(f.transfer(f.alice, f.bob, 2));
        REQUIRE(f.transfer(f.bob, f.carol, 1));
        last = f.committer.submit(i % 2 == 0 ? f.listener : f.other_listener, f.batch);
    }
    f.store.gate.release(2);
    f.watch.wait_for(last);
    CHECK(f.committer.stop(10s));
    CHECK(f.watch.calls() == 2);
    CHECK(f.other_watch.calls() == 1);
    CHECK(f.other_watch.durable() == last);
    REQUIRE(f.store.commits.size() == 2);
    const auto& second = f.store.commits[1];
    REQUIRE(second.postings.size() == 2);
    CHECK((second.postings[0].amount == 20 && second.postings[0].packets == 10));
    CHECK((second.postings[1].amount == 10 && second.postings[1].packets == 10));
    REQUIRE(second.accounts.size() == 3);
    CHECK((second.accounts[0].after == account_totals{21, 1000}));
    CHECK((second.accounts[1].after == account_totals{10, 1021}));
    CHECK((second.accounts[2].after == account_totals{0, 1010}));
    CHECK(f.committer.stats().commits_total == 2);
    CHECK(f.committer.stats().transfers_total == 21);
    CHECK(f.committer.stats().transfers[0] == 1);
    CHECK(f.committer.stats().transfers[4] == 1);
}

TEST_CASE("while the store fails the batch waits, it is posted once when the store is back") {
    fixture f;
    std::vector<std::pair<bool, std::string>> reports;
    f.committer.on_health_change([&](bool healthy, const std::string& error) { reports.emplace_back(healthy, error); });
    f.store.failures = 3;
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 100));
    f.committer.submit(f.listener, f.batch);
    f.store.gate.release();
    f.store.entered.acquire();
    f.store.entered.acquire();
    CHECK_FALSE(f.committer.store_is_healthy());
    CHECK(f.committer.last_error() == "disk 1");
    CHECK(f.alice.available == 900);
    CHECK(balance_of(f.ledger, f.bob) == 1000);
    REQUIRE(f.transfer(f.alice, f.bob, 11));
    const commit_ticket late = f.committer.submit(f.listener, f.batch);
    f.store.gate.release(100);
    f.watch.wait_for(late);
    CHECK(f.committer.store_is_healthy());
    CHECK(f.committer.last_error().empty());
    CHECK(f.committer.stop(10s));
    REQUIRE(f.store.commits.size() == 2);
    CHECK((f.store.commits[0].postings[0].amount == 100));
    CHECK((f.store.commits[1].postings[0].amount == 11));
    CHECK(balance_of(f.ledger, f.alice) == 889);
    CHECK(balance_of(f.ledger, f.bob) == 1111);
    CHECK(f.bob.available == 1111);
    CHECK(f.committer.stats().failures_total == 3);
    CHECK(f.committer.stats().commits_total == 2);
    // Two reasons, each reported once, and the recovery.
    REQUIRE(reports.size() == 3);
    CHECK(reports[0] == std::pair{false, std::string{"disk 1"}});
    CHECK(reports[1] == std::pair{false, std::string{"disk 0"}});
    CHECK(reports[2] == std::pair{true, std::string{}});
}

TEST_CASE("outcomes of split packets are in the transaction of their postings, and again in each that repeats it") {
    fixture f;
    const auto submit = [&f](ilp::octet number) {
        REQUIRE(f.transfer(f.alice, f.bob, 1));
        f.batch.keep({.peer = 1, .id = {number}, .fulfill = {number}});
        return f.committer.submit(f.listener, f.batch);
    };
    const auto numbers = [](const std::vector<split_outcome>& outcomes) {
        ilp::bytes found;
        for (const split_outcome& outcome : outcomes) found.push_back(outcome.id[0]);
        return found;
    };
    f.store.gated = true;
    f.store.failures = 2;
    f.committer.start();
    submit(1);
    f.store.entered.acquire();
    submit(2);
    const commit_ticket last = submit(3);
    f.store.gate.release(100);
    f.watch.wait_for(last);
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    f.committer.submit(f.listener, f.batch);
    CHECK(f.committer.stop(10s));
    REQUIRE(f.store.refused_outcomes.size() == 2);
    for (const auto& refused : f.store.refused_outcomes) CHECK(numbers(refused) == ilp::bytes{1});
    REQUIRE(f.store.commits.size() == 3);
    CHECK(numbers(f.store.commits[0].outcomes) == ilp::bytes{1});
    CHECK(numbers(f.store.commits[1].outcomes) == ilp::bytes{2, 3});
    CHECK(f.store.commits[1].postings.size() == 1);
    CHECK(f.store.commits[2].outcomes.empty());
}

TEST_CASE("an outcome of a split packet is written even if nothing else is") {
    fixture f;
    CHECK(f.batch.empty());
    f.batch.keep({.peer = 1, .id = {7}});
    CHECK_FALSE(f.batch.empty());
    f.committer.start();
    f.watch.wait_for(f.committer.submit(f.listener, f.batch));
    CHECK(f.batch.empty());
    CHECK(f.committer.stop(10s));
    REQUIRE(f.store.commits.size() == 1);
    CHECK(f.store.commits[0].outcomes.size() == 1);
}

TEST_CASE("stop commits the submitted postings") {
    fixture f;
    REQUIRE(f.transfer(f.alice, f.bob, 5));
    f.committer.submit(f.listener, f.batch);
    f.committer.start();
    CHECK(f.committer.stop(10s));
    CHECK(balance_of(f.ledger, f.bob) == 1005);
    CHECK(f.watch.durable() == 1);
}

TEST_CASE("before the committer starts, a failure of the store is reported at once and not retried") {
    fixture f;
    f.store.failures = 1'000'000;
    REQUIRE(f.transfer(f.alice, f.bob, 5));
    const auto written = f.books.keeper.write({.postings = f.batch.postings()});
    REQUIRE_FALSE(written);
    CHECK(f.watch.calls() == 0);
    CHECK(f.store.commit_count() == 0);
}

TEST_CASE("stop has nothing to do if nothing was submitted") {
    fixture f;
    f.committer.start();
    CHECK(f.committer.stop(0ms));
}

TEST_CASE("stop reports that the store did not accept the rest in time") {
    fixture f;
    f.store.failures = 1'000'000;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 5));
    f.committer.submit(f.listener, f.batch);
    CHECK_FALSE(f.committer.stop(30ms));
    CHECK(f.watch.calls() == 0);
    CHECK(balance_of(f.ledger, f.bob) == 1000);
}

TEST_CASE("stop waits for a store that comes back in time") {
    fixture f;
    f.store.failures = 2;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 5));
    f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    CHECK(f.committer.stop(60s));
    CHECK(balance_of(f.ledger, f.bob) == 1005);
}

TEST_CASE("a task runs after the batch in progress and before the next") {
    fixture f;
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    REQUIRE(f.transfer(f.alice, f.bob, 2));
    const commit_ticket second = f.committer.submit(f.listener, f.batch);
    std::vector<std::pair<int, std::size_t>> seen;
    for (int i = 0; i < 3; ++i) {
        REQUIRE(f.committer.execute([&f, &seen, i](bookkeeper& keeper) {
            CHECK(&keeper == &f.books.keeper);
            seen.emplace_back(i, f.store.commit_count());
        }));
    }
    CHECK(seen.empty());
    f.store.gate.release(2);
    f.watch.wait_for(second);
    CHECK(f.committer.stop(10s));
    CHECK(seen == std::vector<std::pair<int, std::size_t>>{{0, 1}, {1, 1}, {2, 1}});
    CHECK(f.store.commit_count() == 2);
}

TEST_CASE("the first task that writes includes the next batch in its transaction, and its answers are sent then") {
    fixture f;
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    REQUIRE(f.transfer(f.alice, f.bob, 2));
    const commit_ticket second = f.committer.submit(f.listener, f.batch);
    bool written = false;
    commit_ticket durable = 0;
    REQUIRE(f.committer.execute([](bookkeeper&) {}));
    REQUIRE(f.committer.execute(
        [&](bookkeeper& keeper) { written = keeper.write({.forget_answers_before = ilp::timestamp{}}).has_value(); }));
    REQUIRE(f.committer.execute([&](bookkeeper& keeper) {
        durable = f.watch.durable();
        written = written && keeper.write({.forget_answers_before = ilp::timestamp{}});
    }));
    f.store.gate.release(2);
    f.watch.wait_for(second);
    CHECK(f.committer.stop(10s));
    CHECK(written);
    CHECK(durable == second);
    REQUIRE(f.store.commit_count() == 2);
    CHECK_FALSE(f.store.commits.front().with_others);
    CHECK(f.store.commits.back().with_others);
    CHECK(f.committer.stats().commits_total == 2);
    CHECK(f.committer.stats().transfers_total == 2);
    CHECK(balance_of(f.ledger, f.bob) == 1003);
    CHECK(f.bob.available == 1003);
}

TEST_CASE("if a task's changes are refused, the batch is written alone") {
    fixture f;
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    REQUIRE(f.transfer(f.alice, f.bob, 2));
    const commit_ticket second = f.committer.submit(f.listener, f.batch);
    bool refused = false;
    REQUIRE(f.committer.execute(
        [&](bookkeeper& keeper) { refused = !keeper.write({.forget_answers_before = ilp::timestamp{}}); }));
    f.store.gate.release();
    f.store.entered.acquire();
    f.store.failures_are_final = true;
    f.store.failures = 1;
    f.store.gate.release(2);
    f.watch.wait_for(second);
    CHECK(f.committer.stop(10s));
    CHECK(refused);
    REQUIRE(f.store.commit_count() == 2);
    CHECK_FALSE(f.store.commits.back().with_others);
    CHECK(balance_of(f.ledger, f.bob) == 1003);
}

TEST_CASE("too many tasks are refused until some have run") {
    fixture f;
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    std::size_t run = 0;
    for (std::size_t i = 0; i < committer::tasks_max; ++i) {
        REQUIRE(f.committer.execute([&run](bookkeeper&) { ++run; }));
    }
    CHECK_FALSE(f.committer.execute([&run](bookkeeper&) { ++run; }));
    f.store.gate.release();
    f.watch.wait_for(1);
    while (!wait_until_idle(f.committer)) std::this_thread::yield();
    CHECK(run == committer::tasks_max);
    CHECK(f.committer.execute([&run](bookkeeper&) { ++run; }));
    CHECK(f.committer.stop(10s));
    CHECK(run == committer::tasks_max + 1);
}

TEST_CASE("stop completes accepted tasks and accepts no more") {
    fixture f;
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    int taken = 0;
    std::atomic<int> run{0};
    std::jthread stopper{[&] { CHECK(f.committer.stop(10s)); }};
    // The queue is full or the committer is stopping, so nothing makes room.
    while (f.committer.execute([&run](bookkeeper&) { ++run; })) ++taken;
    f.store.gate.release();
    stopper.join();
    CHECK(run == taken);
    CHECK(f.watch.durable() == 1);
    CHECK_FALSE(f.committer.execute([&run](bookkeeper&) { ++run; }));
    CHECK(run == taken);
}

TEST_CASE("a commit that hangs makes the store unhealthy until it ends") {
    fixture f;
    health_log health;
    f.committer.on_health_change(health.callback());
    f.store.gated = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    const auto before = std::chrono::steady_clock::now();
    const commit_ticket ticket = f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    f.committer.watch(before);
    f.committer.watch(before + committer::commit_time_max - 1ms);
    CHECK(f.committer.store_is_healthy());
    const auto late = std::chrono::steady_clock::now() + committer::commit_time_max;
    f.committer.watch(late);
    CHECK_FALSE(f.committer.store_is_healthy());
    CHECK(f.committer.last_error() == "the store does not respond");
    f.committer.watch(late + 10s);
    CHECK_FALSE(f.committer.store_is_healthy());
    f.store.gate.release();
    f.watch.wait_for(ticket);
    CHECK(f.committer.store_is_healthy());
    CHECK(f.committer.last_error().empty());
    CHECK(f.committer.stop(10s));
    CHECK(health.reports() ==
          std::vector<std::pair<bool, std::string>>{{false, "the store does not respond"}, {true, ""}});
    CHECK(balance_of(f.ledger, f.bob) == 1001);
}

TEST_CASE("a commit that hangs and then fails leaves the store unhealthy") {
    fixture f;
    health_log health;
    f.committer.on_health_change(health.callback());
    f.store.gated = true;
    f.store.failures = 1;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 1));
    const commit_ticket ticket = f.committer.submit(f.listener, f.batch);
    f.store.entered.acquire();
    f.committer.watch(std::chrono::steady_clock::now() + committer::commit_time_max);
    f.store.gate.release();
    f.store.entered.acquire();
    CHECK_FALSE(f.committer.store_is_healthy());
    f.store.gate.release();
    f.watch.wait_for(ticket);
    CHECK(f.committer.store_is_healthy());
    CHECK(f.committer.stop(10s));
    CHECK(health.reports() == std::vector<std::pair<bool, std::string>>{
                                  {false, "the store does not respond"}, {false, "disk 0"}, {true, ""}});
}

TEST_CASE("a commit that ends during the check leaves the store healthy") {
    fixture f;
    health_log health;
    f.committer.on_health_change(health.callback());
    f.committer.start();
    std::atomic<bool> done{false};
    std::jthread watcher{[&] {
        while (!done) f.committer.watch(std::chrono::steady_clock::now() + committer::commit_time_max);
    }};
    for (int i = 0; i < 20'000 / slowness; ++i) {
        REQUIRE(f.transfer(i % 2 == 0 ? f.alice : f.bob, i % 2 == 0 ? f.bob : f.alice, 1));
        f.watch.wait_for(f.committer.submit(f.listener, f.batch));
    }
    done = true;
    watcher.join();
    if (!f.committer.store_is_healthy()) health.wait_until(true);
    CHECK(f.committer.store_is_healthy());
    const auto reports = health.reports();
    for (std::size_t i = 0; i < reports.size(); ++i) REQUIRE(reports[i].first == (i % 2 == 1));
    CHECK(f.committer.stop(10s));
}

TEST_CASE("an idle store that cannot be reached is unhealthy, and recovers by itself") {
    fixture f;
    health_log health;
    f.committer.on_health_change(health.callback());
    f.committer.start();
    auto now = std::chrono::steady_clock::now();
    f.committer.watch(now);
    f.store.pinged.acquire();
    REQUIRE(wait_until_idle(f.committer));
    CHECK(health.reports().empty());
    // The store is probed at intervals, not at each look.
    f.committer.watch(now + committer::probe_interval - 1ms);
    REQUIRE(wait_until_idle(f.committer));
    CHECK_FALSE(f.store.pinged.try_acquire());

    f.store.ping_failures = 2;
    f.committer.watch(now + committer::probe_interval);
    health.wait_until(true);
    CHECK(f.committer.store_is_healthy());
    CHECK(health.reports() == std::vector<std::pair<bool, std::string>>{{false, "gone"}, {true, ""}});
    for (int i = 0; i < 3; ++i) f.store.pinged.acquire();
    CHECK(f.committer.stop(10s));
    CHECK(f.committer.stats().failures_total == 2);
    CHECK(f.committer.stats().commits_total == 0);
}

TEST_CASE("an idle store that does not answer is unhealthy until it does") {
    fixture f;
    f.store.ping_gated = true;
    f.committer.start();
    f.committer.watch(std::chrono::steady_clock::now());
    f.store.pinged.acquire();
    f.committer.watch(std::chrono::steady_clock::now() + committer::commit_time_max);
    CHECK_FALSE(f.committer.store_is_healthy());
    f.store.ping_gated = false;
    f.store.ping_gate.release();
    REQUIRE(wait_until_idle(f.committer));
    CHECK(f.committer.store_is_healthy());
    CHECK(f.committer.stop(10s));
}

TEST_CASE("packets wait even if the store's error is final") {
    fixture f;
    f.store.failures = 3;
    f.store.failures_are_final = true;
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 7));
    f.watch.wait_for(f.committer.submit(f.listener, f.batch));
    CHECK(f.committer.store_is_healthy());
    CHECK(f.committer.stop(10s));
    CHECK(f.committer.stats().failures_total == 3);
    REQUIRE(f.store.commits.size() == 1);
    CHECK((f.store.commits[0].postings[0].amount == 7));
    CHECK(balance_of(f.ledger, f.bob) == 1007);
    CHECK(f.bob.available == 1007);
}

TEST_CASE("packets are accepted until another daemon may take over, and the time is put off by commits and probes") {
    fixture f;
    const auto now = std::chrono::steady_clock::now();
    const auto register_until = [&](std::chrono::steady_clock::time_point time) {
        const std::lock_guard lock{f.store.mutex};
        f.store.registration = {.epoch = 7, .accepts_until = time, .lease_until = time + 30s};
    };
    CHECK(f.committer.may_accept_packets(now + 24h));
    CHECK_FALSE(f.committer.lease_until().has_value());
    register_until(now + 10s);
    f.committer.start();
    CHECK(f.committer.may_accept_packets(now + 10s - 1ns));
    CHECK_FALSE(f.committer.may_accept_packets(now + 10s));
    CHECK(f.committer.store_is_healthy());
    CHECK(f.committer.stats().store_epoch == 7);
    CHECK(f.committer.lease_until() == now + 40s);

    register_until(now + 20s);
    REQUIRE(f.transfer(f.alice, f.bob, 7));
    f.watch.wait_for(f.committer.submit(f.listener, f.batch));
    CHECK(f.committer.may_accept_packets(now + 20s - 1ns));
    CHECK_FALSE(f.committer.may_accept_packets(now + 20s));

    register_until(now + 30s);
    f.committer.watch(now);
    f.store.pinged.acquire();
    REQUIRE(wait_until_idle(f.committer));
    CHECK(f.committer.may_accept_packets(now + 30s - 1ns));
    CHECK_FALSE(f.committer.may_accept_packets(now + 30s));
    CHECK(f.committer.stop(10s));
}

TEST_CASE("a store that another daemon has taken over is not waited for, and who waits for it is told so") {
    fixture f;
    f.store.failures = 1'000'000;
    f.store.failures_are_final = true;
    f.store.is_taken_over = true;
    health_log health;
    f.committer.on_health_change(health.callback());
    f.committer.start();
    REQUIRE(f.transfer(f.alice, f.bob, 7));
    f.committer.submit(f.listener, f.batch);
    std::atomic<int> executed = 0;
    const auto task = [&executed](bookkeeper&) { ++executed; };
    int accepted = 0;
    while (f.committer.execute(task)) ++accepted;
    health.wait_until(false);
    CHECK_FALSE(f.committer.may_accept_packets(std::chrono::steady_clock::now()));
    CHECK_FALSE(f.committer.stop(24h));
    CHECK(f.committer.is_taken_over());
    CHECK(f.committer.last_error().starts_with("disk "));
    CHECK(executed == accepted);
    CHECK_FALSE(f.committer.execute(task));
    CHECK(f.store.commits.empty());
    CHECK(balance_of(f.ledger, f.bob) == 1000);
}

}  // namespace committer_test
