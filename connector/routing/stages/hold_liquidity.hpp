#pragma once

#include "connector/routing/packet_context.hpp"
#include "ilp/invariant.hpp"
#include "peering/book/ledger.hpp"

#include <atomic>
#include <cstdint>

namespace connector::stages {

/// The reason names the account whose liquidity was too low, because only its owner can do something about it.
constexpr reject_reason reason_for(peering::ledger::shortage shortage) noexcept {
    using enum peering::ledger::shortage;
    if (shortage == peer_liquidity) return reject_reason::sender_lacks_liquidity;
    if (shortage == asset_liquidity) return reject_reason::asset_lacks_liquidity;
    return reject_reason::account_is_full;
}

constexpr reject_reason reason_for(peering::taken_limits::shortage shortage) noexcept {
    using enum peering::taken_limits::shortage;
    if (shortage == in_flight_amount) return reject_reason::in_flight_amount_exceeded;
    if (shortage == incoming_throughput) return reject_reason::incoming_throughput_exceeded;
    return reject_reason::outgoing_throughput_exceeded;
}

/// Finds the sender's share of the liquidity of the next hop's asset, which pays a packet between two assets.
inline bool find_pool_share(packet_context& packet, const peering::asset& outgoing_asset, ilp::amount amount) {
    if (packet.load.pools == nullptr || amount.is_zero()) return true;
    const std::uint64_t available = outgoing_asset.liquidity->available.load(std::memory_order_relaxed);
    packet.pool_share =
        packet.load.pools->find_share(packet.from.id, outgoing_asset.id, amount, available, packet.now.steady);
    return packet.pool_share != nullptr;
}

/// Holds the packet's transfer in the ledger, and then takes its amounts from the limits of both peers: in this order,
/// so that a packet which its sender cannot pay for takes nothing from others. If both peers have the same asset, it
/// goes from peer to peer, and the spread goes to the asset's liquidity: without a rate and a change of scale, no
/// amount grows. Otherwise each side is booked against the liquidity of its own asset.
inline step hold(packet_context& packet, const peering::asset& outgoing_asset, peering::liquidity_account& receiver,
                 ilp::amount outgoing_amount) {
    const peering::peer& from = packet.from;
    if (from.asset == &outgoing_asset) {
        ilp::require(outgoing_amount <= packet.incoming_amount, "within one asset no amount grows");
        packet.transfer.add(*from.liquidity, receiver, outgoing_amount);
        packet.transfer.add(*from.liquidity, *from.asset->liquidity,
                            {packet.incoming_amount.value - outgoing_amount.value});
    } else {
        if (!find_pool_share(packet, outgoing_asset, outgoing_amount)) {
            return packet.refuse(reject_reason::asset_share_exceeded);
        }
        packet.transfer.add(*from.liquidity, *from.asset->liquidity, packet.incoming_amount);
        packet.transfer.add(*outgoing_asset.liquidity, receiver, outgoing_amount);
    }
    const auto refuse = [&packet](reject_reason reason) {
        packet.transfer = {};
        packet.pool_share = nullptr;
        return packet.refuse(reason);
    };
    const auto short_of = peering::ledger::try_hold(packet.transfer.legs());
    if (short_of != peering::ledger::shortage::none) return refuse(reason_for(short_of));
    const auto exceeded =
        packet.limits.try_take(from.limits, packet.incoming_amount, packet.to == nullptr ? nullptr : &packet.to->limits,
                               outgoing_amount, packet.now.steady);
    if (exceeded != peering::taken_limits::shortage::none) {
        peering::ledger::release(packet.transfer.legs());
        return refuse(reason_for(exceeded));
    }
    if (packet.pool_share != nullptr) {
        *packet.pool_share += outgoing_amount.value;
        packet.load.pools->note_hold(from.id, outgoing_asset.id, packet.now.steady);
    }
    return step::go_on;
}

inline step hold_liquidity(packet_context& packet) {
    return hold(packet, *packet.to->asset, *packet.to->liquidity, packet.outgoing_amount);
}

}  // namespace connector::stages
