#include "peering/splitting/split_outcomes.hpp"

namespace peering {

split_outcomes::split_outcomes(std::vector<split_outcome> kept) {
    for (split_outcome& each : kept) add(std::move(each), ilp::timestamp::min());
}

void split_outcomes::add(split_outcome outcome, ilp::timestamp now) {
    const std::lock_guard lock{mutex_};
    forget_old(now);
    const key id{outcome.peer, outcome.id};
    by_id_.insert_or_assign(id, kept{std::move(outcome.fulfill), outcome.until});
    by_end_.emplace(outcome.until, id);
}

std::optional<ilp::bytes> split_outcomes::find(std::uint32_t peer, const split_id& id, ilp::timestamp now) const {
    const std::lock_guard lock{mutex_};
    const auto found = by_id_.find({peer, id});
    if (found == by_id_.end() || found->second.until < now) return std::nullopt;
    return found->second.fulfill;
}

std::size_t split_outcomes::size() const {
    const std::lock_guard lock{mutex_};
    return by_id_.size();
}

void split_outcomes::forget_old(ilp::timestamp now) {
    while (!by_end_.empty() && by_end_.begin()->first < now) {
        const auto old = by_id_.find(by_end_.begin()->second);
        if (old != by_id_.end() && old->second.until < now) by_id_.erase(old);
        by_end_.erase(by_end_.begin());
    }
}

}  // namespace peering
