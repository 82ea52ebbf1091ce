#pragma once

#include "ilp/wall_history.hpp"
#include "peering/book/committer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <string>

namespace connector {

/// Keeps the history short, as `store.keep_history` says: the store sums up old transfers of packets, and forgets old
/// events, in small steps on the committer's thread between two batches. The steps take at most a twentieth of that
/// thread's time, however much is old. Runs on the control loop.
class history_keeper {
public:
    using result = std::expected<peering::history_step, peering::store_error>;

    static constexpr std::size_t rows_per_step = 1000;
    static constexpr int share = 20;  ///< the steps take one part of this many
    static constexpr std::chrono::milliseconds idle_pause{
        10'000};  ///< while nothing is old enough, and after a failure

    /// The time until the next step, after one that has taken this long.
    static std::chrono::nanoseconds pause_after(const result& step, std::chrono::nanoseconds taken);

    /// The outcome of a step that has done both: it has failed if one of the two has, and there is more if either has
    /// more.
    static result both(result sums, result events);

    history_keeper(boost::asio::io_context& control, peering::committer& committer, std::chrono::milliseconds keep)
        : committer_{committer}, control_{control}, timer_{control}, keep_{keep} {}

    void start() { take_step(); }

    /// Number of rows that have been summed up since the start. Any thread.
    std::uint64_t rows_summed() const noexcept { return rows_summed_; }

private:
    void take_step();
    void end_step(const result& step, std::chrono::nanoseconds taken);
    void pause(std::chrono::nanoseconds length);

    peering::committer& committer_;
    boost::asio::io_context& control_;
    boost::asio::steady_timer timer_;
    const std::chrono::milliseconds keep_;
    ilp::wall_history wall_;  // used only by the committer's thread
    std::atomic<std::uint64_t> rows_summed_ = 0;
    std::string logged_problem_;  ///< the last one in the log
};

}  // namespace connector
