#pragma once

#include "ilp/amount.hpp"
#include "peering/book/ledger.hpp"
#include "peering/records/account.hpp"
#include "peering/records/event.hpp"

#include <cstdint>
#include <functional>
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

/// A watch that a transaction sets, changes or ends.
struct watch_change {
    account_id account{};
    std::optional<liquidity_watch> watch;
};

/// Liquidity thresholds. An account is low while its balance is at its threshold or below. An event is raised when a
/// transaction makes an account low: because its transfers reduce the balance, or because it sets or raises the
/// threshold. An account that was low before raises none; so no state is needed besides balances and thresholds on
/// disk.
class thresholds {
public:
    /// Sets, changes or (with nullopt) ends a watch. Any thread.
    void watch(account_id account, std::optional<liquidity_watch> watch);

    /// Replaces the content of `events` with one event for each account that the transaction makes low. `posted` gives
    /// the totals before it of accounts whose watch changes and that are not among `changes`. Any thread.
    void crossed(std::span<const account_change> changes, std::vector<event_record>& events,
                 std::span<const watch_change> watches = {},
                 const std::function<account_totals(account_id)>& posted = {}) const;

private:
    const liquidity_watch* find(account_id account) const;

    mutable std::mutex mutex_;
    std::unordered_map<account_id, liquidity_watch> watches_;
};

}  // namespace peering
