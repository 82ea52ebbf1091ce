#include "connector/route_table.hpp"

namespace connector {

void route_table::add(std::string_view prefix, const peering::peer& next_hop) {
    routes_.insert_or_assign(std::string{prefix}, &next_hop);
}

const peering::peer* route_table::find(std::string_view destination, std::size_t prefix_size_min) const noexcept {
    for (std::string_view prefix = destination; prefix.size() >= prefix_size_min;) {
        if (const auto found = routes_.find(prefix); found != routes_.end()) return found->second;
        if (prefix.empty()) break;
        const std::size_t dot = prefix.rfind('.');
        prefix = prefix.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    return nullptr;
}

}  // namespace connector
