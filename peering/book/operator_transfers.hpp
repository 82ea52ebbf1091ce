#pragma once

#include "ilp/amount.hpp"
#include "ilp/clock.hpp"
#include "peering/book/committer.hpp"
#include "peering/records/account.hpp"
#include "peering/records/transfer.hpp"

#include <atomic>
#include <chrono>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace peering {

/// Why a deposit or a withdrawal, or its posting or voiding, is refused.
enum class transfer_refusal : std::uint8_t {
    amount_is_zero,
    invalid_id,              ///< not a version 4 UUID
    already_exists,          ///< the id has been used before, by any transfer
    insufficient_liquidity,  ///< a withdrawal of more than the account has available
    too_much_liquidity,      ///< a deposit that would raise the account above 2^64-1
    unknown_transfer,
    already_posted,  ///< also for a deposit, and for a withdrawal without a timeout
    already_voided,
    already_expired,
    no_doubt,           ///< the books of the peer are not in doubt
    above_doubt,        ///< a correction of more than may be missing
    store_unavailable,  ///< nothing was done; a retry is possible
};

/// The wording of the Admin API.
std::string_view describe(transfer_refusal refusal) noexcept;

/// The liquidity account of an operator's transfer and the settlement account of its asset, which represents money
/// outside the connector.
struct transfer_accounts {
    liquidity_account& liquidity;
    liquidity_account& settlement;
};

/// The transfers that operators make: deposits, immediate withdrawals, and two-phase withdrawals, whose amount is
/// reserved until they are posted, voided or expire. Each is stored under its own UUID, which is never accepted twice.
///
/// The timeout of a withdrawal is measured by the steady clock, so that setting the wall clock does not end it before
/// an operator who has already paid out can post it. A withdrawal from before the start ends by the wall clock, because
/// the steady clock does not continue across a restart. Each call of expire() compares it, so it also ends in time if
/// the clock is corrected.
///
/// Transfers are made and ended on the committer's thread, one after another. The class reads no clock: the caller
/// passes `now`.
class operator_transfers {
public:
    explicit operator_transfers(committer& committer) : committer_{committer} {}

    /// Call before the committer starts. Reserves again the amounts that are pending according to the store. Returns
    /// false if an account lacks the amount or a row is not a withdrawal, which means that the book is broken.
    bool restore(std::span<const transfer_record> pending, const ledger& ledger);

    // For callers on the committer's thread. Each writes one transaction, which includes `beside`; when it returns
    // success, the transfer is durable.

    using outcome = std::expected<void, transfer_refusal>;
    outcome deposit(bookkeeper& keeper, std::string_view id, transfer_accounts accounts, ilp::amount amount,
                    const changes& beside);
    /// A timeout of 0 posts the withdrawal immediately; a timeout above 100 years is reduced to 100 years.
    /// Precondition: the timeout is not negative.
    outcome withdraw(bookkeeper& keeper, std::string_view id, transfer_accounts accounts, ilp::amount amount,
                     std::chrono::seconds timeout, const ilp::instant& now, const changes& beside);
    /// Credits the peer with what it has fulfilled before a crash and no book has, and ends the doubt about its books.
    outcome correct(bookkeeper& keeper, std::string_view id, transfer_accounts accounts, ilp::amount amount,
                    const changes& beside);
    /// Ends the doubt about the books of the peer with this account: they agree.
    static outcome agree(bookkeeper& keeper, const liquidity_account& account, const changes& beside);
    /// `state` is posted or voided.
    outcome end_withdrawal(bookkeeper& keeper, std::string_view id, transfer_state state, const ilp::instant& now,
                           const changes& beside);

    /// Ends the withdrawals that have expired. Cheap if there are none; call it about once a second, from any thread.
    void expire(const ilp::instant& now);

    /// Number of withdrawals that are pending now.
    std::size_t pending_count() const noexcept { return pending_count_; }

private:
    struct pending_withdrawal {
        transfer_record record;
        std::optional<ilp::steady_time> ends_at{};  // nullopt for one from before the start

        bool has_expired(const ilp::instant& now) const noexcept {
            return ends_at ? *ends_at <= now.steady : record.expires_at <= now.wall;
        }
    };

    outcome add(bookkeeper& keeper, transfer_record transfer, std::optional<ilp::steady_time> ends_at, changes with);
    void pending_changed();

    committer& committer_;
    std::unordered_map<std::string, pending_withdrawal> pending_;  // used only by the committer's thread
    std::atomic<std::size_t> pending_count_{0};
    // The earliest expiry by each clock.
    std::atomic<ilp::timestamp> earliest_wall_{ilp::timestamp::max()};
    std::atomic<ilp::steady_time> earliest_steady_{ilp::steady_time::max()};
    std::atomic<bool> expiry_waits_{false};  // a task of expire() is queued; there is one at a time
};

}  // namespace peering
