#include "peering/audit.hpp"
#include "peering/open_store.hpp"
#include "peering/records/uuid.hpp"
#include "tests/unit/peering/book/model.hpp"
#include "tests/unit/peering/store_place.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <functional>
#include <random>
#include <thread>

namespace book_test {

using namespace peering;
using namespace peering::testing;
using namespace std::chrono_literals;

namespace {

/// Two assets, each with a receiving account. The liquidity of their peers makes holds succeed, fail for lack of
/// liquidity, and fail for lack of room.
config::settings six_peers(std::uint64_t small, std::uint64_t large) {
    config::settings settings;
    settings.assets = {make_asset("USD", 9, small), make_asset("EUR", 2, large)};
    settings.peers = {make_peer("p0", "USD", 9, 0), make_peer("p1", "USD", 9, small), make_peer("p2", "USD", 9, large),
                      make_peer("p3", "EUR", 2, 0), make_peer("p4", "EUR", 2, small), make_peer("p5", "EUR", 2, large)};
    settings.accounts = {make_account("a0", "USD", 9), make_account("a1", "EUR", 2)};
    return settings;
}

/// The accounts of one asset between which packets move.
std::vector<liquidity_account*> accounts_of(const known_peers& registry, const asset& asset) {
    std::vector<liquidity_account*> accounts{asset.liquidity};
    for (const peer& peer : registry.peers()) {
        if (peer.asset == &asset) accounts.push_back(peer.liquidity);
    }
    for (const auto& receiver : registry.directory->receiving_accounts()) {
        if (receiver->asset == &asset) accounts.push_back(receiver->liquidity);
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

/// Keeps totals and operators' transfers for its lifetime and makes the committer wait for each commit: the behaviour
/// of a durable store at the speed of memory.
class kept_in_memory final : public store_decorator {
public:
    kept_in_memory() : store_decorator{open_or_throw("memory:")} {}
};

/// The money part of one daemon from one start to the next.
struct life {
    life(store& store, const config::settings& settings)
        : books{store}, registry{build_or_throw(settings, books.keeper)} {
        books.keeper.on_events([this](std::span<const event_record> events) {
            raised.insert(raised.end(), events.begin(), events.end());
        });
        if (!transfers.restore(store.load().value().pending_withdrawals, books.ledger)) {
            throw std::runtime_error{"pending withdrawals are not covered"};
        }
        for (const asset& asset : registry->assets()) assets.push_back(accounts_of(*registry, asset));
        committer.start();
    }

    peering::testing::books books;
    std::shared_ptr<const known_peers> registry;
    std::vector<event_record> raised;  // written by the committer's thread; read while that is idle
    durable_watch watch;
    peering::committer committer{books.keeper};
    std::size_t listener = committer.add_listener(watch.callback());
    operator_transfers transfers{committer};
    operator_requests requests{committer, transfers};
    std::vector<std::vector<liquidity_account*>> assets;
};

/// Applies the same random operations to the money part and to the model.
class walk {
public:
    struct tally {
        int holds = 0;
        int refused_holds = 0;
        int crossings = 0;
        int restarts = 0;
        std::map<transfer_result, int> transfers;
    };

    /// `reopen` returns the store for the next life, once the last one has ended.
    walk(std::uint64_t seed, config::settings settings, std::function<store&()> reopen)
        : random_{seed}, settings_{std::move(settings)}, reopen_{std::move(reopen)}, store_{&reopen_()} {
        life_.emplace(*store_, settings_);
        for (const account_balance& account : snapshot_of(life_->books.ledger)) model_.open(account);
        for (const asset& asset : life_->registry->assets()) {
            owners_.emplace(asset.uuid, asset.liquidity->id);
            const auto threshold = life_->registry->directory->find_asset(asset.id)->terms.liquidity_threshold;
            if (threshold) model_.watch(asset.liquidity->id, threshold->value);
        }
        for (const peer& peer : life_->registry->peers()) {
            owners_.emplace(peer.uuid, peer.liquidity->id);
            if (peer.liquidity_threshold) model_.watch(peer.liquidity->id, peer.liquidity_threshold->value);
        }
    }

    /// False if the two differ.
    bool run(int operations, int life_length) {
        for (int i = 0; i < operations; ++i) {
            if (!step() || (i % life_length == life_length - 1 && !restart())) {
                std::cout << "they differ after operation " << i << '\n';
                return false;
            }
        }
        return restart();
    }

    const tally& seen() const noexcept { return tally_; }

private:
    bool step() {
        const std::uint64_t choice = random_() % 100;
        if (choice < 46) return hold();
        if (choice < 84) return held_.empty() || end_one();
        if (choice < 92) return commit();
        if (choice < 98) return operate();
        now_ += std::chrono::milliseconds{random_() % 20'000};
        return expire();
    }

    std::uint64_t amount_for(account_id debit, account_id credit) {
        switch (random_() % 12) {
            case 0:
                return model_.available(debit) + random_() % 2;
            case 1:
                return model_.headroom(credit) + random_() % 2;
            case 2:
                return amount_max - random_() % 3;
            default:
                return random_amount(random_, 2000);
        }
    }

    bool hold() {
        packet_transfer transfer;
        const std::size_t legs = 1 + random_() % packet_transfer::legs_max;
        for (std::size_t i = 0; i < legs; ++i) {
            const auto& accounts = life_->assets[random_() % life_->assets.size()];
            liquidity_account& debit = *accounts[random_() % accounts.size()];
            liquidity_account& credit = *accounts[random_() % accounts.size()];
            transfer.add(debit, credit, {amount_for(debit.id, credit.id)});
        }
        const bool is_held = ledger::hold(transfer.legs());
        (is_held ? tally_.holds : tally_.refused_holds) += 1;
        if (is_held) held_.push_back(transfer);
        return is_held == model_.hold(movements_of(transfer.legs()));
    }

    bool end_one() {
        std::swap(held_[random_() % held_.size()], held_.back());
        const auto legs = held_.back().legs();
        const auto moves = movements_of(legs);
        if (random_() % 4 == 0) {
            ledger::release(legs);
            model_.release(moves);
        } else {
            batch_.add(legs);
            batched_.insert(batched_.end(), moves.begin(), moves.end());
        }
        held_.pop_back();
        return true;
    }

    bool commit() {
        if (!batch_.empty()) {
            const bool waits = store_->is_durable();
            life_->watch.wait_for(life_->committer.submit(life_->listener, batch_));
            const auto crossings = model_.post(batched_);
            batched_.clear();
            // Thresholds are not checked for packets if the store is not durable.
            if (!has_raised(waits ? crossings : std::vector<crossing>{})) return false;
        }
        return agrees();
    }

    bool operate() {
        const std::string id = random_id();
        std::string given = id;
        if (random_() % 4 == 0) {
            std::ranges::transform(given, given.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
        }
        std::vector<crossing> crossings;
        const auto [outcome, expected] = random_() % 2 == 0 ? make(id, given, crossings) : end(id, given, crossings);
        ++tally_.transfers[outcome];
        return outcome == expected && has_raised(crossings) && agrees();
    }

    struct comparison {
        transfer_result outcome;
        transfer_result expected;
    };

    comparison make(const std::string& id, const std::string& given, std::vector<crossing>& crossings) {
        const std::size_t of = random_() % life_->assets.size();
        liquidity_account& account = *life_->assets[of][random_() % life_->assets[of].size()];
        const transfer_accounts accounts{account, *life_->registry->assets()[of].settlement};
        const bool is_deposit = random_() % 5 < 2;
        std::uint64_t amount = random_amount(random_, 2000);
        if (random_() % 4 == 0) {
            amount = (is_deposit ? model_.headroom(account.id) : model_.available(account.id)) + random_() % 2;
        }
        if (random_() % 32 == 0) amount = 0;
        if (is_deposit) {
            const transfer_result outcome = life_->requests.deposit(given, accounts, {amount}).get();
            const movement move{accounts.settlement.id, account.id, amount};
            return remember(id, {outcome, model_.make(id, transfer_kind::deposit, move, std::nullopt, crossings)});
        }
        const std::chrono::seconds timeout{random_() % 4 == 0 ? 0 : 1 + random_() % 100};
        const auto expiry = timeout.count() == 0 ? std::nullopt : std::optional<ilp::timestamp>{now_ + timeout};
        const transfer_result outcome = life_->requests.withdraw(given, accounts, {amount}, timeout, now_).get();
        const movement move{account.id, accounts.settlement.id, amount};
        return remember(id, {outcome, model_.make(id, transfer_kind::withdrawal, move, expiry, crossings)});
    }

    comparison remember(const std::string& id, comparison made) {
        if (!made.expected) known_ids_.push_back(id);
        return made;
    }

    comparison end(const std::string& id, const std::string& given, std::vector<crossing>& crossings) {
        const bool posts = random_() % 5 < 3;
        const transfer_state state = posts ? transfer_state::posted : transfer_state::voided;
        const transfer_result outcome = life_->requests.end(given, state, now_).get();
        return {outcome, model_.end(id, state, now_, crossings)};
    }

    /// The id of an existing transfer, usually a recent one, or a new id.
    std::string random_id() {
        if (!known_ids_.empty() && random_() % 2 == 0) {
            const std::size_t back =
                random_() % std::min<std::size_t>(known_ids_.size(), random_() % 8 == 0 ? 100'000 : 20);
            return known_ids_[known_ids_.size() - 1 - back];
        }
        return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", random_() & 0xffff'ffff, random_() & 0xffff,
                           random_() & 0xfff, random_() & 0xfff, random_() & 0xffff'ffff'ffff);
    }

    bool expire() {
        life_->transfers.expire(clocks_at(now_));
        if (!wait_until_idle(life_->committer)) return false;
        model_.expire(now_);
        return has_raised({}) && agrees();
    }

    /// A restart voids what is in flight and posts what is waiting to be committed.
    bool restart() {
        if (!commit()) return false;
        for (const packet_transfer& transfer : held_) {
            if (!store_->is_durable()) ledger::release(transfer.legs());
            model_.release(movements_of(transfer.legs()));
        }
        held_.clear();
        if (!store_->is_durable()) return agrees();
        if (!life_->committer.stop(60s)) return false;
        life_.reset();
        store_ = &reopen_();
        life_.emplace(*store_, settings_);
        ++tally_.restarts;
        return agrees() && model_.agrees_with(store_->load().value());
    }

    bool has_raised(std::vector<crossing> expected) {
        std::vector<crossing> reported;
        for (const event_record& event : life_->raised) {
            const auto data = boost::json::parse(event.data);
            reported.push_back({owners_.at(data.at("id").as_string().c_str()),
                                ilp::parse_amount(data.at("balance").as_string()).value().value});
        }
        life_->raised.clear();
        tally_.crossings += static_cast<int>(reported.size());
        std::ranges::sort(reported);
        std::ranges::sort(expected);
        return reported == expected;
    }

    bool agrees() const {
        const auto picture = snapshot_of(life_->books.ledger);
        return model_.agrees_with(picture) && sums_are_zero(picture) &&
               life_->transfers.pending_count() == model_.pending().size();
    }

    std::mt19937_64 random_;
    config::settings settings_;
    std::function<store&()> reopen_;
    store* store_;
    std::optional<life> life_;
    model model_;
    std::unordered_map<std::string, account_id> owners_;
    ilp::timestamp now_{1'800'000'000'000ms};
    std::vector<std::string> known_ids_;
    std::vector<packet_transfer> held_;
    posting_batch batch_;
    std::vector<movement> batched_;
    tally tally_;
};

/// Requires that every path was taken; otherwise the walk would prove little.
void check_variety(const walk::tally& seen, int operations) {
    CHECK(seen.holds > operations / 20);
    CHECK(seen.refused_holds > operations / 100);
    CHECK(seen.crossings > operations / 1000);
    using enum transfer_refusal;
    for (const transfer_result result : std::initializer_list<transfer_result>{
             std::nullopt, amount_is_zero, already_exists, insufficient_liquidity, too_much_liquidity, unknown_transfer,
             already_posted, already_voided, already_expired}) {
        const auto found = seen.transfers.find(result);
        CAPTURE(result ? describe(*result) : "made");
        CHECK((found != seen.transfers.end() && found->second > operations / 100'000));
    }
}

/// The thresholds of the peers are such that balances cross them often.
config::settings watched_peers(std::uint64_t large) {
    config::settings settings = six_peers(5000, large);
    for (std::size_t i = 0; i < settings.peers.size(); ++i) {
        settings.peers[i].liquidity_threshold = {std::array{std::uint64_t{0}, std::uint64_t{3000}, large - 500}[i % 3]};
    }
    settings.assets[0].liquidity_threshold = {4000};
    settings.assets[1].liquidity_threshold = {large - 1};
    return settings;
}

}  // namespace

TEST_CASE("A32-01 A32-12: a million operations leave ledger, committer and store equal to a sequential ledger") {
    const std::uint64_t large = GENERATE(std::uint64_t{1} << 40, amount_max - 1000);
    const std::uint64_t seed = printed_seed("book in memory");
    CAPTURE(large, seed);
    const int operations = scaled(1'000'000);
    kept_in_memory store;
    walk walk{seed, watched_peers(large), [&]() -> peering::store& { return store; }};
    REQUIRE(walk.run(operations, 5000));
    check_variety(walk.seen(), operations);
    CHECK(walk.seen().restarts > operations / 5000);
}

TEST_CASE("A32-01 A32-12: without waiting for commits the book is the same") {
    const std::uint64_t seed = printed_seed("book that is not kept");
    CAPTURE(seed);
    const auto store = open_or_throw("memory:");
    walk walk{seed, watched_peers(amount_max - 1000), [&]() -> peering::store& { return *store; }};
    CHECK(walk.run(scaled(200'000), 5000));
}

TEST_CASE("A32-01 A32-12: the store equals a sequential ledger, from one start to the next") {
    const store_place place{GENERATE(kinds_of_durable_stores())};
    const std::uint64_t large = amount_max - 1000;
    const std::uint64_t seed = printed_seed("book of " + printable_store_url(place.url()));
    CAPTURE(place.url(), seed);
    std::unique_ptr<store> store;
    walk walk{seed, watched_peers(large), [&]() -> peering::store& {
                  store.reset();
                  store = place.open();
                  return *store;
              }};
    const int operations = scaled(10'000);
    REQUIRE(walk.run(operations, operations / 10));
    CHECK(walk.seen().holds > operations / 20);
    CHECK(walk.seen().restarts > 9);
    const audit_report report = audit(place.url()).value();
    CHECK(report.faults == std::vector<std::string>{});
    CHECK(report.accounts == 12);
    CHECK(report.assets == 2);
}

TEST_CASE("A32-01 A32-06 A32-12: threads move money while the book adds up to zero whenever it is looked at") {
    const support::temporary_directory directory;
    const std::string path = directory.path() / "ilpd.db";
    const std::uint64_t seed = printed_seed("book under threads");
    CAPTURE(seed);
    const auto store = open_or_throw("sqlite:" + path);
    ledger ledger;
    const auto registry = build_or_throw(six_peers(5000, amount_max - 100'000), *store, ledger);
    std::vector<std::vector<liquidity_account*>> assets;
    for (const asset& asset : registry->assets()) assets.push_back(accounts_of(*registry, asset));
    thresholds thresholds;
    bookkeeper keeper{ledger, *store, thresholds};
    committer committer{keeper};
    operator_transfers transfers{committer};
    operator_requests requests{committer, transfers};

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

    std::map<account_id, wide_balance> by_operators;
    const auto operate = [&](const std::stop_token& stop, std::uint64_t own_seed) {
        std::mt19937_64 random{own_seed};
        while (!stop.stop_requested()) {
            const std::size_t of = random() % assets.size();
            const transfer_accounts accounts{*assets[of][random() % assets[of].size()],
                                             *registry->assets()[of].settlement};
            const std::uint64_t amount = random_amount(random, 500);
            const std::string id = new_uuid();
            const ilp::timestamp now{1'800'000'000'000ms};
            const bool is_deposit = random() % 2 == 0;
            const std::chrono::seconds timeout{random() % 2};
            transfer_result outcome = is_deposit ? requests.deposit(id, accounts, {amount}).get()
                                                 : requests.withdraw(id, accounts, {amount}, timeout, now).get();
            if (outcome) continue;
            if (!is_deposit && timeout.count() != 0) {
                const bool posts = random() % 2 == 0;
                outcome = requests.end(id, posts ? transfer_state::posted : transfer_state::voided, now).get();
                if (!posts || outcome) continue;
            }
            const wide_balance in = static_cast<wide_balance>(amount) * (is_deposit ? 1 : -1);
            by_operators[accounts.liquidity.id] += in;
            by_operators[accounts.settlement.id] -= in;
        }
    };

    std::map<account_id, wide_balance> expected;
    for (const account_balance& account : snapshot_of(ledger)) {
        expected[account.id] = static_cast<wide_balance>(account.posted.credits_posted - account.posted.debits_posted);
    }
    std::atomic<bool> book_was_sound{true};
    std::atomic<bool> disk_was_sound{true};
    std::atomic<int> looks{0};
    std::atomic<int> reads{0};
    {
        const std::jthread observer{[&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const auto picture = snapshot_of(ledger);
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
        const std::jthread operating{[&](const std::stop_token& stop) { operate(stop, seed + workers); }};
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
    CHECK(by_operators.size() > 2);
    for (const auto& [account, amount] : by_operators) expected[account] += amount;
    for (const account_balance& account : snapshot_of(ledger)) {
        CAPTURE(std::to_underlying(account.id));
        CHECK((static_cast<wide_balance>(account.posted.credits_posted - account.posted.debits_posted) ==
               expected[account.id]));
        CHECK(account.debits_pending == 0);
        CHECK(account.credits_pending == 0);
    }
    CHECK(audit("sqlite:" + path).value().faults == std::vector<std::string>{});
}

}  // namespace book_test
