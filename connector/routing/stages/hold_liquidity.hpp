#pragma once

#include "connector/routing/packet_context.hpp"
#include "ilp/invariant.hpp"
#include "peering/book/ledger.hpp"

namespace connector::stages {

/// The reason names the account whose liquidity was too low, because only its owner can do something about it.
constexpr reject_reason reason_for(peering::ledger::shortage shortage) noexcept {
    using enum peering::ledger::shortage;
    if (shortage == peer_liquidity) return reject_reason::sender_lacks_liquidity;
    if (shortage == asset_liquidity) return reject_reason::asset_lacks_liquidity;
    return reject_reason::account_is_full;
}

/// Holds the packet's transfer in the ledger. If both peers have the same asset, it goes from peer to peer, and the
/// spread goes to the asset's liquidity: without a rate and a change of scale, no amount grows. Otherwise each side is
/// booked against the liquidity of its own asset.
inline step hold(packet_context& packet, const peering::asset& outgoing_asset, peering::liquidity_account& receiver,
                 ilp::amount outgoing_amount) {
    const peering::peer& from = packet.from;
    if (from.asset == &outgoing_asset) {
        ilp::require(outgoing_amount <= packet.incoming_amount, "within one asset no amount grows");
        packet.transfer.add(*from.liquidity, receiver, outgoing_amount);
        packet.transfer.add(*from.liquidity, *from.asset->liquidity,
                            {packet.incoming_amount.value - outgoing_amount.value});
    } else {
        packet.transfer.add(*from.liquidity, *from.asset->liquidity, packet.incoming_amount);
        packet.transfer.add(*outgoing_asset.liquidity, receiver, outgoing_amount);
    }
    const auto short_of = peering::ledger::try_hold(packet.transfer.legs());
    if (short_of == peering::ledger::shortage::none) return step::go_on;
    packet.transfer = {};
    return packet.refuse(reason_for(short_of));
}

inline step hold_liquidity(packet_context& packet) {
    return hold(packet, *packet.to->asset, *packet.to->liquidity, packet.outgoing_amount);
}

}  // namespace connector::stages
