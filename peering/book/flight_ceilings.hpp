#pragma once

#include "ilp/clock.hpp"
#include "peering/records/flight.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace peering {

/// The ceiling of each account says durably how much may be in flight to a peer, so that the start after a crash knows
/// how much may have been fulfilled and is in no book: the doubt. A ceiling is a power of two, or 2^64 - 1. It rises
/// before more takes off, and sinks when much less was in flight for a while, so a steady flow of packets writes
/// nothing.
///
/// It decides what the next transaction writes. The counters of an account may rise only after the store has the new
/// ceiling, and have to sink before it: at any moment in_flight <= flight_ceiling <= what the store has. Used by the
/// thread that writes, except for doubts.
class flight_ceilings {
public:
    static constexpr std::chrono::minutes quiet_time{1};

    /// The number of ceilings that one transaction lowers at most.
    static constexpr std::size_t sinking_max = 1000;

    /// What the store has. Call it once, at start.
    void restore(std::span<const flight_record> records, auto find_account) {
        for (const flight_record& record : records) add(record, find_account(record.account));
    }

    /// Adds to `changed` what has to be written so that `requests` can be granted. A record of the same account that is
    /// there already is changed.
    void raise(std::span<const ceiling_request> requests, std::vector<flight_record>& changed);
    /// Whether raise() would add anything.
    static bool concerns(std::span<const ceiling_request> requests) noexcept;

    /// Adds to `changed` the ceilings that sink, at most once in `quiet_time`. From now on nothing above them takes
    /// off, whether or not they are written.
    void sink(ilp::steady_time now, std::vector<flight_record>& changed);

    /// Adds to `changed` a ceiling of 0 for each account to which nothing is in flight: for a stop.
    void end(std::vector<flight_record>& changed);

    /// Adds to `changed` the doubts that come from the ceilings which the last process has left, together with those of
    /// earlier crashes. For the start, before anything takes off.
    void find_doubts(std::vector<flight_record>& changed) const;

    /// The record that ends the doubt about an account; for changes::changed_flights.
    flight_record without_doubt(account_id account) const;

    /// `changed` is in the store now.
    void written(std::span<const flight_record> changed, auto find_account) {
        for (const flight_record& record : changed) add(record, find_account(record.account));
    }

    /// The doubt about an account; 0: there is none. Any thread.
    std::uint64_t doubt_about(account_id account) const;

    /// All doubts. Any thread.
    std::unordered_map<account_id, std::uint64_t> doubts() const {
        const std::lock_guard lock{mutex_};
        return doubts_;
    }

    /// The smallest ceiling that allows for `amount`.
    static std::uint64_t ceiling_for(std::uint64_t amount) noexcept;

private:
    struct entry {
        liquidity_account* account = nullptr;
        flight_record kept;
    };

    void add(const flight_record& record, liquidity_account& account);

    std::unordered_map<account_id, entry> entries_;  // that have a ceiling or a doubt
    ilp::steady_time looked_at_{};
    mutable std::mutex mutex_;
    std::unordered_map<account_id, std::uint64_t> doubts_;  // guarded by mutex_
};

}  // namespace peering
