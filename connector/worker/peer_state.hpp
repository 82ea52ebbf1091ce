#pragma once

#include "connector/metrics/counters.hpp"
#include "connector/transport/fair_turns.hpp"
#include "connector/transport/http/incoming_connection.hpp"
#include "connector/transport/link.hpp"
#include "connector/transport/reachability_record.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace connector {

/// A worker's state for one peer. Packets in flight refer to it, so it survives changes to the peer's terms and the
/// removal of the peer.
struct peer_state {
    peer_state(fair_turns& turns, std::uint32_t peer) : share{turns, peer} {}

    peer_counters counters;
    std::unique_ptr<link> link_to_peer;                 ///< created for the first packet to the peer
    std::shared_ptr<reachability_record> reachability;  ///< over that link; null without one
    std::string name;                                   ///< the peer's name, for the log
    std::size_t packets = 0;          ///< that came from the peer, from their arrival until the answer may be sent
    turn_share share;                 ///< of the turns of the worker's loop
    connections_of_peer connections;  ///< that the peer has made
};

}  // namespace connector
