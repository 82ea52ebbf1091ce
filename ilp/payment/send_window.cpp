#include "ilp/payment/send_window.hpp"

#include "ilp/invariant.hpp"
#include "ilp/rate.hpp"

#include <algorithm>

namespace ilp {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds lateness_max = milliseconds{12};       // a timer that is late by so much is made up for
constexpr nanoseconds pace_grows_after = milliseconds{100};  // or a round trip, if that is longer
constexpr int pace_growth = 16;                              // a sixteenth faster each time
constexpr unsigned pauses_counted_max = 16;                  // doubling further changes nothing

}  // namespace

send_window::send_window(std::size_t packets_max) noexcept
    : packets_max_{packets_max}, packets_{std::min(packets_first, packets_max)}, slow_above_{packets_max} {
    require(packets_max > 0, "a payment may have a packet in flight");
}

void send_window::sent(steady_time now) noexcept {
    if (interval_ > duration::zero()) next_packet_at_ = std::max(next_packet_at_, now - lateness_max) + interval_;
}

void send_window::fulfilled(amount sent_amount, steady_time now, const round_trip_times& times) noexcept {
    pauses_ = 0;
    if (!times.is_slow() && packets_ < packets_max_) {
        if (packets_ < slow_above_) {
            ++packets_;
        } else if (++grown_ >= packets_) {
            grown_ = 0;
            ++packets_;
        }
    } else if (times.is_slow()) {
        slow_above_ = std::min(slow_above_, packets_);
    }
    if (value_ < amount::max()) {
        // By one packet of this amount for each time that the window was fulfilled.
        const uint128 growth = uint128{sent_amount.value} * sent_amount.value / value_.value + 1;
        const uint128 most = amount::max().value;
        value_.value = static_cast<std::uint64_t>(std::min(most, value_.value + growth));
    }
    if (interval_ > duration::zero() && now - pace_changed_ >= std::max(pace_grows_after, times.smoothed())) {
        pace_changed_ = now;
        interval_ -= interval_ / pace_growth;
    }
}

void send_window::rate_limited(steady_time sent_at, steady_time now, std::size_t in_flight,
                               const round_trip_times& times) noexcept {
    if (sent_at <= pace_changed_) return;
    const duration present = times.smoothed() / static_cast<duration::rep>(std::max<std::size_t>(in_flight, 1));
    interval_ = std::clamp(2 * std::max(interval_, present), duration{1}, interval_max);
    pace_changed_ = now;
    slow_above_ = std::min(slow_above_, packets_);
    next_packet_at_ = std::max(next_packet_at_, now + interval_);
    pause(now, times);
}

void send_window::busy(steady_time sent_at, steady_time now, std::size_t in_flight,
                       const round_trip_times& times) noexcept {
    if (sent_at <= packets_cut_) return;
    packets_cut_ = now;
    packets_ = std::max<std::size_t>(std::min(packets_, in_flight) / 2, 1);
    slow_above_ = packets_;
    grown_ = 0;
    pause(now, times);
}

void send_window::short_of_liquidity(steady_time sent_at, steady_time now, amount in_flight,
                                     const round_trip_times& times) noexcept {
    if (sent_at <= value_cut_) return;
    value_cut_ = now;
    value_ = {std::max<std::uint64_t>(std::min(value_, in_flight).value / 2, 1)};
    pause(now, times);
}

void send_window::pause(steady_time now, const round_trip_times& times) noexcept {
    if (now < paused_until_) return;
    const duration base = std::max(pause_min, std::min(times.smoothed(), pause_max));
    const auto doubled = base * (1LL << std::min(pauses_, pauses_counted_max));
    paused_until_ = now + std::min<duration>(doubled, pause_max);
    if (pauses_ < pauses_counted_max) ++pauses_;
}

}  // namespace ilp
