#pragma once

#include "ilp/clock.hpp"

#include <atomic>
#include <cstdint>
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

    bool has_terms(std::uint64_t rate, std::uint64_t burst) const noexcept;

private:
    std::uint64_t units_for(std::uint64_t tokens) const noexcept;

    std::uint64_t rate_;
    std::uint64_t burst_;
    std::uint64_t units_per_second_;
    std::uint64_t burst_units_;  // time to fill an empty bucket
    std::atomic<std::uint64_t> full_at_{0};
};

/// The rate limits of one peer. (The maximum packet amount is not here: it needs no state and is a term of the peer.)
struct peer_limits {
    std::optional<token_bucket> packet_rate;
    std::optional<token_bucket> incoming_throughput;
    std::optional<token_bucket> outgoing_throughput;
};

}  // namespace peering
