#pragma once

#include "connector/routing/packet_context.hpp"

namespace connector::stages {

inline step expired_on_arrival(packet_context& packet) {
    if (packet.prepare->expires_at() <= packet.now.wall) return packet.refuse(reject_reason::expired_on_arrival);
    return step::go_on;
}

}  // namespace connector::stages
