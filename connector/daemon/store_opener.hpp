#pragma once

#include "peering/store/store.hpp"
#include "peering/store/tenancy.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// Opens the store at the start. If it cannot be reached yet, because its server starts later than the daemon, it is
/// tried again with growing pauses, and the log says so. A standby daemon tries for as long as another daemon has the
/// store. The attempts run on a thread of their own, so that the loop can answer health checks meanwhile.
class store_opener {
public:
    using result = std::expected<std::unique_ptr<peering::store>, peering::store_error>;

    static constexpr std::chrono::milliseconds pause_min{100};
    static constexpr std::chrono::milliseconds pause_max{5000};
    static constexpr std::chrono::milliseconds standby_pause{500};

    /// Called on the loop after each attempt that has failed, with the daemon that has the store, if that is why.
    using wait_callback = std::function<void(const std::optional<peering::daemon_place>& holder)>;

    /// `patience` is the time after which no further attempt is made, unless another daemon has the store and
    /// `who.waits`.
    store_opener(boost::asio::io_context& loop, std::string url, peering::store_tenant who,
                 std::chrono::milliseconds patience, wait_callback waits);

    /// Waits for the end of an attempt in progress. Destroy it only when the loop does not run, or after `done`.
    ~store_opener();

    /// Calls `done` once, on the loop.
    void open(std::function<void(result)> done);

private:
    void attempt();
    void end_attempt(result opened);
    void log_once(std::string_view message, const std::string& reason);
    void try_again_in(std::chrono::milliseconds pause);

    boost::asio::io_context& loop_;
    boost::asio::steady_timer timer_;
    const std::string url_;
    const peering::store_tenant who_;
    const std::chrono::milliseconds patience_;
    const wait_callback waits_;
    std::chrono::steady_clock::time_point give_up_at_;
    std::chrono::milliseconds pause_ = pause_min;
    std::string logged_reason_;  // the last reason in the log
    std::function<void(result)> done_;
    boost::asio::thread_pool thread_{1};
};

}  // namespace connector
