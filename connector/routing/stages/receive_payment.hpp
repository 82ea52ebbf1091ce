#pragma once

#include "connector/routing/packet_context.hpp"
#include "connector/routing/stages/convert.hpp"
#include "connector/routing/stages/hold_liquidity.hpp"
#include "ilp/stream/receive.hpp"
#include "ilp/stream/receiver.hpp"
#include "ilp/stream/receiver_token.hpp"

#include <string_view>

namespace connector::stages {

/// The segment after our own address if it is the last one and looks like the token of a receiver, otherwise nothing.
[[gnu::always_inline]] constexpr std::string_view receiver_token_in(std::string_view destination,
                                                                    std::string_view own_address) noexcept {
    if (!destination.starts_with(own_address)) return {};
    const std::string_view rest = destination.substr(own_address.size());
    if (rest.empty() || rest.front() != '.' || !ilp::stream::looks_like_token(rest.substr(1))) return {};
    return rest.substr(1);
}

/// Precondition: the verdict is not to fulfill.
constexpr reject_reason reason_for(ilp::stream::verdict verdict) noexcept {
    using enum ilp::stream::verdict;
    if (verdict == not_fulfillable) return reject_reason::stream_not_fulfillable;
    if (verdict == below_minimum) return reject_reason::stream_below_minimum;
    if (verdict == protocol_violation) return reject_reason::stream_protocol_violation;
    if (verdict == not_a_request) return reject_reason::stream_not_a_request;
    return reject_reason::stream_data_unreadable;
}

/// A packet to a receiving account is decided and fulfilled here. Its amount is converted and held as if the account
/// were the next hop, so it is in the account, durably, before the Fulfill is sent.
inline step receive_payment(packet_context& packet) {
    const std::string_view segment =
        receiver_token_in(packet.prepare->destination(), packet.forwarding_table.own_address().text());
    if (segment.empty()) return step::go_on;
    const ilp::stream::receiver_connection* const connection =
        packet.receiver == nullptr ? nullptr : packet.receiver->find_connection(segment);
    if (connection == nullptr) return packet.refuse(reject_reason::unexpected_payment);
    const peering::receiving_account* const account =
        packet.forwarding_table.find_receiving_account(connection->contents.account);
    if (account == nullptr || !account->enabled) return packet.refuse(reject_reason::unexpected_payment);
    if (account->liquidity == packet.from.liquidity) return packet.refuse(reject_reason::payment_to_itself);
    if (packet.now.wall > connection->contents.valid_until) return packet.refuse(reject_reason::stream_address_expired);
    const peering::asset& asset = *account->asset;
    if (const step converted = convert_to(packet, asset, std::nullopt); converted != step::go_on) return converted;
    const ilp::stream::received received =
        packet.receiver->receive(connection->keys, packet.prepare->data(), packet.prepare->condition(),
                                 packet.outgoing_amount, asset.code, asset.scale);
    packet.answer_data = received.data;
    if (!received.data.empty()) {  // a reply: the packet is authentic
        packet.receiving_account = account;
        packet.connection = connection->id;
        packet.address_expires_at = connection->contents.valid_until;
        packet.ends_payment = received.closes;
    }
    if (received.verdict != ilp::stream::verdict::fulfill) return packet.refuse(reason_for(received.verdict));
    if (const step held = hold(packet, asset, *account->liquidity, packet.outgoing_amount); held != step::go_on) {
        packet.answer_data = {};  // it is the reply of a Fulfill
        return held;
    }
    packet.fulfillment = received.fulfillment;
    return step::fulfill;
}

}  // namespace connector::stages
