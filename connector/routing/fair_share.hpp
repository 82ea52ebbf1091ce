#pragma once

#include <cstddef>

namespace connector {

/// Returns true if a peer has used up its fair share of a worker's packets in flight: 4 times as many as there are free
/// places. The fewer places are free, the fewer one peer may occupy, so that unresponsive next hops and busy senders,
/// however many, leave places to the others.
///
/// `of_peer`: packets in flight to it as next hop, or from it as sender; `in_flight`: packets in flight of the worker,
/// at most `in_flight_max`.
constexpr bool exceeds_fair_share(std::size_t of_peer, std::size_t in_flight, std::size_t in_flight_max) noexcept {
    constexpr std::size_t share_of_free_places = 4;
    return of_peer >= share_of_free_places * (in_flight_max - in_flight);
}

}  // namespace connector
