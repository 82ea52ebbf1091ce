#pragma once

#include "ilp/timestamp.hpp"

#include <chrono>

namespace ilp {

/// A time on a monotonic clock, used for limits, deadlines and every other elapsed time.
using steady_time = std::chrono::steady_clock::time_point;

/// Both clocks, read at the same moment.
struct instant {
    timestamp wall;
    steady_time steady;
};

/// The system clock, which an operator or NTP may set at any time: use it only to compare with packet expiries.
inline timestamp wall_clock() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

inline instant read_clocks() {
    return {wall_clock(), std::chrono::steady_clock::now()};
}

}  // namespace ilp
