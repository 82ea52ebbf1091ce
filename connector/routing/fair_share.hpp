#pragma once

#include <cstddef>

namespace connector {

/// Returns true if a next hop has used up its fair share of a worker's packets in flight: 4 times as many as there are
/// free places. The fewer places are free, the fewer one next hop may occupy, so that unresponsive next hops, however
/// many, leave places to the others.
///
/// `to_next_hop`: packets in flight to it; `in_flight`: packets in flight of the worker, at most `in_flight_max`.
constexpr bool exceeds_fair_share(std::size_t to_next_hop, std::size_t in_flight, std::size_t in_flight_max) noexcept {
    constexpr std::size_t share_of_free_places = 4;
    return to_next_hop >= share_of_free_places * (in_flight_max - in_flight);
}

}  // namespace connector
