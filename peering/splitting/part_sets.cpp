#include "peering/splitting/part_sets.hpp"

#include "ilp/invariant.hpp"
#include "ilp/packet.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <random>

namespace peering {
namespace {

constexpr std::size_t prepare_kept_max = 4096;

}  // namespace

std::size_t part_sets::hash::operator()(const key& of) const noexcept {
    // Peers choose ids, and must not be able to choose many with one hash.
    static const std::uint64_t secret = (std::uint64_t{std::random_device{}()} << 32U) | std::random_device{}();
    constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15;
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), of.second.data(), of.second.size());
    std::uint64_t mixed = secret ^ of.first;
    for (const std::uint64_t word : words) {
        mixed = (mixed ^ word) * odd;
        mixed ^= mixed >> 29U;
    }
    return (mixed ^ secret) * odd >> 7U;
}

part_sets::part_sets(const bounds& allowed) : bounds_{allowed} {}

part_sets::outcome part_sets::take(const arrived_part& part, ilp::steady_time latest, ilp::steady_time now) {
    const key id{part.peer, part.label.id};
    if (const auto known = by_id_.find(id); known != by_id_.end()) {
        return add(sets_[known->second], known->second, part);
    }
    if (ended_.contains(id)) return {step::late};
    return open_first(part, latest, now);
}

part_sets::outcome part_sets::open_first(const arrived_part& part, ilp::steady_time latest, ilp::steady_time now) {
    if (timeouts_.size() >= bounds_.incomplete) return {step::too_many};
    const auto of_peer = incomplete_of_peer_.try_emplace(part.peer, 0).first;
    if (of_peer->second >= bounds_.incomplete_per_peer) return {step::too_many};
    ++of_peer->second;
    place at = 0;
    if (free_.empty()) {
        at = static_cast<place>(sets_.size());
        sets_.emplace_back();
    } else {
        at = free_.back();
        free_.pop_back();
    }
    const key id{part.peer, part.label.id};
    open_set& set = sets_[at];
    set.id = id;
    set.connection = part.connection;
    set.parts = part.label.parts;
    set.total = part.label.total;
    set.prepare.assign(part.prepare.begin(), part.prepare.end());
    set.arrived.reset();
    set.missing = part.label.parts;
    set.missing_amount = part.label.total;
    set.timeout = std::min(latest, now + bounds_.longest_wait);
    by_id_.emplace(id, at);
    timeouts_.emplace(set.timeout, at);
    const outcome added = add(set, at, part);
    return added.what == step::keep ? outcome{step::open, at} : added;
}

part_sets::outcome part_sets::add(open_set& to, place at, const arrived_part& part) {
    const part_label& label = part.label;
    if (to.missing == 0) return {step::duplicate, at};  // whatever it is, the packet is on its way
    // Something between the two nodes spreads their requests. That is not the sender's fault, so it may try again.
    if (part.connection != to.connection) return {step::late};
    const bool belongs =
        label.parts == to.parts && label.total == to.total && ilp::differ_only_in_amount(part.prepare, to.prepare);
    if (!belongs) return {step::contradiction, at};
    if (to.arrived.test(label.part)) return {step::duplicate, at};
    // Every part carries something, so the others need at least one unit each, and the last one fits exactly.
    const std::uint32_t others = to.missing - 1;
    const bool fits = !part.amount.is_zero() && part.amount <= to.missing_amount &&
                      to.missing_amount.value - part.amount.value >= others &&
                      (others != 0 || part.amount == to.missing_amount);
    if (!fits) return {step::contradiction, at};
    to.arrived.set(label.part);
    to.missing = others;
    to.missing_amount.value -= part.amount.value;
    if (others != 0) return {step::keep, at};
    no_longer_incomplete(to, at);
    return {step::complete, at};
}

void part_sets::no_longer_incomplete(open_set& set, place at) {
    if (timeouts_.erase({set.timeout, at}) == 0) return;
    const auto of_peer = incomplete_of_peer_.find(set.id.first);
    if (--of_peer->second == 0) incomplete_of_peer_.erase(of_peer);
}

std::optional<part_sets::place> part_sets::find(std::uint32_t peer, const split_id& id) const {
    const auto known = by_id_.find({peer, id});
    return known == by_id_.end() ? std::nullopt : std::optional{known->second};
}

void part_sets::close(place set) {
    open_set& closed = sets_[set];
    const auto known = by_id_.find(closed.id);
    ilp::require(known != by_id_.end() && known->second == set, "a set of parts is closed once");
    by_id_.erase(known);
    no_longer_incomplete(closed, set);
    if (closed.prepare.capacity() > prepare_kept_max) closed.prepare = ilp::bytes{};
    remember(closed.id);
    free_.push_back(set);
}

/// When there are too many ids, the peer that has most of them loses its oldest one, so no peer can push out those of
/// the others. A part that comes after that opens a set which cannot become whole, and its sender alone waits for it.
void part_sets::remember(const key& ended) {
    const auto& [peer, id] = ended;
    ++ended_[ended];
    auto& order = ended_order_[peer];
    most_ended_.erase({order.size(), peer});
    order.push_back(id);
    most_ended_.emplace(order.size(), peer);
    if (++ended_count_ > bounds_.ended) forget_oldest(most_ended_.rbegin()->second);
}

void part_sets::forget_oldest(std::uint32_t peer) {
    const auto order = ended_order_.find(peer);
    const auto oldest = ended_.find({peer, order->second.front()});
    if (--oldest->second == 0) ended_.erase(oldest);
    most_ended_.erase({order->second.size(), peer});
    order->second.pop_front();
    if (order->second.empty()) {
        ended_order_.erase(order);
    } else {
        most_ended_.emplace(order->second.size(), peer);
    }
    --ended_count_;
}

std::optional<ilp::steady_time> part_sets::next_timeout() const {
    return timeouts_.empty() ? std::nullopt : std::optional{timeouts_.begin()->first};
}

std::optional<part_sets::place> part_sets::timed_out(ilp::steady_time now) const {
    if (timeouts_.empty() || timeouts_.begin()->first > now) return std::nullopt;
    return timeouts_.begin()->second;
}

}  // namespace peering
