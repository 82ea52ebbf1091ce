#pragma once

#include "config/http_endpoint.hpp"
#include "ilp/clock.hpp"
#include "ilp/ildcp.hpp"
#include "ilp/timestamp.hpp"
#include "peering/admin/traffic.hpp"
#include "peering/administration/administration.hpp"
#include "peering/administration/auto_peers.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/operator_transfers.hpp"
#include "peering/book/payments.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/peer_reachability.hpp"
#include "peering/records/uuid.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peering::admin {

/// The result of a ping.
struct ping_answer {
    bool reached = false;
    std::optional<std::chrono::nanoseconds> time{};  ///< from sending to the answer; absent if nothing was sent
    std::shared_ptr<const peer> next_hop;            ///< null if there is none
    std::optional<std::string> code{};               ///< code of the Reject that came back
    std::optional<std::string> triggered_by{};       ///< triggeredBy of that Reject
    std::optional<std::string> message{};            ///< why the ping failed
};

/// What a peer has answered to two packets of amount 0.
struct examination {
    ping_answer question{};                                    ///< how the question for our configuration has fared
    std::optional<ilp::ildcp::configuration> configuration{};  ///< nullopt: the peer has not told it
    bool is_busy = false;               ///< nothing was sent, because too many pings are in progress
    std::optional<ping_answer> echo{};  ///< how the request for an echo has fared; nullopt: the question had no answer
};

/// A peer that cannot be reached or refuses our packets.
struct unreachable_peer {
    uuid_text uuid;
    ilp::steady_time since;
};

/// This daemon among those that can use its store.
struct daemon_standing {
    std::string host{};  ///< says to people where it runs
    ilp::timestamp active_since{};
    bool has_taken_over = false;  ///< it waited as a standby before
};

/// What a mutation did, for the log. Ids are those that the request or its answer names; a text is empty if there is
/// none.
struct mutation_report {
    std::string operation{};  ///< such as "createPeer"
    std::string object{};     ///< the peer, the asset, the receiving account, the payment or the withdrawal
    std::string transfer{};   ///< the id of a deposit or withdrawal
    std::string amount{};     ///< digits, or "deliver N, send at most M" for a payment of an amount to deliver
    std::string idempotency_key{};
    std::string refusal{};  ///< the code, if it was refused
};

/// The services that the Admin API uses; all must outlive it. The functions may block and are called from any thread.
struct services {
    peering::directory& directory;
    peering::administration& administration;
    peering::operator_transfers& transfers;
    peering::payments& payments;
    peering::committer& committer;
    peering::auto_peers& auto_peers;

    /// Whether requests are signed. If they are not, clients are not authenticated, and no response contains a token.
    bool shows_secrets = false;
    std::string tenant_id;
    std::string version;
    ilp::timestamp started_at;
    daemon_standing standing{};
    std::function<bool()> ready;
    std::function<ping_answer(const std::string& address, std::chrono::milliseconds timeout)> ping;
    std::function<examination(const std::shared_ptr<const peer>& peer, std::chrono::milliseconds timeout)> examine;
    /// How our packets to the peer with this id have fared; unknown if there were none.
    std::function<peer_reachability(std::uint32_t peer)> reachability;
    /// The traffic of the peer with this id; nullopt if it cannot be told now.
    std::function<std::optional<peer_traffic>(std::uint32_t peer)> traffic = [](std::uint32_t) {
        return std::optional<peer_traffic>{};
    };
    /// The peers that are not reachable, with their UUIDs, in any order.
    std::function<std::vector<unreachable_peer>()> unreachable_peers;
    /// Asks another node to become our peer.
    std::function<std::expected<peering_terms, refusal>(const peering_question&)> ask_node;
    /// Where payers find our accounts: see spsp_settings::public_url.
    std::optional<config::http_endpoint> public_url{};
    /// Where this node answers payers, with its port; nullopt if it does not.
    std::optional<std::string> spsp_listener{};
    /// Called once for each mutation, after it was done or refused.
    std::function<void(const mutation_report&)> report = [](const mutation_report&) {};
};

}  // namespace peering::admin
