#pragma once

#include "config/settings.hpp"
#include "ilp/address.hpp"
#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "peering/account.hpp"
#include "peering/limits.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peering {

/// A currency at a scale; amounts of different assets are never added. One entry of the registry.
struct asset {
    std::uint32_t id = 0;  ///< of the store
    std::string uuid;
    std::string code;
    std::uint8_t scale = 0;
    std::optional<ilp::amount> liquidity_threshold;
    liquidity_account* liquidity = nullptr;   ///< owned by the ledger
    liquidity_account* settlement = nullptr;  ///< owned by the ledger
};

/// Place of a peer in the tables of a worker; dense, stable while the daemon runs.
enum class peer_slot : std::uint32_t {};

/// A neighbour and its terms; one entry of the registry. Immutable but for what hangs on the pointers.
struct peer {
    std::uint32_t id = 0;  ///< of the store
    std::string uuid;
    peer_slot slot{};
    std::string name;
    ilp::address address;
    const peering::asset* asset = nullptr;  ///< same registry
    std::vector<std::string> routes;        ///< besides its own address
    std::optional<ilp::amount> max_packet_amount;
    std::optional<std::uint16_t> spread;  ///< basis points, of packets from the peer; absent: that of their currencies
    std::optional<ilp::amount> liquidity_threshold;
    bool return_to_source = false;
    std::vector<ilp::digest> incoming_tokens;  ///< SHA-256 of what the peer presents to us
    config::outgoing_http_settings outgoing;
    liquidity_account* liquidity = nullptr;  ///< owned by the ledger
    std::shared_ptr<peer_limits> limits;     ///< kept across reloads that do not change them
};

}  // namespace peering
