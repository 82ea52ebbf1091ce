#pragma once

#include "connector/routing/packet_context.hpp"

#include <algorithm>

namespace connector::stages {

/// Reserves time to pass on a late fulfillment, and limits how long liquidity is held (RFC 18). What is left must be at
/// least another window, because the next hop needs one, too.
inline step shorten_expiry(packet_context& packet) {
    const auto window = packet.settings.min_expiration_window;
    const auto hold_time =
        std::min(packet.to->max_hold_time.value_or(packet.settings.max_hold_time), packet.settings.max_hold_time);
    packet.outgoing_expires_at = std::min(packet.prepare->expires_at() - window, packet.now.wall + hold_time);
    if (packet.outgoing_expires_at - packet.now.wall < window) return packet.refuse(reject_reason::expires_too_soon);
    return step::go_on;
}

}  // namespace connector::stages
