#include "peering/book/ledger.hpp"

#include "ilp/invariant.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace peering {
namespace {

constexpr std::uint64_t balance_max = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t place_max = (1U << 31U) - 1;

bool is_bounded(const liquidity_account& account) noexcept {
    return account.kind != account_kind::settlement;
}

// Relaxed order is enough for both: each counter is an independent bound, and nothing else is published through it.
bool take(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
    std::uint64_t value = counter.load(std::memory_order_relaxed);
    do {
        if (value < amount) return false;
    } while (!counter.compare_exchange_weak(value, value - amount, std::memory_order_relaxed));
    return true;
}

void give(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
    const std::uint64_t before = counter.fetch_add(amount, std::memory_order_relaxed);
    ilp::require(before <= balance_max - amount, "what an account can spend or receive stays below 2^64");
}

ledger::shortage hold_one(const leg& leg) noexcept {
    using enum ledger::shortage;
    const std::uint64_t amount = leg.amount.value;
    if (is_bounded(*leg.debit) && !take(leg.debit->available, amount)) {
        return leg.debit->kind == account_kind::asset_liquidity ? asset_liquidity : peer_liquidity;
    }
    if (is_bounded(*leg.credit) && !take(leg.credit->headroom, amount)) {
        if (is_bounded(*leg.debit)) give(leg.debit->available, amount);
        return headroom;
    }
    return none;
}

void release_one(const leg& leg) noexcept {
    const std::uint64_t amount = leg.amount.value;
    if (is_bounded(*leg.credit)) give(leg.credit->headroom, amount);
    if (is_bounded(*leg.debit)) give(leg.debit->available, amount);
}

/// If either account is bounded, the posting has been held in 64-bit counters until now, so its amount fits into 64
/// bits.
std::uint64_t held_amount(const posting& posting) noexcept {
    ilp::require(posting.amount <= balance_max, "a posting is no larger than what can be held for it");
    return static_cast<std::uint64_t>(posting.amount);
}

void require_sound_balance(account_kind kind, const account_totals& totals) noexcept {
    if (kind == account_kind::settlement) return;
    ilp::require(totals.credits_posted >= totals.debits_posted, "no liquidity account falls below zero");
    ilp::require(totals.credits_posted - totals.debits_posted <= balance_max, "every balance stays below 2^64");
}

}  // namespace

liquidity_account& ledger::open(account_id id, account_kind kind, std::uint32_t asset, const account_totals& totals) {
    require_sound_balance(kind, totals);
    const std::lock_guard lock{mutex_};
    entry& opened = entries_.emplace_back();
    opened.id = id;
    opened.kind = kind;
    opened.asset = asset;
    opened.posted = totals;
    if (kind != account_kind::settlement) {
        const auto balance = static_cast<std::uint64_t>(totals.credits_posted - totals.debits_posted);
        opened.most = keeps_parts_ ? balance : balance_max;
        opened.available.store(balance, std::memory_order_relaxed);
        opened.headroom.store(opened.most - balance, std::memory_order_relaxed);
    }
    if (bounds_flights_ && kind == account_kind::peer_liquidity) opened.flight_ceiling = 0;
    const auto place = static_cast<std::size_t>(id);
    if (place >= by_id_.size()) by_id_.resize(place + 1);
    ilp::require(by_id_[place] == nullptr, "no two accounts have the same id");
    by_id_[place] = &opened;
    last_id_ = std::max(last_id_, id);
    return opened;
}

ledger::shortage ledger::try_hold(std::span<const leg> legs) noexcept {
    for (std::size_t i = 0; i < legs.size(); ++i) {
        const shortage found = hold_one(legs[i]);
        if (found == shortage::none) continue;
        while (i > 0) release_one(legs[--i]);
        return found;
    }
    return shortage::none;
}

void ledger::release(std::span<const leg> legs) noexcept {
    for (std::size_t i = legs.size(); i > 0; --i) release_one(legs[i - 1]);
}

void ledger::open_part(liquidity_account& account, std::uint64_t most) noexcept {
    const std::lock_guard lock{mutex_};
    entry& part = entry_of(account);
    ilp::require(is_bounded(part) && most >= part.most, "a part is opened once, and no settlement account");
    give(part.headroom, most - std::exchange(part.most, most));
}

bool ledger::hold(const part_move& move) noexcept {
    const bool is_lease = move.to == part_move::direction::lease;
    return take(is_lease ? move.account->headroom : move.account->available, move.amount);
}

void ledger::release(const part_move& move) noexcept {
    const bool is_lease = move.to == part_move::direction::lease;
    give(is_lease ? move.account->headroom : move.account->available, move.amount);
}

void ledger::apply(const part_move& move) {
    const std::lock_guard lock{mutex_};
    entry& part = entry_of(*move.account);
    if (move.to == part_move::direction::lease) {
        part.posted.credits_posted += move.amount;
        give(part.available, move.amount);
    } else {
        ilp::require(part.posted.credits_posted >= move.amount, "a part returns only what it has");
        part.posted.credits_posted -= move.amount;
        give(part.headroom, move.amount);
    }
    require_sound_balance(part.kind, part.posted);
}

/// What the account can still receive is taken in one step, which fails if a packet has reserved any of it.
bool ledger::close(liquidity_account& account) noexcept {
    const std::lock_guard lock{mutex_};
    entry& closed = entry_of(account);
    const auto balance = static_cast<std::uint64_t>(closed.posted.credits_posted - closed.posted.debits_posted);
    std::uint64_t whole_headroom = closed.most - balance;
    if (account.available != balance || !account.headroom.compare_exchange_strong(whole_headroom, 0)) return false;
    closed.is_closed = 1;
    return true;
}

void ledger::reopen(liquidity_account& account) noexcept {
    const std::lock_guard lock{mutex_};
    entry& reopened = entry_of(account);
    const auto balance = static_cast<std::uint64_t>(reopened.posted.credits_posted - reopened.posted.debits_posted);
    reopened.is_closed = 0;
    give(account.headroom, reopened.most - balance);
}

void ledger::changes_of(std::span<const posting> postings, std::vector<account_change>& changed) {
    const std::lock_guard lock{mutex_};
    changed.clear();
    const auto after = [&changed](entry& touched) -> account_totals& {
        if (touched.place == 0) {
            changed.push_back({touched.id, touched.kind, touched.posted, touched.posted});
            touched.place = static_cast<std::uint32_t>(changed.size()) & place_max;
        }
        return changed[touched.place - 1].after;
    };
    for (const posting& posting : postings) {
        after(entry_of(*posting.debit)).debits_posted += posting.amount;
        after(entry_of(*posting.credit)).credits_posted += posting.amount;
    }
    for (const posting& posting : postings) {
        entry_of(*posting.debit).place = 0;
        entry_of(*posting.credit).place = 0;
    }
}

void ledger::check(std::span<const posting> postings, std::span<const account_change> changed) const {
    const std::lock_guard lock{mutex_};
    for (const posting& posting : postings) require_one_asset(posting);
    account_totals moved;
    for (const auto& [id, kind, before, after] : changed) {
        ilp::require(after.debits_posted >= before.debits_posted && after.credits_posted >= before.credits_posted,
                     "the totals of an account never fall");
        const wide_amount paid = after.debits_posted - before.debits_posted;
        const wide_amount received = after.credits_posted - before.credits_posted;
        moved.debits_posted += paid;
        moved.credits_posted += received;
        if (kind == account_kind::settlement) continue;
        require_sound_balance(kind, after);
        // Other threads may hold and release meanwhile; the amounts of this transaction stay held until apply().
        const entry& account = *by_id_[static_cast<std::size_t>(id)];
        const wide_amount balance = account.posted.credits_posted - account.posted.debits_posted;
        ilp::require(account.available.load(std::memory_order_relaxed) + paid <= balance,
                     "an account pays only what was held on it");
        ilp::require(account.headroom.load(std::memory_order_relaxed) + received <= account.most - balance,
                     "an account receives only what headroom was held for");
    }
    ilp::require(moved.debits_posted == moved.credits_posted, "what some accounts pay is what the others receive");
}

void ledger::apply(std::span<const posting> postings) {
    const std::lock_guard lock{mutex_};
    for (const posting& posting : postings) {
        require_one_asset(posting);
        entry& debit = entry_of(*posting.debit);
        entry& credit = entry_of(*posting.credit);
        debit.posted.debits_posted += posting.amount;
        credit.posted.credits_posted += posting.amount;
        if (is_bounded(debit) && debit.is_closed == 0) give(debit.headroom, held_amount(posting));
        if (is_bounded(credit)) give(credit.available, held_amount(posting));
        require_sound_balance(debit.kind, debit.posted);
        require_sound_balance(credit.kind, credit.posted);
    }
}

void ledger::require_one_asset(const posting& posting) noexcept {
    ilp::require(entry_of(*posting.debit).asset == entry_of(*posting.credit).asset,
                 "a posting moves money within one asset");
}

account_id ledger::last_id() const {
    const std::lock_guard lock{mutex_};
    return last_id_;
}

liquidity_account* ledger::find(account_id id) const {
    const std::lock_guard lock{mutex_};
    const auto place = static_cast<std::size_t>(id);
    return place < by_id_.size() ? by_id_[place] : nullptr;
}

std::optional<std::uint32_t> ledger::asset_of(account_id id) const {
    liquidity_account* const found = find(id);
    return found == nullptr ? std::nullopt : std::optional{entry_of(*found).asset};
}

liquidity_account& ledger::at(account_id id) const {
    liquidity_account* const found = find(id);
    ilp::require(found != nullptr, "a transfer names only open accounts");
    return *found;
}

account_totals ledger::posted(account_id id) const {
    const liquidity_account& account = at(id);
    const std::lock_guard lock{mutex_};
    return static_cast<const entry&>(account).posted;
}

ilp::amount ledger::balance(account_id id) const {
    const account_totals totals = posted(id);
    return {static_cast<std::uint64_t>(totals.credits_posted - totals.debits_posted)};
}

}  // namespace peering
