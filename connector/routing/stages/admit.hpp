#pragma once

#include "connector/routing/packet_context.hpp"

namespace connector::stages {

/// Refuses packets immediately that could not be completed, so that senders do not wait for a timeout.
inline step admit(packet_context& packet) {
    if (!packet.from.enabled) return packet.refuse(reject_reason::peer_disabled);
    if (packet.load.draining) return packet.refuse(reject_reason::draining);
    if (packet.load.store_unavailable) return packet.refuse(reject_reason::store_unavailable);
    if (packet.load.packets_in_flight_full) return packet.refuse(reject_reason::too_many_packets_in_flight);
    return step::go_on;
}

}  // namespace connector::stages
