#pragma once

#include "config/settings.hpp"
#include "ilp/address.hpp"
#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"
#include "peering/account.hpp"
#include "peering/kept_terms.hpp"
#include "peering/limits.hpp"
#include "peering/prefix_list.hpp"
#include "peering/uuid.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// A currency at a scale; amounts of different assets are never added. It never changes, and stays where it is while
/// the daemon runs, also when it has been deleted: packets in flight may know it.
struct asset {
    std::uint32_t id = 0;  ///< of the store
    std::string uuid;
    std::string code;
    std::uint8_t scale = 0;
    liquidity_account* liquidity = nullptr;   ///< owned by the ledger
    liquidity_account* settlement = nullptr;  ///< owned by the ledger
    ilp::timestamp created_at{};
};

/// A neighbour and its terms, in little memory: there may be 100 000. Immutable but for what hangs on the pointers: a
/// change makes another one of the same id.
struct peer {
    std::uint32_t id = 0;  ///< of the store, and the peer's place in the tables of a worker
    uuid_text uuid;
    std::optional<std::string> given_name;  ///< what operators call it: any text, and others may have it too
    ilp::address address;
    const peering::asset* asset = nullptr;
    prefix_list routes;  ///< besides its own address
    std::optional<ilp::amount> max_packet_amount;
    std::optional<std::uint16_t> spread;  ///< basis points, of packets from the peer; absent: that of their currencies
    bool has_label = false;               ///< its given name is fit to be its name
    bool return_to_source = false;
    bool enabled = true;  ///< else no packet is taken from it or sent to it
    peering::origin origin{};
    std::optional<ilp::amount> liquidity_threshold;
    std::vector<ilp::digest> incoming_tokens;  ///< SHA-256 of what the peer presents to us
    config::outgoing_http_settings outgoing;
    liquidity_account* liquidity = nullptr;                  ///< owned by the ledger
    std::shared_ptr<peer_limits> limits;                     ///< kept when other terms change
    std::shared_ptr<const auto_peered_terms> auto_peered{};  ///< null: has not come by auto-peering
    ilp::timestamp created_at{};

    /// What logs, metrics and URLs call it; no two peers share one.
    std::string_view name() const noexcept { return has_label ? std::string_view{*given_name} : uuid.text(); }
};

/// Calls `seen(prefix)` for the peer's own address and each of its routes.
template <class Seen>
void for_each_prefix(const peer& peer, Seen seen) {
    seen(std::string_view{peer.address.text()});
    peer.routes.for_each(seen);
}

/// One peer that is new (`before` is null), gone (`after` is null) or changed.
struct peer_update {
    std::shared_ptr<const peer> before;
    std::shared_ptr<const peer> after;
};

}  // namespace peering
