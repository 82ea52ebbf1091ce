#pragma once

#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peering {

/// Who says what an asset's or peer's terms are: the configuration file, or operators by the Admin API.
enum class origin : std::uint8_t { file, api };

struct asset_terms {
    peering::origin origin{};
    std::optional<ilp::amount> withdrawal_threshold{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::optional<ilp::timestamp> deleted_at{};  ///< its accounts and history stay
    friend bool operator==(const asset_terms&, const asset_terms&) = default;
};

/// Of a peer that has told us its tokens and its endpoint itself (auto_peers). Whoever has its present token may tell
/// new ones; of all others, an operator alone.
struct auto_peered_terms {
    std::string url{};                  ///< where an operator has asked for them; empty: the peer came by itself
    bool public_addresses_only = true;  ///< the endpoint must not lead into private networks
    friend bool operator==(const auto_peered_terms&, const auto_peered_terms&) = default;
};

/// What the store keeps of a peer's terms. Of a peer of the file that is its name and address, whether it is enabled,
/// and nothing more: the others are read from the file each time, and are empty here.
struct kept_peer_terms {
    std::optional<std::string> name{};  ///< any text; two peers may have the same
    std::string ilp_address{};
    peering::origin origin{};
    bool enabled = true;
    std::optional<ilp::timestamp> deleted_at{};  ///< its account and history stay
    std::optional<ilp::amount> max_packet_amount{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::vector<std::string> routes{};           ///< besides its own address
    std::vector<ilp::digest> incoming_tokens{};  ///< SHA-256 of what the peer presents to us
    std::string outgoing_endpoint{};             ///< URL
    std::string outgoing_token{};
    std::optional<auto_peered_terms> auto_peered{};
    friend bool operator==(const kept_peer_terms&, const kept_peer_terms&) = default;
};

}  // namespace peering
