#pragma once

#include "ilp/amount.hpp"
#include "peering/records/account.hpp"

#include <atomic>
#include <cstdint>

namespace peering {

/// What the store keeps about the packets in flight to one peer. A packet is in flight from before it is sent until its
/// transfer is durable or void. It is not known of one that was in flight when the process died whether the peer has
/// fulfilled it.
struct flight_record {
    account_id account{};
    std::uint64_t ceiling = 0;  ///< no more was in flight since this was written
    std::uint64_t doubt = 0;    ///< as much may have been fulfilled before crashes, and is in no book
    friend bool operator==(const flight_record&, const flight_record&) = default;
};

/// Asks for a ceiling of at least `amount`.
struct ceiling_request {
    liquidity_account* account = nullptr;
    std::uint64_t amount = 0;
};

/// Counts a packet to the peer as in flight. Returns false, and counts nothing, if more than the ceiling would be in
/// flight. Any thread. The second look at the ceiling is for flight_ceilings::sink(), which lowers it and then looks at
/// what is in flight: in the total order of the two words, one of them sees what the other has done.
inline bool take_off(liquidity_account& to, ilp::amount amount) noexcept {
    if (amount.is_zero()) return true;
    std::uint64_t before = to.in_flight.load(std::memory_order_relaxed);
    do {
        const std::uint64_t ceiling = to.flight_ceiling.load();
        if (before > ceiling || amount.value > ceiling - before) [[unlikely]]
            return false;
    } while (!to.in_flight.compare_exchange_weak(before, before + amount.value));
    const std::uint64_t sum = before + amount.value;
    if (sum > to.flight_ceiling.load()) [[unlikely]] {
        to.in_flight.fetch_sub(amount.value);
        return false;
    }
    // Another thread may replace it with a smaller one, so a ceiling may sink too early, which costs one commit.
    if (sum > to.flight_peak.load(std::memory_order_relaxed)) to.flight_peak.store(sum, std::memory_order_relaxed);
    return true;
}

/// Ends what take_off() has begun, once the transfer of the packet is durable or void. Any thread.
inline void land(liquidity_account& to, ilp::amount amount) noexcept {
    to.in_flight.fetch_sub(amount.value, std::memory_order_release);
}

}  // namespace peering
