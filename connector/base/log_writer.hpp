#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace connector::log {

/// Writes lines to a descriptor on a thread of its own, so that callers never wait for the reader. Lines that do not
/// fit into the queue are dropped and counted. Every function may be called from any thread.
class log_writer {
public:
    static constexpr std::size_t queue_size_max = 1 << 20;  ///< bytes that have not been written yet

    struct hooks {
        /// Makes the line that says how many lines were dropped. Called on the writing thread.
        std::function<std::string(std::uint64_t dropped)> line_about_dropped;
        /// Called on the writing thread about once a second; it may call put().
        std::function<void()> every_second{};
    };

    log_writer(int descriptor, hooks hooks);
    ~log_writer();  ///< drops what has not been written yet
    log_writer(const log_writer&) = delete;
    log_writer& operator=(const log_writer&) = delete;

    /// `line` ends with its LF. Returns false if it was dropped.
    bool put(std::string_view line);

    /// Waits until everything has been written, but no longer than `time`; returns whether it has been.
    bool flush(std::chrono::milliseconds time);

    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

    /// Like flush(), but safe in a signal handler.
    void await_in_signal_handler(std::chrono::milliseconds time) const noexcept;

private:
    void run();
    void write(std::string_view lines);
    void drop(std::string_view lines) noexcept;

    const int descriptor_;
    const hooks hooks_;

    std::mutex mutex_;
    std::condition_variable wake_up_;
    std::condition_variable written_;
    std::string queued_;
    std::uint64_t unreported_ = 0;          ///< dropped lines that no line has reported yet
    std::atomic<std::size_t> pending_ = 0;  ///< bytes queued and being written
    std::atomic<std::uint64_t> dropped_ = 0;
    std::atomic<bool> ended_ = false;
    std::thread thread_;  // uses the members above
};

}  // namespace connector::log
