#pragma once

#include "peering/records/wide_amount.hpp"

#include <atomic>
#include <cstdint>
#include <limits>

namespace peering {

/// Account number in the ledger and in the store. Numbers are never reused.
enum class account_id : std::uint32_t {};

enum class account_kind : std::uint8_t { asset_liquidity, settlement, peer_liquidity, receiving };

/// The part of an account that packet threads use, without a lock. `available` is what can be debited; `headroom` is
/// the headroom, which is what can be credited. They start as the balance and as the maximum minus the balance. A hold
/// subtracts the amount from the debited account's `available` and from the credited account's `headroom` at the same
/// time, so that no later step can fail. Posting adds it to the other counter of each account; voiding returns it.
/// Neither counter ever wraps: this is promise 3 (no negative account) and its mirror image (no overflow).
///
/// A settlement account represents money outside the connector. It has no bounds and is never held against.
struct liquidity_account {
    account_id id{};
    account_kind kind{};
    std::atomic<std::uint64_t> available{0};
    std::atomic<std::uint64_t> headroom{0};

    // For the account of a peer: what may be in flight to it, which take_off() and land() count.

    std::atomic<std::uint64_t> in_flight{0};
    /// Never above the ceiling that the store has for the account. A store that keeps nothing has no need of one.
    std::atomic<std::uint64_t> flight_ceiling{std::numeric_limits<std::uint64_t>::max()};
    std::atomic<std::uint64_t> flight_peak{0};  ///< the largest amount since flight_ceilings has looked
};

/// Totals of one account as the store has them: durable postings only. The balance of a liquidity account is
/// credits_posted - debits_posted.
struct account_totals {
    wide_amount debits_posted = 0;
    wide_amount credits_posted = 0;
    friend bool operator==(const account_totals&, const account_totals&) = default;
};

/// A total above this is damaged. It takes 2^63 of the largest transfers to get here, and as many again to wrap.
inline constexpr wide_amount total_max = ~wide_amount{0} >> 1U;

/// An account with its totals, as exchanged between the ledger and the store.
struct account_record {
    account_id id{};
    account_kind kind{};
    account_totals totals;
};

/// An account whose totals a transaction changes.
struct account_change {
    account_id id{};
    account_kind kind{};
    account_totals before;
    account_totals after;
};

}  // namespace peering
