#pragma once

#include "peering/wide_amount.hpp"

#include <atomic>
#include <cstdint>

namespace peering {

/// Number of an account in the ledger and in the store; never used again for another.
enum class account_id : std::uint32_t {};

enum class account_kind : std::uint8_t { asset_liquidity, settlement, peer_liquidity };

/// What packet threads need of one liquidity account, without a lock. `available` can be spent; `room` can be received.
/// Both start as balance and maximum minus balance. A hold takes from the debited account's `available` and from the
/// credited account's `room` at once, so that no later step can fail; posting gives to the other side of each, voiding
/// gives back. Neither ever wraps: that is promise 3 (no negative account) and its mirror image (no overflow).
///
/// A settlement account stands for money outside: it has neither bound, and is never held against.
struct liquidity_account {
    account_id id{};
    account_kind kind{};
    std::atomic<std::uint64_t> available{0};
    std::atomic<std::uint64_t> room{0};
};

/// Totals of one account as the store has them: durable postings only. A liquidity account's balance is
/// credits_posted - debits_posted.
struct account_totals {
    wide_amount debits_posted = 0;
    wide_amount credits_posted = 0;
    friend bool operator==(const account_totals&, const account_totals&) = default;
};

/// One account with its totals, as it travels between ledger and store.
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
