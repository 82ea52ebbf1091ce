#pragma once

#include "ilp/amount.hpp"
#include "ilp/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace peering {

/// A token bucket in one atomic word (the generic cell rate algorithm): it stores the time at which the bucket will be
/// full again. Shared by all threads, lock-free.
///
/// Time is counted in units of 1 to 2 ns, chosen so that one token is a whole number of units; no fraction is lost,
/// however long the bucket exists. Above 10^9 tokens per second a unit is 1 ns, and each call may charge up to 1 ns too
/// much.
class token_bucket {
public:
    /// `rate` tokens flow in per second; at most `burst` are kept. A rate of 0 counts as 1. A bucket that would take
    /// more than 146 years to fill is treated as one that takes 146.
    token_bucket(std::uint64_t rate, std::uint64_t burst) noexcept;

    /// Takes all of `tokens` or none. More than `burst` at once never succeeds.
    bool try_take(std::uint64_t tokens, ilp::steady_time now) noexcept;

    /// Returns tokens that were taken from this bucket and not used. Like tokens that flow in, they are lost if the
    /// bucket is full.
    void give_back(std::uint64_t tokens) noexcept;

    /// How long an empty bucket takes to fill.
    std::chrono::nanoseconds fill_time() const noexcept;

    bool has_terms(std::uint64_t rate, std::uint64_t burst) const noexcept;

private:
    std::uint64_t units_for(std::uint64_t tokens) const noexcept;

    std::uint64_t rate_;
    std::uint64_t burst_;
    std::uint64_t units_per_second_;
    std::uint64_t burst_units_;  // time to fill an empty bucket
    std::atomic<std::uint64_t> full_at_{0};
};

/// A bound on an amount that is in use at one time. Shared by all threads, lock-free. The amount is counted in an
/// object of its own, which copies share.
class amount_in_use {
public:
    explicit amount_in_use(ilp::amount max)
        : max_{max.value}, used_{std::make_shared<std::atomic<std::uint64_t>>(std::uint64_t{0})} {}

    /// Another bound on the same amount. If more is in use already, nothing can be taken until enough is given back.
    amount_in_use with_max(ilp::amount max) const noexcept;

    /// Takes all of `amount` or nothing.
    bool try_take(ilp::amount amount) noexcept;

    /// Precondition: the amount was taken here, or from a bound on the same amount.
    void give_back(ilp::amount amount) noexcept;

    ilp::amount max() const noexcept { return {max_}; }

private:
    std::uint64_t max_;
    std::shared_ptr<std::atomic<std::uint64_t>> used_;  // never null
};

/// The limits of one peer that need a state. (The maximum packet amount needs none and is a term of the peer.) When one
/// of them changes, the peer gets a new object, which shares the state of the others with the old one.
struct peer_limits {
    std::shared_ptr<token_bucket> packet_rate;          ///< null if there is no limit
    std::shared_ptr<token_bucket> incoming_throughput;  ///< null if there is no limit
    std::shared_ptr<token_bucket> outgoing_throughput;  ///< null if there is no limit
    std::optional<amount_in_use> in_flight_amount;      ///< of packets from the peer
};

/// The bound `max` on what `before` counts. Without a bound nothing is counted, so a first bound starts at 0.
std::optional<amount_in_use> with_max(const std::optional<amount_in_use>& before, std::optional<ilp::amount> max);

/// The limits from which one packet has taken its amounts. They are kept alive because a change of the terms may
/// replace them while the packet is in flight. A copy refers to what the same packet has taken.
class taken_limits {
public:
    enum class shortage : std::uint8_t { none, in_flight_amount, incoming_throughput, outgoing_throughput };

    /// Takes everything or nothing, and says what was short. `next_hop` is null for a packet that this node fulfills.
    shortage try_take(const std::shared_ptr<peer_limits>& sender, ilp::amount incoming,
                      const std::shared_ptr<peer_limits>* next_hop, ilp::amount outgoing, ilp::steady_time now);

    /// The packet was not fulfilled: what it has taken of the throughput of both peers is free again. `held_for`: the
    /// time since it was taken. After the time that a bucket takes to fill, nothing is given back: without the packet,
    /// as much would have overflowed by now, and packets that fail together would allow a burst above the limit.
    void give_back_throughput(ilp::amount incoming, ilp::amount outgoing,
                              std::chrono::nanoseconds held_for) const noexcept;

    /// The packet has ended: its amount in flight is free again.
    void end(ilp::amount incoming) noexcept;

private:
    std::shared_ptr<peer_limits> sender_;    ///< null if nothing of it was taken
    std::shared_ptr<peer_limits> next_hop_;  ///< null if nothing of it was taken
};

}  // namespace peering
