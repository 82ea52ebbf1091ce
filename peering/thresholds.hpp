#pragma once

#include "ilp/amount.hpp"
#include "peering/account.hpp"
#include "peering/event.hpp"
#include "peering/ledger.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace peering {

/// Whose liquidity is watched, and the balance that counts as low.
struct liquidity_watch {
    ilp::amount threshold;
    account_kind kind{};     ///< of the account: a peer's or an asset's liquidity
    std::string owner_uuid;  ///< of the peer or asset
    std::string asset_uuid;
    std::string asset_code;
    std::uint8_t asset_scale = 0;
};

/// Liquidity thresholds: an event when posted transfers take a balance to its threshold or below, once per crossing.
/// What was below already raises nothing; so the balances on disk are all the memory that is needed.
class thresholds {
public:
    /// Sets, changes or (empty) ends a watch. Any thread.
    void watch(account_id account, std::optional<liquidity_watch> watch);

    /// Replaces what is in `events` with one for each threshold that the changes cross downwards. Any thread.
    void crossed(std::span<const account_change> changes, std::vector<event_record>& events) const;

private:
    mutable std::mutex mutex_;
    std::unordered_map<account_id, liquidity_watch> watches_;
};

}  // namespace peering
