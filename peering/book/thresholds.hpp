#pragma once

#include "ilp/amount.hpp"
#include "peering/book/ledger.hpp"
#include "peering/records/account.hpp"
#include "peering/records/event.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace peering {

/// Describes the owner of a watched liquidity account, and the balance that counts as low.
struct liquidity_watch {
    ilp::amount threshold;
    account_kind kind{};     ///< of the account: peer liquidity or asset liquidity
    std::string owner_uuid;  ///< uuid of the peer or asset
    std::string asset_uuid;
    std::string asset_code;
    std::uint8_t asset_scale = 0;
};

/// Liquidity thresholds: an event is raised when posted transfers reduce a balance to its threshold or below, once per
/// crossing. A balance that was already at or below its threshold raises none; so no state is needed besides the
/// balances on disk.
class thresholds {
public:
    /// Sets, changes or (with nullopt) ends a watch. Any thread.
    void watch(account_id account, std::optional<liquidity_watch> watch);

    /// Replaces the content of `events` with one event for each threshold that the changes cross downwards. Any thread.
    void crossed(std::span<const account_change> changes, std::vector<event_record>& events) const;

private:
    mutable std::mutex mutex_;
    std::unordered_map<account_id, liquidity_watch> watches_;
};

}  // namespace peering
