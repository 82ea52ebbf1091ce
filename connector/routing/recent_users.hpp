#pragma once

#include "ilp/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace connector {

/// Knows whether more than one peer has used something lately. What is shared is divided only while others want it: a
/// peer alone may have all of it.
class recent_users {
public:
    /// `memory`: how long a user counts after its last use.
    explicit recent_users(ilp::steady_time::duration memory) noexcept : memory_{memory} {}

    /// True if there are others than this user.
    bool has_others(std::uint32_t user, ilp::steady_time now) const noexcept {
        return now < shared_until_ || (user != last_ && last_ != nobody && now < last_at_ + memory_);
    }

    /// Notes a use, and returns true if there are others than this user.
    bool note(std::uint32_t user, ilp::steady_time now) noexcept {
        if (user != last_ && last_ != nobody) shared_until_ = std::max(shared_until_, last_at_ + memory_);
        last_ = user;
        last_at_ = now;
        return now < shared_until_;
    }

private:
    static constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

    ilp::steady_time::duration memory_;
    ilp::steady_time shared_until_{};
    std::uint32_t last_ = nobody;
    ilp::steady_time last_at_{};
};

}  // namespace connector
