#pragma once

#include "connector/routing/conversion.hpp"
#include "connector/routing/packet_context.hpp"
#include "ilp/invariant.hpp"

#include <algorithm>
#include <optional>

namespace connector::stages {

/// Computes the amount in another asset, less the spread, and checks it against the maximum of whoever it goes to. Zero
/// stays zero (STREAM depends on it); a non-zero amount that would become zero is refused.
inline step convert_to(packet_context& packet, const peering::asset& outgoing, std::optional<ilp::amount> maximum) {
    const peering::asset& incoming = *packet.from.asset;
    rate_table::price price;
    if (incoming.code != outgoing.code) {
        const auto* const found = packet.rates.find(incoming.code, outgoing.code);
        if (found == nullptr) return packet.refuse(reject_reason::no_rate);
        if (packet.now.steady > found->usable_until) return packet.refuse(reject_reason::rate_too_old);
        price = *found;
    }
    const conversion conversion{price.rate, packet.from.spread.value_or(price.spread), incoming.scale, outgoing.scale};
    const auto [status, amount] = conversion.convert(packet.incoming_amount);
    if (status == conversion::status::to_zero) return packet.refuse(reject_reason::converts_to_zero);
    if (status == conversion::status::overflow) {
        return packet.refuse_amount(reject_reason::conversion_overflow,
                                    conversion.largest_incoming(maximum.value_or(ilp::amount::max())));
    }
    if (maximum && amount > *maximum) {
        return packet.refuse_amount(reject_reason::amount_above_outgoing_maximum,
                                    conversion.largest_incoming(*maximum));
    }
    packet.outgoing_amount = amount;
    return step::go_on;
}

/// What this node may send to the next hop in parts: what both accept. Without an agreement, `max_parts` is 0.
inline peering::split_terms agreed_with_next_hop(const packet_context& packet) {
    const auto& ours = packet.to->split;
    if (!ours || packet.load.parts == nullptr) return {};
    const peering::split_terms theirs = packet.load.parts->of(packet.to->id)->load();
    return {std::min(ours->max_total, theirs.max_total), std::min(ours->max_parts, theirs.max_parts)};
}

/// A packet that is too large for the next hop is cut if the next hop takes it in parts. They are cut after the
/// conversion, because they are in the next hop's asset and add up to the converted amount. Precondition: the packet
/// has been refused.
[[gnu::cold]] inline step cut_if_too_large(packet_context& packet) {
    const std::optional<ilp::amount>& whole = packet.to->max_packet_amount;
    if (!packet.maximum_amount || !whole) return step::reject;
    const peering::split_terms agreed = agreed_with_next_hop(packet);
    const ilp::amount in_parts =
        std::min(agreed.max_total, peering::split_plan::largest_total(*whole, agreed.max_parts));
    if (in_parts <= *whole) return step::reject;
    if (convert_to(packet, *packet.to->asset, in_parts) != step::go_on) return step::reject;
    packet.maximum_amount.reset();
    packet.plan = peering::split_plan::make(packet.outgoing_amount, *whole, agreed.max_parts);
    ilp::require(packet.plan.has_value(), "what is not too large in parts can be cut");
    return step::go_on;
}

inline step convert(packet_context& packet) {
    const step converted = convert_to(packet, *packet.to->asset, packet.to->max_packet_amount);
    return converted == step::reject ? cut_if_too_large(packet) : converted;
}

}  // namespace connector::stages
