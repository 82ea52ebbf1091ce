#pragma once

#include "connector/routing/conversion.hpp"
#include "connector/routing/packet_context.hpp"

namespace connector::stages {

/// Computes the amount in the asset of the next hop, less the spread, and checks it against the next hop's maximum.
/// Zero is forwarded as zero (STREAM depends on it); a non-zero amount that would become zero is refused.
inline step convert(packet_context& packet) {
    const peering::asset& incoming = *packet.from.asset;
    const peering::asset& outgoing = *packet.to->asset;
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
    const auto& maximum = packet.to->max_packet_amount;
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

}  // namespace connector::stages
