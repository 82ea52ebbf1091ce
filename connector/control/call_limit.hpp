#pragma once

#include <atomic>

namespace connector {

/// Bounds the calls of one kind that wait for another node. Each occupies a thread of the Admin API, and some threads
/// must remain for other requests, so beyond the bound a call fails at once instead of waiting. Thread-safe.
class call_limit {
public:
    explicit call_limit(int max) : max_{max} {}

    /// A call in progress, for as long as the object exists.
    class call {
    public:
        explicit call(call_limit& limit) : limit_{limit}, is_within_{++limit.in_progress_ <= limit.max_} {}
        ~call() { --limit_.in_progress_; }
        call(const call&) = delete;
        call& operator=(const call&) = delete;

        /// False if there are too many already, so that the call must fail.
        bool is_within_bound() const noexcept { return is_within_; }

    private:
        call_limit& limit_;
        const bool is_within_;
    };

private:
    const int max_;
    std::atomic<int> in_progress_ = 0;
};

}  // namespace connector
