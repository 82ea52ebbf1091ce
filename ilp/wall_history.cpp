#include "ilp/wall_history.hpp"

#include <algorithm>

namespace ilp {
namespace {

using std::chrono::floor;
using std::chrono::milliseconds;

constexpr std::chrono::years age_max{100};  // the steady clock can represent it

/// What the wall clock shows at `moment` if nobody sets it after `known`.
timestamp shown_at(const instant& known, steady_time moment) {
    return known.wall + floor<milliseconds>(moment - known.steady);
}

}  // namespace

void wall_history::observe(const instant& now) {
    last_ = now.steady;
    if (!steps_.empty()) {
        const auto difference = now.wall - shown_at(steps_.back(), now.steady);
        if (difference > -step_min && difference < step_min) return;
    }
    if (steps_.size() == steps_max) steps_.erase(steps_.begin());
    steps_.push_back(now);
}

steady_time wall_history::moment_of(timestamp stored) const {
    steady_time end = last_;
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
        const bool is_first = step + 1 == steps_.rend();
        if ((is_first || stored >= step->wall) && stored < shown_at(*step, end) + step_min) {
            return std::min(end, step->steady + (std::max<timestamp>(stored, step->wall - age_max) - step->wall));
        }
        end = step->steady;
    }
    return steps_.front().steady;
}

timestamp wall_history::earliest_within(std::chrono::milliseconds span) const {
    const steady_time moment = last_ - span;
    timestamp earliest = timestamp::max();
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
        const bool is_first = step + 1 == steps_.rend();
        if (is_first || step->steady <= moment) return std::min(earliest, shown_at(*step, moment));
        earliest = std::min(earliest, step->wall);
    }
    return earliest;
}

}  // namespace ilp
