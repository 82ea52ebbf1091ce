#pragma once

#include <chrono>

namespace ilp {

/// How long answers take on a path, and how much time a packet is therefore given. Liquidity is tied on the whole path
/// until a packet expires, so a packet is given a few round trips instead of the usual 30 s. It must also be given what
/// each connector on the way subtracts from the expiry, commonly 1 s, which does not show in the times: it is learned
/// from R02 and R00.
///
/// A plain value, which can be kept for the next payment along the same path.
class round_trip_times {
public:
    using duration = std::chrono::nanoseconds;
    static constexpr duration lifetime_max =
        std::chrono::seconds{30};  ///< connectors hold a packet no longer, by custom

    void measured(duration time) noexcept;
    /// A packet had too little time (R02), or maybe too little (R00): the next packets get twice as much for the
    /// connectors, up to `lifetime_max`.
    void had_too_little_time() noexcept;

    /// The same for the next payment, which begins with nothing in flight: its first measurement takes the place of the
    /// average and of the least. Otherwise the packets of one payment would slow the next one down, and a path that has
    /// become longer would seem slow for ever.
    round_trip_times at_rest() const noexcept;

    bool is_known() const noexcept { return smoothed_ > duration::zero(); }
    /// The moving average. Before the first measurement it is a guess.
    duration smoothed() const noexcept { return is_known() ? smoothed_ : first_guess; }
    /// True if answers take much longer than they have on this path: more is in flight than the path takes.
    bool is_slow() const noexcept { return is_known() && smoothed_ > 2 * least_ + jitter; }
    /// The time from now to the expiry of a packet.
    duration lifetime() const noexcept;

private:
    static constexpr duration first_guess = std::chrono::milliseconds{500};
    static constexpr duration jitter = std::chrono::milliseconds{10};  // less is the noise of a busy machine

    duration smoothed_{0};
    duration deviation_{0};
    duration least_{0};
    bool is_at_rest_ = false;
    duration allowance_ = std::chrono::seconds{5};  // for four connectors, and the receiver
};

}  // namespace ilp
