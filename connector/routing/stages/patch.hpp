#pragma once

#include "connector/routing/packet_context.hpp"

namespace connector::stages {

/// Writes the only fields in which the outgoing packet differs from the incoming one.
inline step patch(packet_context& packet) {
    packet.prepare->set_amount(packet.outgoing_amount);
    packet.prepare->set_expires_at(packet.outgoing_expires_at);
    return step::go_on;
}

}  // namespace connector::stages
