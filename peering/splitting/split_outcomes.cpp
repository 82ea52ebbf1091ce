#include "peering/splitting/split_outcomes.hpp"

namespace peering {

ilp::bytes fulfill_to_keep(const ilp::fulfill_view& fulfill) {
    const ilp::bytes_view packet = fulfill.bytes();
    if (packet.size() <= kept_fulfill_max) return {packet.begin(), packet.end()};
    ilp::bytes kept;
    ilp::serialize_fulfill(kept, fulfill.fulfillment(), {});
    return kept;
}

split_outcomes::split_outcomes(std::vector<split_outcome> kept) {
    for (split_outcome& each : kept) add(std::move(each), ilp::timestamp::min());
}

void split_outcomes::add(split_outcome outcome, ilp::timestamp now) {
    const std::lock_guard lock{mutex_};
    while (!by_end_.empty() && std::get<ilp::timestamp>(*by_end_.begin()) < now) {
        forget(std::get<std::uint32_t>(*by_end_.begin()), std::get<split_id>(*by_end_.begin()));
    }
    forget(outcome.peer, outcome.id);
    of_peer& known = peers_[outcome.peer];
    if (known.by_id.size() == of_peer_max) forget(outcome.peer, known.by_end.begin()->second);
    known.by_end.emplace(outcome.until, outcome.id);
    by_end_.emplace(outcome.until, outcome.peer, outcome.id);
    known.by_id.try_emplace(outcome.id, std::move(outcome.fulfill), outcome.until);
}

std::optional<ilp::bytes> split_outcomes::find(std::uint32_t peer, const split_id& id, ilp::timestamp now) const {
    const std::lock_guard lock{mutex_};
    const auto of = peers_.find(peer);
    if (of == peers_.end()) return std::nullopt;
    const auto found = of->second.by_id.find(id);
    if (found == of->second.by_id.end() || found->second.until < now) return std::nullopt;
    return found->second.fulfill;
}

std::size_t split_outcomes::size() const {
    const std::lock_guard lock{mutex_};
    return by_end_.size();
}

void split_outcomes::forget(std::uint32_t peer, const split_id& id) {
    const auto of = peers_.find(peer);
    if (of == peers_.end()) return;
    const auto found = of->second.by_id.find(id);
    if (found == of->second.by_id.end()) return;
    const split_id key = id;  // `id` may be in what is removed here
    const ilp::timestamp until = found->second.until;
    of->second.by_id.erase(found);
    of->second.by_end.erase({until, key});
    by_end_.erase({until, peer, key});
}

}  // namespace peering
