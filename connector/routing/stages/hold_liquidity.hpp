#pragma once

#include "connector/routing/packet_context.hpp"
#include "ilp/invariant.hpp"
#include "peering/book/ledger.hpp"

namespace connector::stages {

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
    if (!peering::ledger::hold(packet.transfer.legs())) {
        packet.transfer = {};
        return packet.refuse(reject_reason::insufficient_liquidity);
    }
    return step::go_on;
}

inline step hold_liquidity(packet_context& packet) {
    return hold(packet, *packet.to->asset, *packet.to->liquidity, packet.outgoing_amount);
}

}  // namespace connector::stages
