#pragma once

#include "ilp/address.hpp"
#include "peering/directory/limits.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/receiving_account.hpp"

#include <cstdint>
#include <memory>

namespace connector {

/// The id under which a worker counts what this node itself sends. Ids of peers begin at 1.
inline constexpr std::uint32_t own_payments = 0;

/// The account as the sender of a packet: its packets go through the same stages as those of a peer, are held against
/// its liquidity, and are exchanged at the same rates, with the spread of the currencies. It has no limits of its own.
/// A disabled account does not pay, as it is not credited. All accounts count as one sender.
inline peering::peer payer_of(const peering::receiving_account& account, const ilp::address& own_address) {
    return {.id = own_payments,
            .uuid = account.uuid,
            .given_name = "payments of this node",
            .address = own_address,
            .asset = account.asset,
            .routes = {},
            .max_packet_amount = {},
            .max_hold_time = {},
            .spread = {},
            .has_label = true,
            .enabled = account.enabled,
            .liquidity_threshold = {},
            .incoming_tokens = {},
            .outgoing = {},
            .liquidity = account.liquidity,
            .limits = std::make_shared<peering::peer_limits>()};
}

}  // namespace connector
