#pragma once

#include "peering/bookkeeper.hpp"
#include "peering/posting_batch.hpp"
#include "peering/store.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace peering {

/// What the committer tells after each durable batch; called on its thread, must not block.
using durable_callback = std::function<void(commit_ticket durable)>;

/// What the committer tells when the store fails, when the reason changes, and when it is back (`error` is empty then);
/// in this order, on its thread or in watch(). Must not block.
using health_callback = std::function<void(bool healthy, const std::string& error)>;

/// Something else that has to do with the store: an operator's transfer, a reload, the outbox.
using store_task = std::function<void(bookkeeper&)>;

/// Group commit: one thread that writes everything that was handed over while the last transaction ran as the next one.
/// It never waits to fill a batch. When the store fails it keeps the batch and tries again, with growing pauses, until
/// the store is back: a fulfillment that arrived in time is never forgotten. What is handed over meanwhile waits for
/// the next batch; it needs memory for one posting per pair of accounts, however many packets there are.
///
/// The thread is the only one that uses the store while the daemon runs: what else needs it is executed here, between
/// two batches.
class committer {
public:
    struct counters {
        /// Upper bounds of the buckets: of commit time in seconds, and of packets in a batch.
        static constexpr std::array<double, 12> seconds_bounds{0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005,
                                                               0.01,   0.02,   0.05,   0.1,   0.5,   2.0};
        static constexpr std::array<double, 12> transfers_bounds{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
        /// Commits per bucket, not cumulative; the last is for what lies above every bound. Successful commits alone.
        std::array<std::atomic<std::uint64_t>, 13> seconds{};
        std::array<std::atomic<std::uint64_t>, 13> transfers{};
        std::atomic<std::uint64_t> nanoseconds_total{0};
        std::atomic<std::uint64_t> transfers_total{0};
        std::atomic<std::uint64_t> commits_total{0};
        std::atomic<std::uint64_t> failures_total{0};
    };

    static constexpr std::chrono::milliseconds retry_pause_min{10};
    static constexpr std::chrono::milliseconds retry_pause_max{1000};
    static constexpr std::chrono::milliseconds probe_interval{1000};

    /// Tasks that may wait; more than any operator's tools have under way at a time.
    static constexpr std::size_t tasks_max = 1024;

    /// A call that takes longer counts as a failing store, although nobody knows yet how it ends.
    static constexpr std::chrono::milliseconds commit_time_max{1000};

    /// `keeper` must outlive the committer. No commit runs before start().
    explicit committer(bookkeeper& keeper);
    /// Gives up what the store does not take at once; call stop() first.
    ~committer();
    committer(const committer&) = delete;
    committer& operator=(const committer&) = delete;

    /// Before start(): whom to wake. One call per listener and durable batch that holds something of it.
    std::size_t add_listener(durable_callback callback);

    /// Before start(): whom to tell about the store.
    void on_health_change(health_callback callback);

    void start();

    /// Hands a batch that is not empty over, and empties it. Any thread; takes a mutex once, so call it once per loop
    /// turn, not per packet.
    commit_ticket submit(std::size_t listener, posting_batch& batch);

    /// Runs `task` on the committer's thread, before the next batch. False when too many wait, or the committer stops.
    /// Any thread. What it writes with write() is tried again like a batch, and takes a batch that is due along.
    bool execute(store_task task);

    /// Looks whether the store hangs, and asks an idle store whether it is still there. Call it every now and then,
    /// from one thread.
    void watch(std::chrono::steady_clock::time_point now);

    /// False from the first failed commit until one succeeds: refuse new packets meanwhile. Any thread, one load.
    bool store_is_healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }

    /// Why the store is not healthy; empty while it is. Any thread.
    std::string last_error() const;

    /// Commits what was handed over, then ends the thread. False when the store did not take it within the time given.
    /// Nothing may be handed over any more.
    bool stop(std::chrono::milliseconds patience);

    const counters& stats() const noexcept { return counters_; }

    /// Any thread may look accounts up, and read their counters.
    const ledger& accounts() const noexcept { return keeper_.accounts(); }

private:
    void run();
    void execute_tasks(commit_ticket durable);
    bool commit();
    void end_batch(commit_ticket durable);
    void probe();
    bool wait_for_store(const store_error& error);
    bool pause(std::chrono::milliseconds length);
    void set_health(bool healthy, const std::string& error);
    void count(std::chrono::nanoseconds taken) noexcept;

    bookkeeper& keeper_;
    std::vector<durable_callback> listeners_;
    health_callback health_callback_;
    std::mutex telling_;  // taken before mutex_
    std::atomic<bool> healthy_{true};
    counters counters_;

    mutable std::mutex mutex_;
    // Under the mutex.
    std::condition_variable wake_;
    posting_batch collecting_;
    std::vector<bool> concerned_;  // listeners that have something in collecting_
    commit_ticket tickets_ = 0;
    std::vector<store_task> tasks_;
    bool idle_ = false;  // the thread waits for work
    bool stopping_ = false;
    std::chrono::steady_clock::time_point give_up_at_;
    std::string last_error_;

    // The thread's.
    posting_batch committing_;
    std::vector<bool> committing_for_;
    std::vector<store_task> executing_;
    std::chrono::milliseconds pause_length_ = retry_pause_min;
    std::atomic<bool> gave_up_{false};

    std::chrono::steady_clock::time_point last_probe_;  // of who calls watch()
    std::atomic<bool> probe_waits_{false};

    std::thread thread_;
};

}  // namespace peering
