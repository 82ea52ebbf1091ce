#pragma once

#include "ilp/amount.hpp"
#include "peering/account.hpp"
#include "peering/posting.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

namespace peering {

/// One account of a consistent picture of the book.
struct account_balance {
    account_id id{};
    account_kind kind{};
    std::uint32_t asset = 0;
    account_totals posted;
    std::uint64_t debits_pending = 0;   ///< held by transfers that are neither posted nor void
    std::uint64_t credits_pending = 0;  ///< promised by them
};

/// The two-phase double-entry ledger of one daemon.
///
/// Packet threads call hold() and release() on liquidity accounts: atomic, lock-free, no allocation. A transfer that is
/// to be posted travels to the store first (committer); when it is durable, apply() books it. So what this class shows
/// is never ahead of the disk, and the sum over all accounts of an asset is zero whenever the book is looked at:
/// apply() books whole batches under the book's mutex, which no packet thread takes.
class ledger {
public:
    ledger() = default;
    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;

    /// Adds an account with the totals that the store has for it. Not for packet threads. The reference stays valid as
    /// long as the ledger. Preconditions: the id is new, and the balance of a liquidity account lies in 0..2^64-1. Once
    /// someone looks at the book, open with totals of zero and apply() the first deposit, so that the sum stays zero.
    liquidity_account& open(account_id id, account_kind kind, std::uint32_t asset, const account_totals& totals);

    /// Reserves every leg or none. False when an account lacks liquidity or room. A leg of amount 0 reserves nothing; a
    /// settlement account's side is not bounded. Any thread.
    static bool hold(std::span<const leg> legs) noexcept;

    /// Undoes a hold: the transfer is void. Any thread.
    static void release(std::span<const leg> legs) noexcept;

    /// The accounts that `postings` touch, each once, with their totals before and after apply(); replaces what is in
    /// `changed`. The committer's thread.
    void changes_of(std::span<const posting> postings, std::vector<account_change>& changed);

    /// For who writes to the store, before it does: aborts unless `postings`, which were held, and what changes_of()
    /// has made of them leave every asset in balance and every account within its bounds. So a book that is wrong never
    /// gets on the disk. The committer's thread.
    void check(std::span<const posting> postings, std::span<const account_change> changed) const;

    /// Books legs that were held, after they became durable; makes the credits spendable. Precondition: the accounts
    /// are this ledger's.
    void apply(std::span<const posting> postings);

    /// The highest id that was ever opened; new accounts take those above.
    account_id last_id() const;

    /// Null: not open.
    liquidity_account* find(account_id id) const;

    /// Precondition: the account is open.
    liquidity_account& at(account_id id) const;

    /// A consistent picture, taken under the book's mutex, in the order of opening. The pending amounts of one account
    /// are exact; those of different accounts are read one after the other while packets flow.
    std::vector<account_balance> snapshot() const;

    /// Precondition: the account is open.
    account_totals posted(account_id id) const;

private:
    // A cache line each: two peers' accounts never share one.
    struct alignas(64) entry : liquidity_account {
        std::uint32_t asset = 0;
        std::uint32_t place = 0;  // in the list that changes_of() is making, from 1; else 0
        account_totals posted;
    };

    static entry& entry_of(liquidity_account& account) noexcept { return static_cast<entry&>(account); }
    static void require_one_asset(const posting& posting) noexcept;

    mutable std::mutex mutex_;
    std::deque<entry> entries_;  // stable addresses
    std::vector<entry*> by_id_;  // null: not open
    account_id last_id_{};
};

}  // namespace peering
