#pragma once

#include "connector/routing/conversion.hpp"
#include "connector/routing/packet_context.hpp"
#include "connector/routing/stages/parts.hpp"

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

inline step convert(packet_context& packet) {
    return convert_to(packet, *packet.to->asset, largest_to_next_hop(packet));
}

}  // namespace connector::stages
