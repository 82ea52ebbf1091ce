#pragma once

#include "connector/routing/packet_context.hpp"
#include "peering/directory/next_hop.hpp"

namespace connector::stages {

inline step route(packet_context& packet) {
    const peering::next_hop next =
        peering::find_next_hop(packet.forwarding_table.routes(), packet.forwarding_table.own_address(),
                               packet.prepare->destination(), packet.from.asset);
    if (next.status == peering::route_status::other_network) return packet.refuse(reject_reason::other_network);
    if (next.status == peering::route_status::none) return packet.refuse(reject_reason::no_route);
    if (next.peer->id == packet.from.id && !packet.from.return_to_source && !packet.for_echo) {
        return packet.refuse(reject_reason::back_to_source);
    }
    if (!next.peer->enabled) return packet.refuse(reject_reason::next_hop_disabled);
    packet.to = next.peer;
    return step::go_on;
}

}  // namespace connector::stages
