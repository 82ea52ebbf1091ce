#pragma once

#include "connector/routing/packet_context.hpp"

/// The limits of the peer that sent the packet which do not depend on what becomes of it.
namespace connector::stages {

/// Runs before the checks of balances and rates: senders probe with huge amounts and need the F08 with the maximum, not
/// a T04.
inline step max_packet_amount(packet_context& packet) {
    const auto& maximum = packet.from.max_packet_amount;
    if (maximum && packet.incoming_amount > *maximum) {
        return packet.refuse_amount(reject_reason::amount_above_incoming_maximum, *maximum);
    }
    return step::go_on;
}

inline step packet_rate(packet_context& packet) {
    auto& bucket = packet.from.limits->packet_rate;
    if (bucket && !bucket->try_take(1, packet.now.steady)) return packet.refuse(reject_reason::packet_rate_exceeded);
    return step::go_on;
}

}  // namespace connector::stages
