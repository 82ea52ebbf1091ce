#pragma once

#include "connector/routing/packet_context.hpp"

#include <algorithm>

namespace connector::stages {

/// Refuses a part of a packet that the peer may not send in parts, or not in this way.
inline step parts_agreed(packet_context& packet) {
    const auto& terms = packet.from.split;
    const peering::part_label& label = *packet.part;
    if (!terms || label.total > terms->max_total || label.parts > terms->max_parts) {
        return packet.refuse(reject_reason::parts_not_agreed);
    }
    return step::go_on;
}

/// The largest number of parts that both this node and the next hop accept; 0 or 1 if they have not agreed.
inline std::uint32_t parts_to(const packet_context& packet, peering::split_terms& agreed) {
    const peering::peer& to = *packet.to;
    const auto* const accepted = packet.load.accepted_parts;
    if (!to.split || accepted == nullptr || to.id >= accepted->size()) return 0;
    const peering::split_terms& theirs = (*accepted)[to.id];
    agreed = {std::min(to.split->max_total, theirs.max_total), std::min(to.split->max_parts, theirs.max_parts)};
    return agreed.max_parts;
}

/// The largest amount that can be sent to the next hop in one packet, whole or in parts; nullopt if there is no bound.
inline std::optional<ilp::amount> largest_to_next_hop(const packet_context& packet) {
    const std::optional<ilp::amount> whole = packet.to->max_packet_amount;
    peering::split_terms agreed;
    if (!whole || parts_to(packet, agreed) < 2) [[likely]]
        return whole;
    const ilp::amount in_parts =
        std::min(agreed.max_total, peering::split_plan::largest_total(*whole, agreed.max_parts));
    return std::max(*whole, in_parts);
}

/// Cuts a packet that is too large for the next hop. Runs after the conversion, because the parts are in the next hop's
/// asset and add up to the converted amount.
inline step cut(packet_context& packet) {
    const auto& maximum = packet.to->max_packet_amount;
    if (!maximum || packet.outgoing_amount <= *maximum) [[likely]]
        return step::go_on;
    peering::split_terms agreed;
    packet.plan = peering::split_plan::make(packet.outgoing_amount, *maximum, parts_to(packet, agreed));
    return step::go_on;
}

}  // namespace connector::stages
