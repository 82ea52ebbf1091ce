#include "connector/route_table.hpp"

namespace connector {

void route_table::add(std::string_view prefix, const peering::peer& next_hop) {
    routes_.insert_or_assign(std::string{prefix}, &next_hop);
}

const peering::peer* route_table::find(std::string_view destination, bool with_default) const noexcept {
    for (std::string_view prefix = destination;;) {
        if (const auto found = routes_.find(prefix); found != routes_.end()) return found->second;
        const std::size_t dot = prefix.rfind('.');
        if (dot == std::string_view::npos) break;
        prefix = prefix.substr(0, dot);
    }
    if (!with_default) return nullptr;
    const auto found = routes_.find(std::string_view{});
    return found == routes_.end() ? nullptr : found->second;
}

}  // namespace connector
