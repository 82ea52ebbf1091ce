#pragma once

#include "peering/peer.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>

namespace connector {

/// Address prefixes and the peers behind them. Built once, then read by all packet threads.
class route_table {
public:
    /// Precondition: `prefix` is one (ilp::is_prefix); the peer outlives the table. The last word for a prefix counts.
    void add(std::string_view prefix, const peering::peer& next_hop);

    /// The peer with the longest prefix that ends at a segment boundary of the destination. The default route (the
    /// empty prefix) is left out unless asked for. Null: no route. Its time depends on the number of segments, not of
    /// routes.
    const peering::peer* find(std::string_view destination, bool with_default) const noexcept;

    std::size_t size() const noexcept { return routes_.size(); }

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    boost::unordered_flat_map<std::string, const peering::peer*, text_hash, std::equal_to<>> routes_;
};

}  // namespace connector
