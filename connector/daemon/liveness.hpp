#pragma once

#include <chrono>
#include <cstdint>

namespace connector {

/// Knows whether the daemon's loops still turn. A round asks all of them for an answer; it ends when each has answered,
/// and the next one begins after a pause. Whoever waits for the end of a round notices a loop that is stuck. For one
/// thread.
class liveness {
public:
    using time = std::chrono::steady_clock::time_point;

    explicit liveness(std::chrono::microseconds pause) : pause_{pause} {}

    /// True if all loops have answered and it is time to ask again.
    bool is_due(time now) const noexcept { return workers_answered_ && committer_answered_ && now >= next_; }

    /// Begins a round and returns its number, which the answers have to name.
    std::uint64_t begin(time now) noexcept {
        next_ = now + pause_;
        workers_answered_ = committer_answered_ = false;
        return ++round_;
    }
    void workers_answered(std::uint64_t round) noexcept { workers_answered_ |= round == round_; }
    void committer_answered(std::uint64_t round) noexcept { committer_answered_ |= round == round_; }

    bool awaits_committer() const noexcept { return !committer_answered_; }
    std::uint64_t round() const noexcept { return round_; }

private:
    std::chrono::microseconds pause_;
    time next_{};
    std::uint64_t round_ = 0;
    bool workers_answered_ = true;
    bool committer_answered_ = true;
};

}  // namespace connector
