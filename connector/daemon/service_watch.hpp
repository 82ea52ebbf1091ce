#pragma once

#include "connector/base/service_manager.hpp"
#include "connector/daemon/book.hpp"
#include "connector/daemon/liveness.hpp"
#include "connector/worker/worker_pool.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace connector {

/// Tells the service manager what the daemon does, and that it is alive as long as the control loop, every worker and
/// the committer are. For the control loop.
class service_watch {
public:
    service_watch(boost::asio::io_context& control, service_manager& manager, worker_pool& workers, book& book);

    void ready();
    void reload_began() const { manager_.reloading(); }
    /// `problem` is why it failed; empty if it did not.
    void reload_ended(std::string_view problem);
    /// From here on the daemon need not say that it is alive: this call switches the watchdog off, and systemd kills a
    /// service that is stopping after TimeoutStopSec. That holds for a SIGTERM from elsewhere, too, because systemd
    /// knows of the stop by this call.
    void stopping() const { manager_.stopping(); }

    /// Call it periodically, from ready() on.
    void look(std::chrono::steady_clock::time_point now);

private:
    void begin_round(std::chrono::steady_clock::time_point now);
    void ask_committer();
    void note_packets(std::uint64_t packets, std::chrono::steady_clock::time_point now);
    std::string text() const;

    boost::asio::io_context& control_;
    service_manager& manager_;
    worker_pool& workers_;
    book& book_;
    liveness liveness_;
    bool committer_was_asked_ = true;
    std::uint64_t packets_ = 0;  ///< when the last round began
    std::chrono::steady_clock::time_point packets_at_{};
    double packets_per_second_ = 0;
    std::string reload_problem_;
};

}  // namespace connector
