#pragma once

#include "config/settings.hpp"
#include "ilp/address.hpp"
#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"
#include "peering/directory/limits.hpp"
#include "peering/records/account.hpp"
#include "peering/records/kept_terms.hpp"
#include "peering/records/prefix_list.hpp"
#include "peering/records/uuid.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// A currency at a scale; amounts of different assets are never added. An asset is immutable and stays at the same
/// address while the daemon runs, even after it has been deleted, because packets in flight may refer to it.
struct asset {
    std::uint32_t id = 0;  ///< id in the store
    std::string uuid;
    std::string code;
    std::uint8_t scale = 0;
    liquidity_account* liquidity = nullptr;   ///< owned by the ledger
    liquidity_account* settlement = nullptr;  ///< owned by the ledger
    ilp::timestamp created_at{};
};

/// A neighbouring node and its terms. It is kept small because there may be 100 000 of them. It is immutable except for
/// the objects behind its pointers: a change creates a new peer with the same id.
struct peer {
    std::uint32_t id = 0;  ///< id in the store, and the peer's index in the tables of a worker
    uuid_text uuid;
    std::optional<std::string> given_name;  ///< chosen by operators: any text, not necessarily unique
    ilp::address address;
    const peering::asset* asset = nullptr;
    prefix_list routes;  ///< in addition to its own address
    std::optional<ilp::amount> max_packet_amount;
    std::optional<config::split_settings> split{};           ///< absent: no packet is sent or accepted in parts
    std::optional<std::chrono::milliseconds> max_hold_time;  ///< of packets to the peer; absent: the connector's
    std::optional<std::uint16_t> spread;  ///< basis points, for packets from the peer; absent: the currencies' spread
    bool has_label = false;               ///< its given name serves as its name
    bool return_to_source = false;
    bool enabled = true;  ///< if false, no packet is accepted from it or sent to it
    peering::origin origin{};
    std::optional<ilp::amount> liquidity_threshold;
    std::optional<ilp::amount> initial_liquidity{};      ///< what the file says; nullopt for a peer of the API
    std::vector<ilp::digest> incoming_tokens;            ///< SHA-256 of the tokens that the peer presents to us
    std::vector<config::secret> incoming_jwt_secrets{};  ///< with which it signs tokens that it presents to us
    /// SHA-256 of the public keys (SubjectPublicKeyInfo) of its client certificates. If there are any, its requests
    /// must come over a connection with one of them, and one without tokens is known by them alone.
    std::vector<ilp::digest> client_keys{};
    config::outgoing_http_settings outgoing;
    liquidity_account* liquidity = nullptr;                  ///< owned by the ledger
    std::shared_ptr<peer_limits> limits;                     ///< shared with the new peer when other terms change
    std::shared_ptr<const auto_peered_terms> auto_peered{};  ///< null unless it became a peer by auto-peering
    ilp::timestamp created_at{};

    /// The name in logs, metrics and URLs; unique among peers.
    std::string_view name() const noexcept { return has_label ? std::string_view{*given_name} : uuid.text(); }

    /// True if neither packet threads nor operators would see a difference. Pointers are compared, not what they point
    /// to.
    friend bool operator==(const peer&, const peer&) = default;
};

/// The largest sum of the amounts of packets from the peer that are in flight at one time.
inline std::optional<ilp::amount> max_in_flight_amount_of(const peer& peer) {
    const auto& bound = peer.limits->in_flight_amount;
    return bound ? std::optional{bound->max()} : std::nullopt;
}

/// Calls `seen(prefix)` for the peer's own address and for each of its routes.
template <class Seen>
void for_each_prefix(const peer& peer, Seen seen) {
    seen(std::string_view{peer.address.text()});
    peer.routes.for_each(seen);
}

/// A peer that is new (`before` is null), gone (`after` is null) or changed.
struct peer_update {
    std::shared_ptr<const peer> before;
    std::shared_ptr<const peer> after;
};

}  // namespace peering
