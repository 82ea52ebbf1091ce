#pragma once

#include "ilp/clock.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace connector {

/// When the answer to an asynchronous Prepare is posted again: after pauses that grow, and only until the Prepare
/// expires, because its sender takes no answer after that.
namespace reply_schedule {

inline constexpr std::chrono::milliseconds attempt_max{5000};  ///< then the attempt counts as failed
inline constexpr std::chrono::milliseconds first_pause{100};
inline constexpr std::chrono::milliseconds pause_max{5000};
inline constexpr unsigned attempts_max = 20;
inline constexpr std::chrono::seconds time_max{60};  ///< from the arrival of the Prepare, however late it expires

/// The time of the next attempt after `failed` ones, the last of which ended now; nullopt if there is none.
inline std::optional<ilp::steady_time> next_attempt(unsigned failed, ilp::steady_time now, ilp::steady_time until) {
    if (failed >= attempts_max) return std::nullopt;
    const auto doubled = first_pause * (1U << std::min(failed - 1, 10U));
    const ilp::steady_time next = now + std::min<std::chrono::milliseconds>(doubled, pause_max);
    return next < until ? std::optional{next} : std::nullopt;
}

/// True if the response to the last attempt ends all of them: the peer has the answer, or does not want it. `status` is
/// 0 if there was no response.
constexpr bool is_final(unsigned status) noexcept {
    switch (status) {
        case 401:  // also while our token is being changed on both sides
        case 408:
        case 425:
        case 429:
            return false;
        default:
            return status >= 200 && status < 500;
    }
}

}  // namespace reply_schedule
}  // namespace connector
