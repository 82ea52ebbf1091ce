#include "peering/route_table.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace peering {

void route_table::add(std::string_view prefix, const peer& next_hop) {
    const auto [place, is_new] = routes_.try_emplace(std::string{prefix});
    next_hops& hops = place->second;
    if (is_new) {
        hops.oldest = &next_hop;
        return;
    }
    const peer* younger = &next_hop;
    if (younger->id < hops.oldest->id) std::swap(younger, hops.oldest);
    if (!hops.others) hops.others = std::make_unique<std::vector<const peer*>>();
    hops.others->insert(std::ranges::upper_bound(*hops.others, younger->id, {}, &peer::id), younger);
}

void route_table::remove(std::string_view prefix, const peer& next_hop) {
    const auto found = routes_.find(prefix);
    assert(found != routes_.end());
    next_hops& hops = found->second;
    if (!hops.others) {
        assert(hops.oldest == &next_hop);
        routes_.erase(found);
        return;
    }
    if (hops.oldest == &next_hop) {
        hops.oldest = hops.others->front();
        hops.others->erase(hops.others->begin());
    } else {
        std::erase(*hops.others, &next_hop);
    }
    if (hops.others->empty()) hops.others.reset();
}

void route_table::add(const peer& next_hop) {
    for_each_prefix(next_hop, [&](std::string_view prefix) { add(prefix, next_hop); });
}

void route_table::remove(const peer& next_hop) {
    for_each_prefix(next_hop, [&](std::string_view prefix) { remove(prefix, next_hop); });
}

const peer* route_table::find(std::string_view destination, std::size_t prefix_size_min,
                              const asset* sent_in) const noexcept {
    for (std::string_view prefix = destination; prefix.size() >= prefix_size_min;) {
        if (const auto found = routes_.find(prefix); found != routes_.end()) {
            const next_hops& hops = found->second;
            if (!hops.others || hops.oldest->asset == sent_in) return hops.oldest;
            const auto same = std::ranges::find(*hops.others, sent_in, &peer::asset);
            return same == hops.others->end() ? hops.oldest : *same;
        }
        if (prefix.empty()) break;
        const std::size_t dot = prefix.rfind('.');
        prefix = prefix.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    return nullptr;
}

std::vector<const peer*> route_table::owners(std::string_view prefix) const {
    const auto found = routes_.find(prefix);
    if (found == routes_.end()) return {};
    std::vector<const peer*> all{found->second.oldest};
    if (found->second.others) all.insert(all.end(), found->second.others->begin(), found->second.others->end());
    return all;
}

}  // namespace peering
