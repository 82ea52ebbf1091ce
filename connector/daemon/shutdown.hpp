#pragma once

#include "connector/daemon/exit_status.hpp"
#include "connector/worker/worker_pool.hpp"
#include "peering/book/committer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <optional>

namespace connector {

/// The orderly end, on SIGTERM or SIGINT: new work is refused, packets in flight and the Admin API finish, then the
/// control loop is stopped and everything is committed. SIGQUIT, a further signal after more than a second, or the time
/// that packets may take, cuts this short. A daemon that has lost its store to another one ends in the same way, but
/// rejects its packets.
class shutdown {
public:
    /// The signals no longer end the process from here on.
    explicit shutdown(boost::asio::io_context& control);

    /// Until await_signal() is called, a signal calls `stop`, on the control loop.
    void await_early_signal(std::function<void()> stop);

    struct parts {
        /// Called first.
        std::function<void()> refuse_new_work;
        /// Must call `stopped` on the control loop when no request to the Admin API is being answered any more.
        std::function<void(std::function<void()> stopped)> stop_admin;
        worker_pool& workers;
        std::chrono::milliseconds longest_drain;  ///< how long the workers may take
    };
    void await_signal(parts parts);

    /// Another daemon has taken over the store. Call it once.
    void give_up(const parts& parts);

    bool has_begun() const noexcept { return began_at_.has_value(); }

    /// Call it periodically on the control loop. Packets whose Fulfill waits for a failing store must not delay
    /// the end until they expire.
    void watch_store(bool is_healthy, std::chrono::steady_clock::time_point now);

    /// Call it once the control loop has ended: stops the workers, and commits what they have submitted.
    exit_status finish(worker_pool& workers, peering::committer& committer) const;

private:
    void begin(const parts& parts);
    std::chrono::milliseconds time_left_for_commits(const peering::committer& committer) const;

    boost::asio::io_context& control_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer deadline_;
    std::optional<std::chrono::steady_clock::time_point> began_at_;
    /// When the store was last known to work, but not before began_at_.
    std::chrono::steady_clock::time_point store_worked_at_;
    bool is_drained_ = false;
};

}  // namespace connector
