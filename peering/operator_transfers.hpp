#pragma once

#include "ilp/amount.hpp"
#include "ilp/timestamp.hpp"
#include "peering/account.hpp"
#include "peering/committer.hpp"
#include "peering/transfer.hpp"

#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace peering {

/// Why a deposit or a withdrawal, or the end of one, is refused.
enum class transfer_refusal : std::uint8_t {
    amount_is_zero,
    invalid_id,              ///< no UUID of version 4
    already_exists,          ///< the id was used before, for whatever
    insufficient_liquidity,  ///< a withdrawal of more than the account can spend
    too_much_liquidity,      ///< a deposit that would take the account beyond 2^64-1
    unknown_transfer,
    already_posted,  ///< also a deposit, and a withdrawal without a timeout
    already_voided,
    already_expired,
    store_unavailable,  ///< nothing was done; it may be tried again
};

/// As the Admin API words it.
std::string_view describe(transfer_refusal refusal) noexcept;

/// Told once, when the transfer is durable or refused; at once or on the committer's thread. Not at all when the daemon
/// stops first without the store: the transfer may have been made. Must not block.
using transfer_callback = std::function<void(std::expected<void, transfer_refusal>)>;

/// One account of an operator's transfer, and the settlement account of its asset, which stands for money outside.
struct transfer_accounts {
    liquidity_account& liquidity;
    liquidity_account& settlement;
};

/// The transfers that operators make: deposits, withdrawals at once, and withdrawals in two phases, whose amount is
/// reserved until they are posted, voided or expire. Each is kept under its own UUID, which is never taken twice.
///
/// Decided on the committer's thread, one after the other; the calls may come from any thread. No clock: `now` is the
/// caller's.
class operator_transfers {
public:
    explicit operator_transfers(committer& committer) : committer_{committer} {}

    /// Before the committer starts: reserves again what the store says is pending. False: an account lacks it, the book
    /// is broken.
    bool restore(std::span<const transfer_record> pending, const ledger& ledger);

    void deposit(std::string_view id, transfer_accounts accounts, ilp::amount amount, const transfer_callback& done);

    /// A timeout of 0 posts it at once; one of more than a century counts as one. Precondition: not negative.
    void withdraw(std::string_view id, transfer_accounts accounts, ilp::amount amount, std::chrono::seconds timeout,
                  ilp::timestamp now, const transfer_callback& done);

    void post_withdrawal(std::string_view id, ilp::timestamp now, const transfer_callback& done);
    void void_withdrawal(std::string_view id, ilp::timestamp now, const transfer_callback& done);

    // The same, on the committer's thread, with what else is to be written in the same transaction.

    using outcome = std::expected<void, transfer_refusal>;
    outcome deposit(bookkeeper& keeper, std::string_view id, transfer_accounts accounts, ilp::amount amount,
                    const changes& beside);
    outcome withdraw(bookkeeper& keeper, std::string_view id, transfer_accounts accounts, ilp::amount amount,
                     std::chrono::seconds timeout, ilp::timestamp now, const changes& beside);
    /// `state` is posted or voided.
    outcome end_withdrawal(bookkeeper& keeper, std::string_view id, transfer_state state, ilp::timestamp now,
                           const changes& beside);

    /// Ends the withdrawals whose time is over. Cheap when there are none; call it every second or so.
    void expire(ilp::timestamp now);

    /// Withdrawals that are pending, as of now.
    std::size_t pending_count() const noexcept { return pending_count_; }

private:
    void make(transfer_record transfer, const transfer_callback& done);
    void end(std::string_view id, transfer_state state, ilp::timestamp now, const transfer_callback& done);
    void execute(store_task task, const transfer_callback& done);
    outcome add(bookkeeper& keeper, transfer_record transfer, changes with);
    void pending_changed();

    committer& committer_;
    std::unordered_map<std::string, transfer_record> pending_;  // the committer's thread
    std::atomic<std::size_t> pending_count_{0};
    std::atomic<ilp::timestamp> earliest_expiry_{ilp::timestamp::max()};
    std::atomic<bool> expiry_waits_{false};  // while the store is down, many calls are one task
};

}  // namespace peering
