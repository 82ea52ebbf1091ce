#pragma once

#include "connector/journey.hpp"

namespace connector::stages {

/// The only octets that differ between the packet in and the packet out.
inline step patch(journey& packet) {
    packet.prepare->set_amount(packet.outgoing_amount);
    packet.prepare->set_expires_at(packet.outgoing_expires_at);
    return step::go_on;
}

}  // namespace connector::stages
