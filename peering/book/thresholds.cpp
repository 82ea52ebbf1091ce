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

const liquidity_watch* pointer_to(const std::optional<liquidity_watch>& watch) noexcept {
    return watch ? &*watch : nullptr;
}

bool is_low(const liquidity_watch* watch, wide_amount balance) noexcept {
    return watch != nullptr && balance <= watch->threshold.value;
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

const liquidity_watch* thresholds::find(account_id account) const {
    const auto found = watches_.find(account);
    return found == watches_.end() ? nullptr : &found->second;
}

void thresholds::crossed(std::span<const account_change> changes, std::vector<event_record>& events,
                         std::span<const watch_change> watches,
                         const std::function<account_totals(account_id)>& posted) const {
    events.clear();
    std::unordered_map<account_id, const watch_change*> changed_watches;
    for (const watch_change& changed : watches) changed_watches.insert_or_assign(changed.account, &changed);

    const std::lock_guard lock{mutex_};
    if (watches_.empty() && watches.empty()) return;
    const auto look_at = [&](const liquidity_watch* watch_before, wide_amount before,
                             const liquidity_watch* watch_after, wide_amount after) {
        if (!is_low(watch_before, before) && is_low(watch_after, after)) {
            events.push_back(low_liquidity(*watch_after, after));
        }
    };
    for (const account_change& change : changes) {
        const liquidity_watch* const before = find(change.id);
        const liquidity_watch* after = before;
        if (const auto changed = changed_watches.find(change.id); changed != changed_watches.end()) {
            after = pointer_to(changed->second->watch);
            changed_watches.erase(changed);
        }
        look_at(before, balance_of(change.before), after, balance_of(change.after));
    }
    for (const watch_change& changed : watches) {
        if (!changed.watch || changed_watches.erase(changed.account) == 0) continue;
        const wide_amount balance = balance_of(posted(changed.account));
        look_at(find(changed.account), balance, pointer_to(changed.watch), balance);
    }
}

}  // namespace peering
