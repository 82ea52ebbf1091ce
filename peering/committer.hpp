#pragma once

#include "peering/ledger.hpp"
#include "peering/posting.hpp"
#include "peering/store.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace peering {

/// Number of a batch that was handed over; batches become durable in this order, from 1.
using commit_ticket = std::uint64_t;

/// Postings that one loop collects during one turn, netted per pair of accounts. Not shared between threads; keeps its
/// memory from turn to turn.
class posting_batch {
public:
    void add(std::span<const leg> legs);
    bool empty() const noexcept { return postings_.empty(); }
    std::span<const posting> postings() const noexcept { return postings_; }
    void clear() noexcept;

private:
    std::vector<posting> postings_;
    std::vector<std::uint32_t> index_;  // open addressing by pair; empty slots are 0
};

/// What the committer tells after each durable batch; called on its thread, must not block.
using durable_callback = std::function<void(commit_ticket durable)>;

/// Group commit: one thread that writes everything that was handed over while the last transaction ran as the next one.
/// It never waits to fill a batch. When the store fails it keeps the batch and tries again, with growing pauses, until
/// the store is back: a fulfillment that arrived in time is never forgotten.
class committer {
public:
    struct counters {
        /// Upper bounds of the buckets: of commit time in seconds, and of packets in a batch.
        static constexpr std::array<double, 12> seconds_bounds{0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005,
                                                               0.01,   0.02,   0.05,   0.1,   0.5,   2.0};
        static constexpr std::array<double, 12> transfers_bounds{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
        std::array<std::atomic<std::uint64_t>, 13> seconds{};
        std::array<std::atomic<std::uint64_t>, 13> transfers{};
        std::atomic<std::uint64_t> nanoseconds_total{0};
        std::atomic<std::uint64_t> transfers_total{0};
        std::atomic<std::uint64_t> commits_total{0};
        std::atomic<std::uint64_t> failures_total{0};
    };

    /// `ledger` and `store` must outlive the committer. No commit runs before start().
    committer(ledger& ledger, store& store);
    ~committer();
    committer(const committer&) = delete;
    committer& operator=(const committer&) = delete;

    /// Before start(): whom to wake. One call per listener and durable batch that holds something of it.
    std::size_t add_listener(durable_callback callback);

    void start();

    /// Hands a batch over, and empties it. Any thread; takes a mutex once, so call it once per loop turn, not per
    /// packet.
    commit_ticket submit(std::size_t listener, posting_batch& batch);

    /// False from the first failed commit until one succeeds: refuse new packets meanwhile. Any thread, one load.
    bool store_is_healthy() const noexcept { return healthy_.load(std::memory_order_relaxed); }

    /// Commits what was handed over, then ends the thread. False when the store did not take it within the time given.
    bool stop(std::chrono::milliseconds patience);

    const counters& stats() const noexcept { return counters_; }

private:
    struct impl;
    ledger& ledger_;
    store& store_;
    std::atomic<bool> healthy_{true};
    counters counters_;
    std::unique_ptr<impl> impl_;
};

}  // namespace peering
