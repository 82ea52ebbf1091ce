#pragma once

#include "ilp/address.hpp"
#include "ilp/amount.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/directory/peer.hpp"
#include "peering/records/kept_terms.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace peering {

/// Terms of the connections with a peer: nullopt leaves one as it is. Rafiki has none of them.
struct transport_edit {
    std::optional<std::vector<std::string>> client_keys{};
    std::optional<std::string> ca_certificates{};  ///< PEM; if empty, those that the system trusts
    std::optional<bool> allow_plain_http{};
    std::optional<config::http_protocol> protocol{};
    std::optional<config::answer_mode> mode{};
};

/// Changes of single tokens, and the secrets of JSON Web Tokens. Rafiki has none of them.
struct credentials_edit {
    std::vector<std::string> add_tokens{};
    std::vector<std::string> remove_tokens{};  ///< tokens, or their fingerprints
    std::vector<std::string> add_jwt_secrets{};
    std::vector<std::string> remove_jwt_secrets{};  ///< secrets, or their fingerprints
    /// It signs the tokens that we present, in place of the outgoing token; nullopt leaves it as it is.
    std::optional<std::string> outgoing_jwt_secret{};
    std::optional<std::string> outgoing_jwt_subject{};  ///< nullopt: as it is, or else our ILP address
};

/// A peer as an operator describes it. The strings have not been validated yet.
struct peer_wanted {
    std::string asset_uuid{};
    std::string ilp_address{};
    std::optional<std::string> name{};
    std::vector<std::string> routes{};  ///< may include the peer's own address
    std::optional<ilp::amount> max_packet_amount{};
    std::optional<config::split_settings> split{};
    std::optional<ilp::amount> max_in_flight_amount{};
    std::optional<std::chrono::milliseconds> max_hold_time{};
    std::optional<ilp::amount> liquidity_threshold{};
    std::optional<ilp::amount> initial_liquidity{};
    std::vector<std::string> incoming_tokens{};
    std::string outgoing_endpoint{};
    std::string outgoing_token{};  ///< empty if there is an outgoing secret
    credentials_edit credentials{};
    transport_edit transport{};
    std::optional<auto_peered_terms> auto_peered{};
};

/// Partial update: an outer nullopt leaves a field as it is, an inner nullopt clears it.
struct peer_edit {
    std::optional<std::string> ilp_address{};
    std::optional<std::optional<std::string>> name{};
    std::optional<std::vector<std::string>> routes{};
    std::optional<std::optional<ilp::amount>> max_packet_amount{};
    std::optional<std::optional<config::split_settings>> split{};
    std::optional<std::optional<ilp::amount>> max_in_flight_amount{};
    std::optional<std::optional<std::chrono::milliseconds>> max_hold_time{};
    std::optional<std::optional<ilp::amount>> liquidity_threshold{};
    std::optional<std::vector<std::string>> incoming_tokens{};
    /// An endpoint chosen by an operator may be at any address, including private ones.
    std::optional<std::string> outgoing_endpoint{};
    /// An empty one leaves a peer that has an outgoing secret as it is; any other replaces the secret.
    std::optional<std::string> outgoing_token{};
    credentials_edit credentials{};
    transport_edit transport{};
    std::optional<auto_peered_terms> auto_peered{};
};

/// What this node demands of the terms of a peer.
struct node_terms {
    const ilp::address& own_address;
    std::chrono::milliseconds min_expiration_window{};  ///< a peer's longest hold time must be above this
    bool strangers_may_guess_tokens = false;            ///< incoming tokens must be hard to guess
    bool has_callback_url = false;                      ///< without one, no packet can be sent asynchronously
};

// These check everything that can be checked without looking at other peers, and give the terms to the peer. They
// return the first refusal, in the wording of the Admin API.

std::optional<refusal> set_terms(peer& made, const peer_wanted& wanted, const node_terms& node);
std::optional<refusal> set_terms(peer& made, const peer_edit& edit, const node_terms& node);

}  // namespace peering
