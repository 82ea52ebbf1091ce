#pragma once

#include "peering/peer.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace connector {

/// Address prefixes and the peers behind them. Built once, then read by all packet threads.
class route_table {
public:
    /// Precondition: `prefix` is one (ilp::is_prefix); the peer outlives the table. The last word for a prefix counts.
    void add(std::string_view prefix, const peering::peer& next_hop);

    /// The peer with the longest prefix that ends at a segment boundary of the destination and has at least so many
    /// octets: 0 takes the default route (the empty prefix) too, 1 leaves it out. Null: no route. Its time depends on
    /// the number of segments, not of routes.
    const peering::peer* find(std::string_view destination, std::size_t prefix_size_min) const noexcept;

    std::size_t size() const noexcept { return routes_.size(); }

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    boost::unordered_flat_map<std::string, const peering::peer*, text_hash, std::equal_to<>> routes_;
};

}  // namespace connector
