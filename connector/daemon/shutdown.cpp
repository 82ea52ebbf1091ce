#include "connector/daemon/shutdown.hpp"

#include "connector/base/log.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

namespace connector {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds commit_timeout{10000};  // for the last commits, and for a failing store
constexpr milliseconds drain_margin{2000};     // on top of the longest time that workers may take
/// A second SIGTERM within this time counts as the first one repeated: `timeout` and terminals often send two.
constexpr milliseconds same_wish_time{1000};

}  // namespace

shutdown::shutdown(boost::asio::io_context& control)
    : control_{control}, signals_{control, SIGTERM, SIGINT, SIGQUIT}, deadline_{control} {}

void shutdown::await_early_signal(std::function<void()> stop) {
    signals_.async_wait([stop = std::move(stop)](boost::system::error_code error, int) {
        if (!error) stop();
    });
}

void shutdown::watch_store(bool is_healthy, std::chrono::steady_clock::time_point now) {
    if (is_healthy || !began_at_) store_worked_at_ = now;
    if (began_at_ && now - store_worked_at_ >= commit_timeout) control_.stop();
}

void shutdown::await_signal(parts parts) {
    signals_.cancel();  // await_early_signal()
    signals_.async_wait([this, parts = std::move(parts)](boost::system::error_code error, int signal) mutable {
        if (error) return;
        const auto now = std::chrono::steady_clock::now();
        if (signal == SIGQUIT || (began_at_ && now - *began_at_ > same_wish_time)) {
            log::write(log::level::warn, "stopping at once, without waiting for packets in flight");
            if (!began_at_) parts.refuse_new_work();
            return control_.stop();
        }
        if (!began_at_) {
            log::write(log::level::info, "stopping: new packets are refused, packets in flight are finished",
                       {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
            begin(parts);
        }
        await_signal(std::move(parts));
    });
}

void shutdown::give_up(const parts& parts) {
    if (!began_at_) begin(parts);
    parts.workers.give_up_packets();
}

void shutdown::begin(const parts& parts) {
    began_at_ = store_worked_at_ = std::chrono::steady_clock::now();
    parts.refuse_new_work();
    const auto ended = [this, missing = std::make_shared<int>(2)] {  // the Admin API and the workers
        if (--*missing != 0) return;
        is_drained_ = true;
        control_.stop();
    };
    parts.stop_admin(ended);
    parts.workers.drain(ended);
    deadline_.expires_after(parts.longest_drain + drain_margin);
    deadline_.async_wait([this](boost::system::error_code error) {
        if (!error) control_.stop();
    });
}

/// If the store has failed while the daemon was draining, that time counts.
milliseconds shutdown::time_left_for_commits(const peering::committer& committer) const {
    if (committer.store_is_healthy() || !began_at_) return commit_timeout;
    const auto failing = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - store_worked_at_);
    return std::max(commit_timeout - failing, milliseconds{0});
}

exit_status shutdown::finish(worker_pool& workers, peering::committer& committer) const {
    workers.stop();
    const bool committed = committer.stop(time_left_for_commits(committer));
    if (committer.is_taken_over()) {
        log::write(log::level::error,
                   "stopped: another daemon has taken over the store; no peer was told of a Fulfill that is not in it",
                   {{"error", committer.last_error()}});
    } else if (!committed) {
        log::write(log::level::error, "stopped with transfers that the store did not accept; they are lost",
                   {{"error", committer.last_error()}});
    } else {
        // Next hops to which packets are still in flight keep their ceilings.
        if (!committer.end_flights()) {
            log::write(
                log::level::warn,
                "the store did not take to whom nothing is in flight: the next start reports books in doubt that "
                "are not",
                {{"error", committer.last_error()}});
        }
        if (is_drained_) {
            log::write(log::level::info, "stopped");
        } else {
            log::write(log::level::warn, "stopped with packets in flight; their transfers are void");
        }
    }
    return is_drained_ && committed ? exit_status::clean_stop : exit_status::failure;
}

}  // namespace connector
