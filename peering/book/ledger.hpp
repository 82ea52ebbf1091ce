#pragma once

#include "ilp/amount.hpp"
#include "peering/records/account.hpp"
#include "peering/records/part_move.hpp"
#include "peering/records/posting.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace peering {

/// The two-phase double-entry ledger of one daemon.
///
/// Packet threads call hold() and release() on liquidity accounts: atomic, lock-free, no allocation. A transfer that is
/// to be posted goes to the store first (committer); once it is durable, apply() books it. So the totals here are never
/// ahead of the disk. The sum over all accounts of an asset is zero whenever the book is read: apply() books whole
/// batches under the book's mutex, which no packet thread takes.
class ledger {
public:
    ledger() = default;
    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;

    /// Nothing is in flight to a peer whose account is opened from now on before flight_ceilings has raised its
    /// ceiling. Without this call nothing bounds what is in flight.
    void bound_flights() noexcept { bounds_flights_ = true; }

    /// The accounts that are opened from now on are this daemon's parts: they receive nothing before open_part().
    void keep_parts() noexcept { keeps_parts_ = true; }

    /// Adds an account with the totals that the store has for it. Not for packet threads. The reference stays valid as
    /// long as the ledger exists. Preconditions: the id is new, and the balance of a liquidity account is within
    /// 0..2^64-1. Once the book can be read by others, open accounts with totals of zero and apply() the first deposit,
    /// so that the sum stays zero.
    liquidity_account& open(account_id id, account_kind kind, std::uint32_t asset, const account_totals& totals);

    enum class shortage : std::uint8_t {
        none,
        peer_liquidity,   ///< the account of a peer, or a receiving account, has too little available
        asset_liquidity,  ///< the liquidity account of an asset has too little available
        headroom,         ///< an account would exceed the largest amount
    };

    /// Reserves all legs or none, and says what was short. A leg with an amount of 0 reserves nothing; settlement
    /// accounts are not bounded. Any thread.
    static shortage try_hold(std::span<const leg> legs) noexcept;
    static bool hold(std::span<const leg> legs) noexcept { return try_hold(legs) == shortage::none; }

    /// Undoes a hold because the transfer is void. Any thread.
    static void release(std::span<const leg> legs) noexcept;

    /// Lets a part receive, until its balance is `most`. Once for each account. Committer's thread only.
    void open_part(liquidity_account& account, std::uint64_t most) noexcept;

    /// Reserves what a move needs: what can be received for a lease, what can be spent for a return. Call it before
    /// the store moves anything, so that whoever gives has given before the other one takes. Any thread.
    static bool hold(const part_move& move) noexcept;
    /// Undoes a hold because the store has not moved this. Any thread.
    static void release(const part_move& move) noexcept;
    /// Books a move that was held, after it has become durable. Committer's thread only.
    void apply(const part_move& move);

    /// Replaces the content of `changed` with the accounts that `postings` touch, each once, with their totals before
    /// and after apply(). Committer's thread only.
    void changes_of(std::span<const posting> postings, std::vector<account_change>& changed);

    /// Closes the account of a peer, or a receiving account, for good: no hold on it succeeds any more, except one that
    /// takes all of its balance to withdraw it. Packet threads that do not know yet that the peer has gone are refused
    /// like that. Returns false, and changes nothing, if anything is held on the account. Committer's thread only.
    bool close(liquidity_account& account) noexcept;
    /// Undoes close(), before anything was withdrawn. Committer's thread only.
    void reopen(liquidity_account& account) noexcept;

    /// Call this before writing to the store. Aborts unless `postings`, which must have been held, and the result of
    /// changes_of() leave every asset in balance and every account within its bounds, so that a wrong book never
    /// reaches the disk. Committer's thread only.
    void check(std::span<const posting> postings, std::span<const account_change> changed) const;

    /// Books legs that were held, after they have become durable, and makes the credits spendable. Precondition: the
    /// accounts belong to this ledger.
    void apply(std::span<const posting> postings);

    /// The highest id ever opened; new accounts take the ids above it.
    account_id last_id() const;

    /// Null if the account is not open.
    liquidity_account* find(account_id id) const;

    /// The asset of the account; nullopt if the account is not open.
    std::optional<std::uint32_t> asset_of(account_id id) const;

    /// Precondition: both accounts are open.
    static bool is_within_one_asset(const leg& leg) noexcept {
        return entry_of(*leg.debit).asset == entry_of(*leg.credit).asset;
    }

    /// Precondition: the account is open.
    liquidity_account& at(account_id id) const;

    /// Precondition: the account is open.
    account_totals posted(account_id id) const;

    /// What is posted on an account, in which what is held is still included. Precondition: the account is open, and no
    /// settlement account. Any thread.
    ilp::amount balance(account_id id) const;

private:
    friend struct ledger_inspector;  // defined by the tests, which look at the whole book at one instant

    // Each entry has a cache line of its own, so that accounts of different peers never share one.
    struct alignas(64) entry : liquidity_account {
        std::uint32_t asset = 0;
        std::uint32_t place : 31 = 0;  // 1-based position in the list that changes_of() is building, or 0
        std::uint32_t is_closed : 1 = 0;
        std::uint64_t most = 0;  // the largest balance, unless it is a settlement account
        account_totals posted;
    };

    static entry& entry_of(liquidity_account& account) noexcept { return static_cast<entry&>(account); }
    static void require_one_asset(const posting& posting) noexcept;

    mutable std::mutex mutex_;
    std::deque<entry> entries_;  // never moved: callers keep references
    std::vector<entry*> by_id_;  // null if the account is not open
    account_id last_id_{};
    bool bounds_flights_ = false;
    bool keeps_parts_ = false;
};

}  // namespace peering
