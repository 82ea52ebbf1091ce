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

#include <chrono>
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

/// This daemon among those that can use its database.
struct cluster_figures {
    bool is_active = false;       ///< it has the database, and its lease has not ended
    bool has_taken_over = false;  ///< it waited as a standby before it had the database
    std::string holder{};         ///< where the daemon runs that has the database; empty if it is not known
    std::uint64_t epoch = 0;      ///< of that daemon's registration; 0 if it is not known
    std::optional<std::chrono::duration<double>> lease_left{};  ///< of that daemon; nullopt if it is not known
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
    std::optional<cluster_figures> cluster{};  ///< nullopt if no other daemon can use the store
};

/// The input of a scrape before the daemon has its store.
struct start_figures {
    std::string version;
    ilp::timestamp started_at;
    cluster_figures cluster;
    process_figures process{};
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

/// The same for a daemon that waits for its store. Without ilp_ready, whose alert is about a daemon that has one.
std::string expose(const start_figures& start);

}  // namespace connector
