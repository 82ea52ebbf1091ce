#include "peering/book/thresholds.hpp"

#include "peering/records/uuid.hpp"
#include "peering/records/wide_amount.hpp"

#include <boost/json.hpp>

#include <utility>

namespace peering {
namespace {

wide_amount balance_of(const account_totals& totals) noexcept {
    return totals.credits_posted - totals.debits_posted;
}

std::string digits_of(wide_amount amount) {
    wide_amount_buffer buffer;
    return std::string{to_text(amount, buffer)};
}

event_record low_liquidity(const liquidity_watch& watch, wide_amount balance) {
    const boost::json::object data{
        {"id", watch.owner_uuid},
        {"asset", {{"id", watch.asset_uuid}, {"code", watch.asset_code}, {"scale", watch.asset_scale}}},
        {"liquidityThreshold", ilp::to_string(watch.threshold)},
        {"balance", digits_of(balance)},
    };
    const bool of_peer = watch.kind == account_kind::peer_liquidity;
    return {new_uuid(), of_peer ? "peer.liquidity_low" : "asset.liquidity_low", boost::json::serialize(data)};
}

}  // namespace

void thresholds::watch(account_id account, std::optional<liquidity_watch> watch) {
    const std::lock_guard lock{mutex_};
    if (watch) {
        watches_.insert_or_assign(account, std::move(*watch));
    } else {
        watches_.erase(account);
    }
}

void thresholds::crossed(std::span<const account_change> changes, std::vector<event_record>& events) const {
    events.clear();
    const std::lock_guard lock{mutex_};
    if (watches_.empty()) return;
    for (const account_change& change : changes) {
        const auto found = watches_.find(change.id);
        if (found == watches_.end()) continue;
        const wide_amount threshold = found->second.threshold.value;
        const wide_amount balance = balance_of(change.after);
        if (balance_of(change.before) > threshold && balance <= threshold) {
            events.push_back(low_liquidity(found->second, balance));
        }
    }
}

}  // namespace peering
