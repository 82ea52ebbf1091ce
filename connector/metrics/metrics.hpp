#pragma once

#include "connector/control/spsp_server.hpp"
#include "connector/metrics/counters.hpp"
#include "connector/metrics/process_figures.hpp"
#include "connector/rates/rate_keeper.hpp"
#include "connector/webhooks/webhooks.hpp"
#include "ilp/timestamp.hpp"
#include "peering/book/committer.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/peer_reachability.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace connector {

struct certificate_expiry {
    std::string listener;  ///< see the label of this name
    ilp::timestamp at;
};

/// The figures of a scrape that belong to no single peer or asset.
struct daemon_figures {
    std::string version;
    ilp::timestamp started_at;
    bool ready = false;
    bool last_reload_succeeded = true;  ///< the start counts as a reload
    ilp::timestamp last_reload_at;
    std::vector<worker_figures> workers;
    std::size_t connections_max = 0;  ///< of all workers together
    std::size_t packets_max = 0;      ///< of all workers together
    std::size_t pending_withdrawals = 0;
    std::optional<std::uint64_t> store_size{};           ///< nullopt if not known yet, or if the store keeps nothing
    std::optional<std::uint64_t> history_rows_summed{};  ///< nullopt if the whole history is kept
    process_figures process{};
    std::vector<certificate_expiry> certificates{};
};

/// The input of one scrape. Components keep plain numbers of their own; nothing is counted just for the metrics.
struct scrape {
    const peering::directory& directory;
    const peering::committer::counters& commits;
    std::vector<peer_sample> samples;              ///< from all workers, in any order
    std::optional<webhooks::statistics> events{};  ///< nullopt if webhooks are not configured
    std::optional<spsp_server::counters> spsp{};   ///< nullopt if there is no such listener
    std::vector<rate_age> rate_ages{};
    std::uint64_t unauthenticated_requests = 0;
    std::uint64_t log_lines_dropped = 0;
    std::optional<daemon_figures> daemon{};  ///< nullopt in tests of the others
    /// By peer id; those that are unknown are left out.
    std::unordered_map<std::uint32_t, peering::peer_reachability> reachability{};
    /// By account; those without a doubt are left out.
    std::unordered_map<peering::account_id, std::uint64_t> doubts{};
};

/// Returns the Prometheus text exposition format. definitions.hpp has the name, type, labels and help of every metric.
/// May be called from any thread.
std::string expose(const scrape& scrape);

}  // namespace connector
