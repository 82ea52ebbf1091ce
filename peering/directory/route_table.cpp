#include "peering/directory/route_table.hpp"

#include "ilp/invariant.hpp"

#include <algorithm>

namespace peering {
namespace {

constexpr auto id_of = [](const auto& route) { return route.next_hop->id; };

}  // namespace

void route_table::add(std::string_view prefix, const peer& next_hop) {
    const auto [known, is_new] = oldest_.emplace(prefix, &next_hop);
    if (is_new) return;
    route younger{prefix, &next_hop};
    if (next_hop.id < known->second->id) {
        younger = {known->first, known->second};
        oldest_.erase(known);
        oldest_.emplace(prefix, &next_hop);
    }
    std::vector<route>& others = others_[std::string{prefix}];
    others.insert(std::ranges::upper_bound(others, younger.next_hop->id, {}, id_of), younger);
}

void route_table::remove(std::string_view prefix, const peer& next_hop) {
    const auto known = oldest_.find(prefix);
    ilp::require(known != oldest_.end(), "a route that is removed is in the table");
    const auto others = others_.find(prefix);
    if (known->second == &next_hop) {
        oldest_.erase(known);
        if (others == others_.end()) return;
        oldest_.emplace(others->second.front().prefix, others->second.front().next_hop);
        others->second.erase(others->second.begin());
    } else {
        ilp::require(others != others_.end(), "a route that is removed belongs to one of its prefix's next hops");
        std::erase_if(others->second, [&](const route& route) { return route.next_hop == &next_hop; });
    }
    if (others->second.empty()) others_.erase(others);
}

void route_table::add(const peer& next_hop) {
    for_each_prefix(next_hop, [&](std::string_view prefix) { add(prefix, next_hop); });
}

void route_table::remove(const peer& next_hop) {
    for_each_prefix(next_hop, [&](std::string_view prefix) { remove(prefix, next_hop); });
}

const peer* route_table::find(std::string_view destination, std::size_t prefix_size_min,
                              const asset* packet_asset) const noexcept {
    for (std::string_view prefix = destination; prefix.size() >= prefix_size_min;) {
        if (const auto known = oldest_.find(prefix); known != oldest_.end()) {
            const peer* const oldest = known->second;
            if (others_.empty() || oldest->asset == packet_asset) return oldest;
            const auto others = others_.find(prefix);
            if (others == others_.end()) return oldest;
            const auto same = std::ranges::find_if(
                others->second, [packet_asset](const route& route) { return route.next_hop->asset == packet_asset; });
            return same == others->second.end() ? oldest : same->next_hop;
        }
        if (prefix.empty()) break;
        const std::size_t dot = prefix.rfind('.');
        prefix = prefix.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    return nullptr;
}

std::vector<const peer*> route_table::owners(std::string_view prefix) const {
    const auto known = oldest_.find(prefix);
    if (known == oldest_.end()) return {};
    std::vector<const peer*> all{known->second};
    if (const auto others = others_.find(prefix); others != others_.end()) {
        for (const route& route : others->second) all.push_back(route.next_hop);
    }
    return all;
}

}  // namespace peering
