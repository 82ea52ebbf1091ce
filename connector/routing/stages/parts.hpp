#pragma once

#include "connector/routing/packet_context.hpp"

namespace connector::stages {

/// Refuses a part of a packet that the peer may not send in parts, or not in this way.
inline step parts_agreed(packet_context& packet) {
    const auto& terms = packet.from.split;
    const peering::part_label& label = *packet.part;
    if (!terms || label.total > terms->max_total || label.parts > terms->max_parts) {
        return packet.refuse(reject_reason::parts_not_agreed);
    }
    const auto& maximum = packet.from.max_packet_amount;
    if (maximum && packet.incoming_amount > *maximum) {
        packet.incoming_amount = label.total;  // what the sender of the whole packet can make use of
        return packet.refuse_amount(reject_reason::amount_above_incoming_maximum, *maximum);
    }
    return step::go_on;
}

}  // namespace connector::stages
