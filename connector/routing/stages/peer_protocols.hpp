#pragma once

#include "connector/routing/packet_context.hpp"
#include "ilp/ildcp.hpp"

#include <algorithm>

namespace connector::stages {

/// Answers an ILDCP request (RFC 31) with the peer's configured address and asset.
inline step answer_ildcp(packet_context& packet) {
    if (!std::ranges::equal(packet.prepare->condition(), ilp::peer_protocol_condition)) {
        return packet.refuse(reject_reason::wrong_peer_protocol_condition);
    }
    if (!packet.incoming_amount.is_zero()) return packet.refuse(reject_reason::peer_protocol_with_amount);
    packet.scratch.clear();
    ilp::ildcp::serialize_response(packet.scratch, packet.from.address, packet.from.asset->scale,
                                   packet.from.asset->code);
    packet.fulfillment = ilp::peer_protocol_fulfillment;
    packet.answer_data = packet.scratch;
    return step::fulfill;
}

/// Packets to `peer.*` concern only the two neighbours: they are answered here or refused, never forwarded (RFC 15).
inline step peer_protocols(packet_context& packet) {
    const std::string_view destination = packet.prepare->destination();
    if (!destination.starts_with("peer.")) return step::go_on;
    if (destination == ilp::ildcp::destination) return answer_ildcp(packet);
    return packet.refuse(reject_reason::unknown_peer_protocol);
}

}  // namespace connector::stages
