#pragma once

#include "config/settings.hpp"
#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peering {

/// Where the terms of an asset, a peer or a receiving account are defined: in the configuration file, or by operators
/// through the Admin API.
enum class origin : std::uint8_t { file, api };

struct asset_terms {
    peering::origin origin{};
    std::optional<ilp::amount> withdrawal_threshold{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::optional<ilp::timestamp> deleted_at{};      ///< its accounts and history are kept
    std::optional<ilp::amount> initial_liquidity{};  ///< what the file said last; nullopt if it never did
    friend bool operator==(const asset_terms&, const asset_terms&) = default;
};

/// Terms of a peer that announced its tokens and its endpoint itself (auto_peers). Whoever presents its current token
/// may replace them; otherwise only an operator may.
struct auto_peered_terms {
    std::string url{};                  ///< URL at which an operator asked for them; empty if the peer made the request
    bool public_addresses_only = true;  ///< the endpoint must not lead into private networks
    std::string source{};               ///< where the first request came from: an IP address or network; else empty
    friend bool operator==(const auto_peered_terms&, const auto_peered_terms&) = default;
};

/// The part of a peer's terms that the store keeps. For a peer of the file it is only the name, the address, whether
/// the peer is enabled, and what shows whether the file has changed: its threshold and initial liquidity. The other
/// terms are read from the file each time and are empty here.
struct kept_peer_terms {
    std::optional<std::string> name{};  ///< any text; not necessarily unique
    std::string ilp_address{};
    peering::origin origin{};
    bool enabled = true;
    std::optional<ilp::timestamp> deleted_at{};  ///< its account and history are kept
    std::optional<ilp::amount> max_packet_amount{};
    std::optional<config::split_settings> split{};
    std::optional<ilp::amount> max_in_flight_amount{};
    std::optional<std::chrono::milliseconds> max_hold_time{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::vector<std::string> routes{};                ///< in addition to its own address
    std::vector<ilp::digest> incoming_tokens{};       ///< SHA-256 of the tokens that the peer presents to us
    std::vector<std::string> incoming_jwt_secrets{};  ///< with which the peer signs tokens that it presents to us
    std::vector<ilp::digest> client_keys{};           ///< SHA-256 of the public keys of its client certificates
    std::string outgoing_endpoint{};                  ///< URL
    std::string outgoing_token{};                     ///< empty if `outgoing_jwt_secret` is not
    std::string outgoing_jwt_secret{};                ///< with which we sign tokens for the peer
    std::string outgoing_jwt_subject{};               ///< the `sub` of those tokens
    std::string ca_certificates{};                    ///< PEM; empty: those that the system trusts
    std::optional<bool> allow_plain_http{};           ///< absent if an earlier version has kept the terms
    std::string outgoing_protocol{};                  ///< as in the configuration file; empty: chosen automatically
    std::string outgoing_mode{};                      ///< as in the configuration file; empty: synchronous
    std::optional<auto_peered_terms> auto_peered{};
    std::optional<ilp::amount> initial_liquidity{};  ///< what the file said last; nullopt if it never did
    friend bool operator==(const kept_peer_terms&, const kept_peer_terms&) = default;
};

/// The terms of a receiving account, for which the asset is fixed.
struct receiving_account_terms {
    std::string name{};         ///< in URLs and payment pointers; unique among the accounts that are not deleted
    std::string public_name{};  ///< shown to operators; any single-line text; empty if there is none
    peering::origin origin{};
    bool enabled = true;                         ///< if false, no packet is credited to it
    std::optional<ilp::timestamp> deleted_at{};  ///< the ledger's account and its history are kept
    friend bool operator==(const receiving_account_terms&, const receiving_account_terms&) = default;
};

}  // namespace peering
