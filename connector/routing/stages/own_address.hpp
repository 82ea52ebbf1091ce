#pragma once

#include "connector/routing/packet_context.hpp"
#include "connector/routing/stages/hold_liquidity.hpp"
#include "ilp/echo.hpp"

#include <algorithm>

namespace connector::stages {

/// Replaces an echo request by the Prepare that responds to it. Amount, condition and expiry are unchanged; the
/// following stages treat it like any other packet, so the fulfillment of the response becomes that of the request.
inline step answer_echo(packet_context& packet, std::string_view source) {
    if (source.starts_with("peer.") || source.starts_with("self.")) {
        return packet.refuse(reject_reason::malformed_echo);
    }
    ilp::bytes data;
    ilp::echo::serialize_response(data);
    ilp::condition condition;
    std::ranges::copy(packet.prepare->condition(), condition.begin());
    packet.scratch.clear();
    ilp::serialize_prepare(packet.scratch,
                           {packet.incoming_amount, packet.prepare->expires_at(), condition, source, data});
    packet.prepare = ilp::prepare_view::parse(packet.scratch).value();
    packet.for_echo = true;
    return step::go_on;
}

/// Fulfills the packet here; this node keeps its amount.
inline step keep_amount(packet_context& packet, const ilp::fulfillment& fulfillment) {
    if (const step held = hold(packet, *packet.from.asset, *packet.from.asset->liquidity, packet.incoming_amount);
        held != step::go_on) {
        return held;
    }
    packet.fulfillment = fulfillment;
    packet.answer_data = packet.prepare->data();
    return step::fulfill;
}

/// The response to an echo that this node has requested.
inline bool is_awaited_response(const packet_context& packet) {
    const awaited_echo* const echo = packet.load.echo;
    return echo != nullptr && packet.incoming_amount.is_zero() && echo->is_awaited(packet.prepare->condition());
}

inline step own_address(packet_context& packet) {
    if (packet.prepare->destination() != packet.forwarding_table.own_address().text()) return step::go_on;
    const ilp::echo::payload echo = ilp::echo::parse(packet.prepare->data());
    const bool ping = std::ranges::equal(packet.prepare->condition(), ilp::echo::one_way_condition);
    const bool echo_or_ping = echo.what == ilp::echo::kind::request || (echo.what == ilp::echo::kind::none && ping);
    if (echo_or_ping && packet.incoming_amount > packet.settings.echo_max_amount) {
        return packet.refuse(reject_reason::echo_amount_too_large);
    }
    switch (echo.what) {
        case ilp::echo::kind::request:
            return answer_echo(packet, echo.source);
        case ilp::echo::kind::malformed:
            return packet.refuse(reject_reason::malformed_echo);
        case ilp::echo::kind::response:
            if (is_awaited_response(packet)) return keep_amount(packet, packet.load.echo->fulfillment());
            break;
        case ilp::echo::kind::none:
            if (ping) return keep_amount(packet, ilp::echo::one_way_fulfillment);
            break;
    }
    return packet.refuse(reject_reason::unexpected_payment);
}

}  // namespace connector::stages
