#pragma once

#include "ilp/clock.hpp"
#include "ilp/timestamp.hpp"

#include <chrono>
#include <cstddef>
#include <vector>

namespace ilp {

/// What the wall clock has shown since the first call of observe(). It answers how old something is that was stored
/// with a time of the wall clock, even if the wall clock has been set since. Before the first call, both clocks are
/// taken to have run at the same pace.
///
/// Call observe() before each question and whenever a time is stored. Changes below `step_min` are ignored.
class wall_history {
public:
    static constexpr std::chrono::milliseconds step_min{100};
    static constexpr std::size_t steps_max = 64;  ///< the oldest steps are forgotten beyond it

    void observe(const instant& now);

    // Precondition of the questions: observe() has been called.

    /// When the wall clock showed `stored`, the last time if it did so more than once, and never later than the last
    /// call of observe(). A time that it has not reached was stored by an earlier run of the program with another
    /// clock: the result is the time of the first call, so that whoever waits for a time after that does not wait for
    /// the wall clock.
    steady_time moment_of(timestamp stored) const;

    /// How long ago that was at the last call of observe().
    std::chrono::nanoseconds age_of(timestamp stored) const { return last_ - moment_of(stored); }

    /// The earliest time that the wall clock has shown during the last `span`: whatever was stored with an earlier time
    /// is older.
    timestamp earliest_within(std::chrono::milliseconds span) const;

private:
    std::vector<instant> steps_;  // the first call, and each call that found the wall clock set
    steady_time last_;
};

}  // namespace ilp
