#include "ilp/payment/round_trip_times.hpp"

#include <algorithm>

namespace ilp {

// The averages are those of RFC 6298, section 2.

void round_trip_times::measured(duration time) noexcept {
    time = std::clamp(time, duration{1}, lifetime_max);
    if (!is_known()) {
        smoothed_ = least_ = time;
        deviation_ = time / 2;
        return;
    }
    if (is_at_rest_) {
        is_at_rest_ = false;
        smoothed_ = least_ = time;
        return;
    }
    const duration difference = time > smoothed_ ? time - smoothed_ : smoothed_ - time;
    deviation_ += (difference - deviation_) / 4;
    smoothed_ = std::max(smoothed_ + (time - smoothed_) / 8, duration{1});
    least_ = std::min(least_, time);
}

void round_trip_times::had_too_little_time() noexcept {
    allowance_ = std::min(2 * allowance_, lifetime_max);
}

round_trip_times round_trip_times::at_rest() const noexcept {
    round_trip_times rested = *this;
    rested.smoothed_ = least_;
    rested.is_at_rest_ = true;
    return rested;
}

auto round_trip_times::lifetime() const noexcept -> duration {
    return std::min(2 * smoothed() + 4 * deviation_ + allowance_, lifetime_max);
}

}  // namespace ilp
