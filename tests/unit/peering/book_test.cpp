#include "tests/support/child_process.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

/// Two assets; the liquidity of their peers is what makes holds succeed, fail for want of it, and fail for want of
/// room.
config::settings six_peers(std::uint64_t small, std::uint64_t large) {
    config::settings settings;
    settings.assets = {make_asset("USD", 9, small), make_asset("EUR", 2, large)};
    settings.peers = {make_peer("p0", "USD", 9, 0), make_peer("p1", "USD", 9, small), make_peer("p2", "USD", 9, large),
                      make_peer("p3", "EUR", 2, 0), make_peer("p4", "EUR", 2, small), make_peer("p5", "EUR", 2, large)};
    return settings;
}

/// The accounts of one asset that packets move between.
std::vector<liquidity_account*> accounts_of(const registry& registry, const asset& asset) {
    std::vector<liquidity_account*> accounts{asset.liquidity};
    for (const peer& peer : registry.peers()) {
        if (peer.asset == &asset) accounts.push_back(peer.liquidity);
    }
    return accounts;
}

std::uint64_t random_amount(std::mt19937_64& random, std::uint64_t typical) {
    switch (random() % 16) {
        case 0:
            return 1;
        case 1:
            return random();
        case 2:
            return std::uint64_t{1} << (random() % 64);
        default:
            return 1 + random() % typical;
    }
}

packet_transfer random_transfer(std::mt19937_64& random, const std::vector<std::vector<liquidity_account*>>& assets,
                                std::uint64_t typical) {
    packet_transfer transfer;
    const std::size_t legs = 1 + random() % packet_transfer::legs_max;
    for (std::size_t i = 0; i < legs; ++i) {
        const auto& accounts = assets[random() % assets.size()];
        transfer.add(*accounts[random() % accounts.size()], *accounts[random() % accounts.size()],
                     {random_amount(random, typical)});
    }
    return transfer;
}

/// The ledger as one would write it with no thought of speed: one thread, wide numbers, a check before each change.
class model {
public:
    void open(const liquidity_account& account, const account_totals& totals) {
        accounts_[account.id].balance = static_cast<wide_balance>(totals.credits_posted - totals.debits_posted);
    }
    bool hold(std::span<const leg> legs) {
        const auto before = accounts_;
        for (const leg& leg : legs) {
            const auto amount = static_cast<wide_balance>(leg.amount.value);
            balances& debit = accounts_[leg.debit->id];
            balances& credit = accounts_[leg.credit->id];
            debit.debits_pending += amount;
            credit.credits_pending += amount;
            if (debit.balance - debit.debits_pending < 0 ||
                credit.balance + credit.credits_pending > static_cast<wide_balance>(amount_max)) {
                accounts_ = before;
                return false;
            }
        }
        return true;
    }
    void release(std::span<const leg> legs) {
        for (const leg& leg : legs) {
            accounts_[leg.debit->id].debits_pending -= static_cast<wide_balance>(leg.amount.value);
            accounts_[leg.credit->id].credits_pending -= static_cast<wide_balance>(leg.amount.value);
        }
    }
    void post(std::span<const leg> legs) {
        release(legs);
        for (const leg& leg : legs) {
            accounts_[leg.debit->id].balance -= static_cast<wide_balance>(leg.amount.value);
            accounts_[leg.credit->id].balance += static_cast<wide_balance>(leg.amount.value);
        }
    }
    bool agrees_with(const std::vector<account_balance>& picture) const {
        return std::ranges::all_of(picture, [this](const account_balance& seen) {
            if (seen.kind == account_kind::settlement) return true;
            const balances& mine = accounts_.at(seen.id);
            return static_cast<wide_balance>(seen.posted.credits_posted - seen.posted.debits_posted) == mine.balance &&
                   static_cast<wide_balance>(seen.debits_pending) == mine.debits_pending &&
                   static_cast<wide_balance>(seen.credits_pending) == mine.credits_pending;
        });
    }

private:
    struct balances {
        wide_balance balance = 0;
        wide_balance debits_pending = 0;
        wide_balance credits_pending = 0;
    };
    std::map<account_id, balances> accounts_;
};

}  // namespace

TEST_CASE("A32-01 A32-12: ledger, committer and store do what a tiny sequential ledger does") {
    const support::temporary_directory directory;
    const std::string path = directory.path() / "ilpd.db";
    const bool on_disk = GENERATE(false, true);
    const std::uint64_t large = GENERATE(std::uint64_t{1} << 40, amount_max - 1000);
    const auto seed = std::random_device{}();
    CAPTURE(on_disk, large, seed);
    WARN("seed " << seed);
    std::mt19937_64 random{seed};

    const std::string url = on_disk ? "sqlite:" + path : "memory:";
    auto store = open_or_throw(url);
    ledger ledger;
    const auto registry = build_or_throw(six_peers(5000, large), *store, ledger);
    model model;
    for (const account_balance& account : ledger.snapshot()) model.open(*ledger.find(account.id), account.posted);
    std::vector<std::vector<liquidity_account*>> assets;
    for (const asset& asset : registry->assets()) assets.push_back(accounts_of(*registry, asset));

    durable_watch watch;
    thresholds thresholds;
    bookkeeper keeper{ledger, *store, thresholds};
    committer committer{keeper};
    const std::size_t listener = committer.add_listener(watch.callback());
    committer.start();
    posting_batch batch;
    std::vector<packet_transfer> held;
    std::vector<packet_transfer> posted;
    int holds = 0;
    int refusals = 0;
    const auto become_durable = [&] {
        if (batch.empty()) return;
        watch.wait_for(committer.submit(listener, batch));
        for (const packet_transfer& transfer : posted) model.post(transfer.legs());
        posted.clear();
    };
    const int operations = on_disk ? 10'000 : 50'000;
    bool agreed = true;
    for (int i = 0; i < operations && agreed; ++i) {
        const std::uint64_t choice = random() % 100;
        if (choice < 50) {
            const packet_transfer transfer = random_transfer(random, assets, 2000);
            const bool is_held = ledger::hold(transfer.legs());
            agreed = is_held == model.hold(transfer.legs());
            (is_held ? holds : refusals) += 1;
            if (is_held) held.push_back(transfer);
        } else if (choice < 97 && !held.empty()) {
            std::swap(held[random() % held.size()], held.back());
            if (random() % 4 == 0) {
                ledger::release(held.back().legs());
                model.release(held.back().legs());
            } else {
                batch.add(held.back().legs());
                posted.push_back(held.back());
            }
            held.pop_back();
        } else {
            become_durable();
            agreed = model.agrees_with(ledger.snapshot()) && sums_are_zero(ledger.snapshot());
        }
    }
    CHECK(agreed);
    CHECK(holds > operations / 20);
    CHECK(refusals > operations / 100);
    become_durable();
    for (const packet_transfer& transfer : held) {
        ledger::release(transfer.legs());
        model.release(transfer.legs());
    }
    CHECK(committer.stop(10s));
    CHECK(model.agrees_with(ledger.snapshot()));
    if (!on_disk) return;

    CHECK(reader{path}.accounts_agree_with_transfers());
    store.reset();
    store = open_or_throw(url);
    peering::ledger reopened;
    build_or_throw(six_peers(5000, large), *store, reopened);
    CHECK(model.agrees_with(reopened.snapshot()));
}

TEST_CASE("A32-01 A32-06 A32-12: threads move money while the book adds up to zero whenever it is looked at") {
    const support::temporary_directory directory;
    const std::string path = directory.path() / "ilpd.db";
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    WARN("seed " << seed);
    const auto store = open_or_throw("sqlite:" + path);
    ledger ledger;
    const auto registry = build_or_throw(six_peers(5000, amount_max - 100'000), *store, ledger);
    std::vector<std::vector<liquidity_account*>> assets;
    for (const asset& asset : registry->assets()) assets.push_back(accounts_of(*registry, asset));
    thresholds thresholds;
    bookkeeper keeper{ledger, *store, thresholds};
    committer committer{keeper};

    constexpr std::size_t workers = 4;
    constexpr int turns = 400;
    struct worker {
        durable_watch watch;
        std::size_t listener = 0;
        std::map<account_id, wide_balance> moved;
    };
    std::array<worker, workers> all;
    for (worker& worker : all) worker.listener = committer.add_listener(worker.watch.callback());
    committer.start();

    const auto work = [&](worker& self, std::uint64_t own_seed) {
        std::mt19937_64 random{own_seed};
        posting_batch batch;
        std::vector<packet_transfer> held;
        commit_ticket last = 0;
        for (int turn = 0; turn < turns; ++turn) {
            for (int i = 0; i < 16; ++i) {
                const packet_transfer transfer = random_transfer(random, assets, 500);
                if (ledger::hold(transfer.legs())) held.push_back(transfer);
            }
            while (held.size() > 8) {
                std::swap(held[random() % held.size()], held.back());
                if (random() % 4 == 0) {
                    ledger::release(held.back().legs());
                } else {
                    batch.add(held.back().legs());
                    for (const leg& leg : held.back().legs()) {
                        self.moved[leg.debit->id] -= static_cast<wide_balance>(leg.amount.value);
                        self.moved[leg.credit->id] += static_cast<wide_balance>(leg.amount.value);
                    }
                }
                held.pop_back();
            }
            if (!batch.empty()) last = committer.submit(self.listener, batch);
            if (turn % 8 == 0) self.watch.wait_for(last);
        }
        for (const packet_transfer& transfer : held) ledger::release(transfer.legs());
        self.watch.wait_for(last);
    };

    std::map<account_id, wide_balance> expected;
    for (const account_balance& account : ledger.snapshot()) {
        expected[account.id] = static_cast<wide_balance>(account.posted.credits_posted - account.posted.debits_posted);
    }
    std::atomic<bool> book_was_sound{true};
    std::atomic<bool> disk_was_sound{true};
    std::atomic<int> looks{0};
    std::atomic<int> reads{0};
    {
        const std::jthread observer{[&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const auto picture = ledger.snapshot();
                bool sound = sums_are_zero(picture);
                for (const account_balance& account : picture) {
                    if (account.kind == account_kind::settlement) continue;
                    const wide_amount balance = account.posted.credits_posted - account.posted.debits_posted;
                    sound = sound && balance <= amount_max && account.debits_pending <= balance &&
                            account.credits_pending <= amount_max - balance;
                }
                if (!sound) book_was_sound = false;
                ++looks;
            }
        }};
        const std::jthread disk_observer{[&](const std::stop_token& stop) {
            reader reader{path};
            while (!stop.stop_requested()) {
                if (!reader.book_is_sound()) disk_was_sound = false;
                ++reads;
            }
        }};
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < workers; ++i) threads.emplace_back([&, i] { work(all[i], seed + i); });
        threads.clear();
    }
    CHECK(committer.stop(10s));
    CHECK(book_was_sound);
    CHECK(disk_was_sound);
    CHECK(looks > 0);
    CHECK(reads > 0);

    for (const worker& worker : all) {
        for (const auto& [account, amount] : worker.moved) expected[account] += amount;
    }
    for (const account_balance& account : ledger.snapshot()) {
        CAPTURE(std::to_underlying(account.id));
        CHECK((static_cast<wide_balance>(account.posted.credits_posted - account.posted.debits_posted) ==
               expected[account.id]));
        CHECK(account.debits_pending == 0);
        CHECK(account.credits_pending == 0);
    }
    CHECK(reader{path}.accounts_agree_with_transfers());
}
