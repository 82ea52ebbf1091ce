#pragma once

#include "peering/book/bookkeeper.hpp"
#include "peering/book/posting_batch.hpp"
#include "peering/store/store.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace peering {

/// Called after each durable batch, on the committer's thread; must not block.
using durable_callback = std::function<void(commit_ticket durable)>;

/// Called when the store fails, when the reason changes, and when the store is back (`error` is empty then), in this
/// order, on the committer's thread or from watch(). Must not block.
using health_callback = std::function<void(bool healthy, const std::string& error)>;

/// Called with a sentence about what an operator should look into although the store works, on the committer's thread.
/// Must not block.
using remark_callback = std::function<void(const std::string& remark)>;

/// Other work that needs the store: an operator's transfer, a reload, the outbox.
using store_task = std::function<void(bookkeeper&)>;

/// Group commit: one thread writes everything that was submitted during the last transaction as the next one. It never
/// waits to fill a batch. When the store fails, it keeps the batch and retries, with growing pauses, until the store is
/// back: a fulfillment that arrived in time is never lost. Whatever is submitted meanwhile waits for the next batch; it
/// needs memory for one posting per pair of accounts, however many packets there are, and for the outcomes of those
/// that came in parts.
///
/// This thread is the only one that uses the store while the daemon runs: other work that needs the store is executed
/// here, between two batches.
class committer {
public:
    struct counters {
        /// Upper bounds of the buckets: commit time in seconds, and packets per batch.
        static constexpr std::array<double, 12> seconds_bounds{0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005,
                                                               0.01,   0.02,   0.05,   0.1,   0.5,   2.0};
        static constexpr std::array<double, 12> transfers_bounds{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
        /// Commits per bucket, not cumulative; the last bucket counts what is above every bound. Only successful
        /// commits count.
        std::array<std::atomic<std::uint64_t>, 13> seconds{};
        std::array<std::atomic<std::uint64_t>, 13> transfers{};
        std::atomic<std::uint64_t> nanoseconds_total{0};
        std::atomic<std::uint64_t> transfers_total{0};
        std::atomic<std::uint64_t> commits_total{0};
        std::atomic<std::uint64_t> failures_total{0};
        std::atomic<std::int64_t> log_bytes{-1};    ///< store::log_size() at the last probe; negative: none
        std::atomic<std::uint64_t> store_epoch{0};  ///< of store::tenure(); 0: none
    };

    static constexpr std::chrono::milliseconds retry_pause_min{10};
    static constexpr std::chrono::milliseconds retry_pause_max{1000};
    static constexpr std::chrono::milliseconds probe_interval{1000};

    /// Maximum number of waiting tasks; more than any operator's tools have in progress at a time.
    static constexpr std::size_t tasks_max = 1024;

    /// A call that takes longer counts as a store failure, although its outcome is not known yet.
    static constexpr std::chrono::milliseconds commit_time_max{1000};

    /// `keeper` must outlive the committer. Nothing is committed before start().
    explicit committer(bookkeeper& keeper);
    /// Drops whatever the store does not accept immediately; call stop() first.
    ~committer();
    committer(const committer&) = delete;
    committer& operator=(const committer&) = delete;

    /// Call before start(). The callback is called once for each durable batch that contains postings of this listener.
    std::size_t add_listener(durable_callback callback);

    /// Call before start().
    void on_health_change(health_callback callback);

    /// Call before start().
    void on_remark(remark_callback callback);

    void start();

    /// Submits a batch, which must not be empty, and empties it. Any thread. It takes a mutex once, so call it once
    /// per event loop turn, not per packet. If the store keeps nothing, the postings are booked within the call, and
    /// only what payments have sent is written later.
    commit_ticket submit(std::size_t listener, posting_batch& batch);

    /// Runs `task` on the committer's thread, before the next batch. Returns false if too many tasks are waiting or the
    /// committer is stopping. Any thread. What the task writes with write() is retried like a batch, and includes the
    /// pending batch.
    bool execute(store_task task);

    /// Checks whether a store call hangs, probes an idle store, ends payments of which nothing more has arrived, and
    /// has ceilings sink that are not needed any more (flight_ceilings). Call it periodically, from one thread.
    void watch(std::chrono::steady_clock::time_point now);

    /// False from the first failed commit until one succeeds; reject new packets meanwhile. Any thread; one atomic
    /// load.
    bool store_is_healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }

    /// Whether new packets may be accepted: the store is healthy, and no other daemon can have taken it over before
    /// these packets end. Any thread; two atomic loads.
    bool may_accept_packets(std::chrono::steady_clock::time_point now) const noexcept {
        return store_is_healthy() && now.time_since_epoch() < accepts_until_.load(std::memory_order_relaxed);
    }

    /// Another daemon leaves this one alone until then, unless the lease is renewed before; nullopt if no other can use
    /// the store. Any thread.
    std::optional<std::chrono::steady_clock::time_point> lease_until() const noexcept {
        if (counters_.store_epoch.load(std::memory_order_relaxed) == 0) return std::nullopt;
        return std::chrono::steady_clock::time_point{lease_until_.load(std::memory_order_relaxed)};
    }

    /// True once another daemon has taken the store over: nothing that was submitted and is not durable can ever be
    /// written. The committer then accepts no tasks, and those that it has fail. last_error() names the other daemon.
    /// Any thread.
    bool is_taken_over() const noexcept { return taken_over_.load(std::memory_order_relaxed); }

    /// Why the store is not healthy; empty while it is. Any thread.
    std::string last_error() const;

    /// Commits everything that was submitted, then ends the thread. Returns false if the store did not accept it within
    /// `timeout`. Nothing may be submitted any more.
    bool stop(std::chrono::milliseconds timeout);

    /// Lowers the ceilings of peers to which nothing is in flight to 0, after stop() has returned true and the workers
    /// have ended. Returns false if that could not be written within the time that stop() was given; the next start
    /// then reports doubts.
    bool end_flights();

    const counters& stats() const noexcept { return counters_; }

    /// Whether the batches should say which payments have arrived (posting_batch::received_over). Any thread.
    bool reports_incoming_payments() const noexcept { return keeper_.reports_incoming_payments(); }

    /// The doubt about an account since a crash; 0: there is none. Any thread.
    std::uint64_t doubt_about(account_id account) const { return keeper_.flights().doubt_about(account); }

    /// All doubts, by account. Any thread.
    std::unordered_map<account_id, std::uint64_t> doubts() const { return keeper_.flights().doubts(); }

    /// Any thread may look up accounts and read their counters.
    const ledger& accounts() const noexcept { return keeper_.ledger(); }

private:
    void advance(std::span<const payment_progress> payments);
    void run();
    void refuse_tasks(std::unique_lock<std::mutex>& lock);
    void execute_tasks(commit_ticket durable);
    bool commit();
    void end_batch(commit_ticket durable);
    void probe();
    void look(std::chrono::steady_clock::time_point now);
    void note_tenure();
    bool wait_for_store(const store_error& error);
    bool pause(std::chrono::milliseconds length);
    void set_health(bool healthy, const std::string& error);
    void count(std::chrono::nanoseconds taken) noexcept;

    bookkeeper& keeper_;
    std::vector<durable_callback> listeners_;
    health_callback health_callback_;
    remark_callback remark_callback_;
    std::mutex health_callback_mutex_;  // locked before mutex_
    std::atomic<bool> healthy_{true};
    std::atomic<bool> taken_over_{false};
    std::atomic<std::chrono::steady_clock::duration> accepts_until_{std::chrono::steady_clock::duration::max()};
    std::atomic<std::chrono::steady_clock::duration> lease_until_{};
    counters counters_;

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::condition_variable wake_;
    posting_batch collecting_;
    std::vector<bool> concerned_;  // listeners with postings in collecting_
    commit_ticket tickets_ = 0;
    std::vector<store_task> tasks_;
    bool idle_ = false;  // the thread is waiting for work
    bool stopping_ = false;
    std::chrono::steady_clock::time_point give_up_at_;
    std::string last_error_;

    // Owned by the committer's thread.
    posting_batch committing_;
    std::vector<bool> committing_for_;
    std::vector<store_task> executing_;
    std::chrono::milliseconds pause_length_ = retry_pause_min;
    std::atomic<bool> gave_up_{false};
    bool is_started_ = false;  // set before the thread exists

    std::atomic<bool> probe_waits_{false};
    std::atomic<bool> look_waits_{false};
    // Used only by the thread that calls watch().
    std::chrono::steady_clock::time_point last_probe_;
    std::chrono::steady_clock::time_point last_look_;  // at payments that are idle, and at ceilings

    std::thread thread_;
};

}  // namespace peering
