#pragma once

#include "ilp/amount.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace peering {

/// Time of a clock that never goes back, as limits and deadlines need it.
using steady_time = std::chrono::steady_clock::time_point;

/// A token bucket in one atomic word (the generic cell rate algorithm): it keeps the time at which the bucket will be
/// full again. Shared by all threads, lock-free.
class token_bucket {
public:
    /// `rate` tokens a second flow in; at most `burst` are kept. Both above 0.
    token_bucket(std::uint64_t rate, std::uint64_t burst) noexcept;

    /// Takes `tokens` or nothing. More than `burst` at once never passes.
    bool try_take(std::uint64_t tokens, steady_time now) noexcept;

private:
    std::uint64_t rate_;
    std::uint64_t burst_ns_;  ///< time to fill an empty bucket
    std::atomic<std::uint64_t> full_at_ns_{0};
};

/// The limits of one peer that count over time (the maximum packet amount needs no memory: it is a term of the peer).
struct peer_limits {
    std::optional<token_bucket> packet_rate;
    std::optional<token_bucket> incoming_throughput;
    std::optional<token_bucket> outgoing_throughput;
};

}  // namespace peering
