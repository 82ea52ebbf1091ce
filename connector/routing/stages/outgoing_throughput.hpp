#pragma once

#include "connector/routing/packet_context.hpp"

namespace connector::stages {

inline step outgoing_throughput(packet_context& packet) {
    auto& bucket = packet.to->limits->outgoing_throughput;
    if (bucket && !bucket->try_take(packet.outgoing_amount.value, packet.now.steady)) {
        return packet.refuse(reject_reason::outgoing_throughput_exceeded);
    }
    return step::go_on;
}

}  // namespace connector::stages
