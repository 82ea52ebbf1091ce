#pragma once

#include "connector/metrics/counters.hpp"
#include "connector/worker/worker_pool.hpp"
#include "ilp/clock.hpp"
#include "peering/admin/traffic.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace connector {

/// Shows the traffic of peers to the Admin API. The workers are asked for their counters at most every half second,
/// however often and however many peers are looked at.
class recent_traffic {
public:
    recent_traffic(boost::asio::io_context& control, worker_pool& workers) : control_{control}, workers_{workers} {}

    /// Returns nullopt if the workers have not answered in time. It may block: call it from any thread except the
    /// workers' and the one of the control loop.
    std::optional<peering::admin::peer_traffic> of(std::uint32_t peer);

private:
    using counters_by_peer = std::unordered_map<std::uint32_t, peer_counters>;

    std::shared_ptr<const counters_by_peer> current();

    boost::asio::io_context& control_;
    worker_pool& workers_;
    std::mutex mutex_;  ///< held while the workers are asked: others need the same answer
    std::shared_ptr<const counters_by_peer> latest_;
    std::optional<ilp::steady_time> taken_at_;  ///< when the workers were asked last
};

}  // namespace connector
