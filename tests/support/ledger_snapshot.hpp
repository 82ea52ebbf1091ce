#pragma once

#include "peering/book/ledger.hpp"

#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

namespace support {

/// One account in a consistent snapshot of the book.
struct account_balance {
    peering::account_id id{};
    peering::account_kind kind{};
    std::uint32_t asset = 0;
    peering::account_totals posted;
    std::uint64_t debits_pending = 0;   ///< held by transfers that are neither posted nor voided
    std::uint64_t credits_pending = 0;  ///< to be credited by such transfers
};

}  // namespace support

namespace peering {

/// The ledger's friend: reads the whole book at one instant, which the daemon never needs.
struct ledger_inspector {
    static std::vector<support::account_balance> snapshot(const ledger& ledger) {
        const std::lock_guard lock{ledger.mutex_};
        std::vector<support::account_balance> balances;
        balances.reserve(ledger.entries_.size());
        for (const auto& account : ledger.entries_) {
            support::account_balance& balance =
                balances.emplace_back(account.id, account.kind, account.asset, account.posted);
            if (account.kind == account_kind::settlement) continue;
            const auto posted =
                static_cast<std::uint64_t>(account.posted.credits_posted - account.posted.debits_posted);
            balance.debits_pending = posted - account.available.load(std::memory_order_relaxed);
            balance.credits_pending =
                std::numeric_limits<std::uint64_t>::max() - posted - account.headroom.load(std::memory_order_relaxed);
        }
        return balances;
    }
};

}  // namespace peering

namespace support {

/// All accounts, read under the book's mutex, in the order in which they were opened. The pending amounts of one
/// account are exact; those of different accounts are read one after another while packets flow.
inline std::vector<account_balance> snapshot_of(const peering::ledger& ledger) {
    return peering::ledger_inspector::snapshot(ledger);
}

}  // namespace support
