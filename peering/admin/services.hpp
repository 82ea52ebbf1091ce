#pragma once

#include "ilp/timestamp.hpp"
#include "peering/administration/administration.hpp"
#include "peering/administration/auto_peers.hpp"
#include "peering/administration/refusal.hpp"
#include "peering/book/committer.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/operator_transfers.hpp"
#include "peering/directory/directory.hpp"

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

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

/// The services that the Admin API uses; all must outlive it. The functions may block and are called from any thread.
struct services {
    peering::directory& directory;
    peering::administration& administration;
    peering::operator_transfers& transfers;
    peering::committer& committer;
    peering::auto_peers& auto_peers;

    std::string tenant_id;
    std::string version;
    ilp::timestamp started_at;
    std::function<bool()> ready;
    std::function<ping_answer(const std::string& address, std::chrono::milliseconds timeout)> ping;
    /// Asks another node to become our peer.
    std::function<std::expected<peering_terms, refusal>(const peering_question&)> ask_node;
};

}  // namespace peering::admin
