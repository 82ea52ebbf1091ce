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

    /// When the wall clock will show `time`, which is at most a century away, if nobody sets it.
    steady_time when(timestamp time) const noexcept { return steady + (time - wall); }
};

/// The system clock, which an operator or NTP may set at any time. It is for times that others read or write: expiries
/// of packets, signatures, and the times of rows and of lines in the log. It must not be used to measure or to await
/// how much time passes: a time that comes from outside is converted once (`instant::when`), and the age of a stored
/// one is looked up (`wall_history`).
inline timestamp wall_clock() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

inline instant read_clocks() {
    return {wall_clock(), std::chrono::steady_clock::now()};
}

}  // namespace ilp
