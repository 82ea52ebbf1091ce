#pragma once

#include "ilp/amount.hpp"
#include "ilp/clock.hpp"
#include "ilp/payment/round_trip_times.hpp"

#include <chrono>
#include <cstddef>

namespace ilp {

/// How much of a payment may be in flight, and how fast packets may leave: one window in packets, one in value, and a
/// pace. All three learn from the answers, as the congestion windows of TCP do (RFC 5681).
///
/// | answer | what it does |
/// | --- | --- |
/// | Fulfill | the window in packets doubles with each round trip until the first cut, then grows by one packet a round
/// trip, and not at all while the path is slow; a value window that was cut and a pace grow slowly | | T02, T05 | the
/// pace is half of what it was; sending pauses for a round trip | | T03 | the window in packets is halved; sending
/// pauses for a round trip | | T04 | the window in value is half of what was in flight |
///
/// Many answers of one kind arrive together. Only an answer to a packet that left after the last cut says something
/// new, so each window is cut at most once a round trip. Pauses double while no packet is fulfilled.
class send_window {
public:
    using duration = std::chrono::nanoseconds;

    static constexpr std::size_t packets_first = 16;
    static constexpr duration pause_min = std::chrono::milliseconds{10};
    static constexpr duration pause_max = std::chrono::seconds{2};
    static constexpr duration interval_max = std::chrono::seconds{1};

    /// `packets_max`: the most packets that may ever be in flight, at least 1.
    explicit send_window(std::size_t packets_max) noexcept;

    std::size_t packets() const noexcept { return packets_; }
    /// amount::max() while nothing has limited it; never zero.
    amount value() const noexcept { return value_; }
    /// The time before which no packet may leave.
    steady_time opens_at() const noexcept { return std::max(paused_until_, next_packet_at_); }

    void sent(steady_time now) noexcept;
    void fulfilled(amount sent_amount, steady_time now, const round_trip_times& times) noexcept;

    // `sent_at`: when the packet left that was answered. `in_flight`: with this packet.

    void rate_limited(steady_time sent_at, steady_time now, std::size_t in_flight,
                      const round_trip_times& times) noexcept;
    void busy(steady_time sent_at, steady_time now, std::size_t in_flight, const round_trip_times& times) noexcept;
    void short_of_liquidity(steady_time sent_at, steady_time now, amount in_flight,
                            const round_trip_times& times) noexcept;

    /// Lets nothing leave for a round trip, or longer if nothing was fulfilled since the last pause.
    void pause(steady_time now, const round_trip_times& times) noexcept;

private:
    std::size_t packets_max_;
    std::size_t packets_;
    std::size_t slow_above_;  // below it, packets_ doubles with each round trip
    std::size_t grown_ = 0;   // packets fulfilled since packets_ has last grown by one
    steady_time packets_cut_ = steady_time::min();

    amount value_ = amount::max();
    steady_time value_cut_ = steady_time::min();

    duration interval_{0};  // between packets; 0 without a pace
    steady_time pace_changed_ = steady_time::min();
    steady_time next_packet_at_{};

    unsigned pauses_ = 0;  // since the last packet was fulfilled
    steady_time paused_until_{};
};

}  // namespace ilp
