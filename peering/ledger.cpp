#include "peering/ledger.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace peering {
namespace {

constexpr std::uint64_t balance_max = std::numeric_limits<std::uint64_t>::max();

bool is_bounded(const liquidity_account& account) noexcept {
    return account.kind != account_kind::settlement;
}

// Relaxed order is enough for both: each counter is a bound of its own, and nothing else is published through it.
bool take(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
    std::uint64_t value = counter.load(std::memory_order_relaxed);
    do {
        if (value < amount) return false;
    } while (!counter.compare_exchange_weak(value, value - amount, std::memory_order_relaxed));
    return true;
}

void give(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
    [[maybe_unused]] const std::uint64_t before = counter.fetch_add(amount, std::memory_order_relaxed);
    assert(before <= balance_max - amount);
}

bool hold_one(const leg& leg) noexcept {
    const std::uint64_t amount = leg.amount.value;
    if (is_bounded(*leg.debit) && !take(leg.debit->available, amount)) return false;
    if (is_bounded(*leg.credit) && !take(leg.credit->room, amount)) {
        if (is_bounded(*leg.debit)) give(leg.debit->available, amount);
        return false;
    }
    return true;
}

void release_one(const leg& leg) noexcept {
    const std::uint64_t amount = leg.amount.value;
    if (is_bounded(*leg.credit)) give(leg.credit->room, amount);
    if (is_bounded(*leg.debit)) give(leg.debit->available, amount);
}

}  // namespace

liquidity_account& ledger::open(account_id id, account_kind kind, std::uint32_t asset, const account_totals& totals) {
    const std::lock_guard lock{mutex_};
    entry& opened = entries_.emplace_back();
    opened.id = id;
    opened.kind = kind;
    opened.asset = asset;
    opened.posted = totals;
    if (kind != account_kind::settlement) {
        assert(totals.credits_posted >= totals.debits_posted);
        assert(totals.credits_posted - totals.debits_posted <= balance_max);
        const auto balance = static_cast<std::uint64_t>(totals.credits_posted - totals.debits_posted);
        opened.available.store(balance, std::memory_order_relaxed);
        opened.room.store(balance_max - balance, std::memory_order_relaxed);
    }
    const auto place = static_cast<std::size_t>(id);
    if (place >= by_id_.size()) by_id_.resize(place + 1);
    assert(by_id_[place] == nullptr);
    by_id_[place] = &opened;
    last_id_ = std::max(last_id_, id);
    return opened;
}

bool ledger::hold(std::span<const leg> legs) noexcept {
    for (std::size_t i = 0; i < legs.size(); ++i) {
        if (hold_one(legs[i])) continue;
        while (i > 0) release_one(legs[--i]);
        return false;
    }
    return true;
}

void ledger::release(std::span<const leg> legs) noexcept {
    for (std::size_t i = legs.size(); i > 0; --i) release_one(legs[i - 1]);
}

void ledger::changes_of(std::span<const posting> postings, std::vector<account_change>& changed) {
    const std::lock_guard lock{mutex_};
    changed.clear();
    const auto after = [&changed](entry& touched) -> account_totals& {
        if (touched.place == 0) {
            changed.push_back({touched.id, touched.kind, touched.posted, touched.posted});
            touched.place = static_cast<std::uint32_t>(changed.size());
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

void ledger::apply(std::span<const posting> postings) {
    const std::lock_guard lock{mutex_};
    for (const posting& posting : postings) {
        entry& debit = entry_of(*posting.debit);
        entry& credit = entry_of(*posting.credit);
        debit.posted.debits_posted += posting.amount;
        credit.posted.credits_posted += posting.amount;
        // Both sides were held in 64-bit counters until now, so the sum fits in one where there is a bound.
        const auto amount = static_cast<std::uint64_t>(posting.amount);
        if (is_bounded(debit)) give(debit.room, amount);
        if (is_bounded(credit)) give(credit.available, amount);
    }
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

std::vector<account_balance> ledger::snapshot() const {
    const std::lock_guard lock{mutex_};
    std::vector<account_balance> balances;
    balances.reserve(entries_.size());
    for (const entry& account : entries_) {
        account_balance& balance = balances.emplace_back();
        balance.id = account.id;
        balance.kind = account.kind;
        balance.asset = account.asset;
        balance.posted = account.posted;
        if (is_bounded(account)) {
            const auto posted =
                static_cast<std::uint64_t>(account.posted.credits_posted - account.posted.debits_posted);
            balance.debits_pending = posted - account.available.load(std::memory_order_relaxed);
            balance.credits_pending = balance_max - posted - account.room.load(std::memory_order_relaxed);
        }
    }
    return balances;
}

account_totals ledger::posted(account_id id) const {
    const std::lock_guard lock{mutex_};
    return by_id_.at(static_cast<std::size_t>(id))->posted;
}

}  // namespace peering
