#pragma once

#include "config/settings.hpp"
#include "connector/base/listening_point.hpp"
#include "connector/metrics/counters.hpp"
#include "connector/routing/rate_table.hpp"
#include "connector/transport/reachability_board.hpp"
#include "connector/worker/worker.hpp"
#include "peering/book/committer.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/terms_update.hpp"
#include "peering/splitting/split_outcomes.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// The number of threads that handle packets.
unsigned worker_count(const config::connector_settings& settings) noexcept;

/// All workers, as one. Its functions are for the control loop, and so are their callbacks, except for publish().
class worker_pool {
public:
    explicit worker_pool(boost::asio::io_context& control) : control_{control} {}

    /// Makes the workers, which then listen there and do not accept yet. Returns what went wrong, if anything did.
    std::optional<std::string> listen(const config::connector_settings& settings, const listening_point& at,
                                      const peering::directory& directory, peering::committer& committer,
                                      const packet_tls& tls,
                                      const std::shared_ptr<const ilp::stream::receiver_secrets>& receiver_secrets,
                                      const std::shared_ptr<peering::split_outcomes>& outcomes);
    void start();

    // Preconditions of these two: listen() has succeeded.
    boost::asio::ip::tcp::endpoint local_endpoint() const { return workers_.front()->local_endpoint(); }
    std::size_t size() const noexcept { return workers_.size(); }

    /// The latest rates. Workers that do not exist yet get them later.
    void install_rates(std::shared_ptr<const rate_table> rates);

    /// Connections that are made later use this.
    void use_tls(const packet_tls& tls);

    /// Called on the committer's thread. Every worker gets the updates in the order in which they were written. `done`
    /// is called by the last worker that has applied them.
    void publish(const peering::terms_update& update, const std::function<void()>& done);

    /// What has become of the packets to each peer. Any thread.
    reachability_board& reachability() noexcept { return board_; }

    /// The echoes that this node requests, whose responses come to any worker.
    awaited_echo& echo() noexcept { return echo_; }

    /// Calls back with the counters of all workers, one sample each, in any order.
    void sample(std::function<void(std::vector<worker_sample>)> done);

    /// Sends a Prepare outside the ledger, over the link of one of the workers: see worker::probe(). Any thread.
    void probe(std::uint32_t peer, ilp::bytes prepare, std::chrono::milliseconds time_limit,
               std::function<void(probes::outcome)> done);

    // The payments of this node, each on one of the workers: see payment_runs. The callbacks are called on its thread.

    void quote(quote_order order, payment_runs::quoted done);
    void pay(payment_order order, payment_runs::paid done);
    void cancel_payment(std::uint64_t number);

    /// The number of requests that were refused because no peer owns their token.
    std::uint64_t unauthenticated_requests() const;

    /// Refuses new packets. `drained` is called when no packet is in flight any more.
    void drain(std::function<void()> drained);

    /// See worker::give_up_packets().
    void give_up_packets();

    /// Ends the threads, even if packets are in flight.
    void stop();

private:
    /// A payment stays with one worker, which knows it by its number.
    worker& worker_of(std::uint64_t payment) { return *workers_[payment % workers_.size()]; }

    boost::asio::io_context& control_;
    std::shared_ptr<const rate_table> rates_;
    reachability_board board_;
    awaited_echo echo_;
    std::vector<std::unique_ptr<worker>> workers_;
};

}  // namespace connector
