#pragma once

#include "peering/peer.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// Address prefixes and the peers behind them. Peers of different assets may share a prefix: then a packet goes to the
/// one whose asset it is sent in, else to the one that has been known longest.
class route_table {
public:
    /// All prefixes of the peer. Precondition: it stays as it is until it is removed, for the texts are not held again.
    void add(const peer& next_hop);
    /// Precondition: it was added, this very object.
    void remove(const peer& next_hop);

    /// The peer with the longest prefix that ends at a segment boundary of the destination and has at least so many
    /// octets: 0 takes the default route (the empty prefix) too, 1 leaves it out. Null: no route. Its time depends on
    /// the number of segments, not of routes.
    const peer* find(std::string_view destination, std::size_t prefix_size_min, const asset* sent_in) const noexcept;

    /// The peers that have exactly this prefix, the one known longest first.
    std::vector<const peer*> owners(std::string_view prefix) const;

    std::size_t size() const noexcept { return oldest_.size(); }

private:
    void add(std::string_view prefix, const peer& next_hop);
    void remove(std::string_view prefix, const peer& next_hop);

    struct route {
        std::string_view prefix;  ///< the next hop's own text
        const peer* next_hop = nullptr;
    };
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    boost::unordered_flat_map<std::string_view, const peer*> oldest_;  ///< of those that have the prefix; its own text
    /// Of prefixes that are shared: all but the oldest, by id.
    boost::unordered_flat_map<std::string, std::vector<route>, text_hash, std::equal_to<>> others_;
};

}  // namespace peering
