#pragma once

#include "peering/directory/peer.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// Address prefixes and the peers that they lead to. Peers of different assets may share a prefix: a packet then goes
/// to the peer whose asset it is sent in, or else to the peer that has been known longest.
class route_table {
public:
    /// Adds all prefixes of the peer. Precondition: the peer does not change until it is removed, because the table
    /// refers to its strings.
    void add(const peer& next_hop);
    /// Precondition: this very object was added.
    void remove(const peer& next_hop);

    /// The peer with the longest prefix that ends at a segment boundary of the destination and has at least
    /// `prefix_size_min` characters: 0 includes the default route (the empty prefix), 1 excludes it. Null if there is
    /// no route. The time depends on the number of segments, not on the number of routes.
    const peer* find(std::string_view destination, std::size_t prefix_size_min,
                     const asset* packet_asset) const noexcept;

    /// The peers that have exactly this prefix, the one known longest first.
    std::vector<const peer*> owners(std::string_view prefix) const;

    std::size_t size() const noexcept { return oldest_.size(); }

private:
    void add(std::string_view prefix, const peer& next_hop);
    void remove(std::string_view prefix, const peer& next_hop);

    struct route {
        std::string_view prefix;  ///< view of the next hop's own string
        const peer* next_hop = nullptr;
    };
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    boost::unordered_flat_map<std::string_view, const peer*> oldest_;  ///< by prefix; keys are views of its strings
    /// For shared prefixes: all peers but the oldest, by id.
    boost::unordered_flat_map<std::string, std::vector<route>, text_hash, std::equal_to<>> others_;
};

}  // namespace peering
