#pragma once

#include "ilp/clock.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace connector::http2 {

/// What the other side can cause in numbers without end, at a low cost to itself.
enum class flood : std::uint8_t {
    resets_received,
    resets_sent,  ///< that its frames made us send
    empty_data,   ///< that does not end its stream
    pings,
    settings,
    window_updates,
    ignored_frames,  ///< PRIORITY, unknown types, confirmations of SETTINGS, and header blocks that nobody waits for
    header_blocks,   ///< frames or fields of one block; the session bounds each block, and there is no budget
};
inline constexpr std::size_t flood_kinds = 8;
inline constexpr std::size_t flood_budgets = 7;  ///< the kinds before header_blocks

/// As metrics and the log call it.
constexpr std::string_view name_of(flood kind) noexcept {
    constexpr std::array<std::string_view, flood_kinds> names{"resets_received", "resets_sent",  "empty_data",
                                                              "pings",           "settings",     "window_updates",
                                                              "ignored_frames",  "header_blocks"};
    return names[static_cast<std::size_t>(kind)];
}

/// What one connection may cause of each kind: a number at once, and a rate in the long run. It uses no clock of its
/// own.
class flood_budget {
public:
    /// Returns false if the budget of this kind is used up.
    bool take(flood kind, ilp::steady_time now) noexcept {
        const bound& of_kind = bounds[index(kind)];
        bucket& has = buckets_[index(kind)];
        const auto elapsed = now - has.filled_at;
        if (elapsed >= unit) {
            const auto units = static_cast<std::uint64_t>(std::min<std::int64_t>(elapsed / unit, 1'000'000));
            has.used -= static_cast<std::uint32_t>(std::min<std::uint64_t>(has.used, units * of_kind.per_unit));
            has.filled_at = now;
        }
        if (has.used >= of_kind.at_once) return false;
        ++has.used;
        return true;
    }

    /// Gives back what an honest side would have had reason to send, such as a WINDOW_UPDATE for what it got.
    void give_back(flood kind, std::uint32_t count) noexcept {
        bucket& has = buckets_[index(kind)];
        has.used -= std::min(has.used, count);
    }

private:
    static constexpr std::chrono::milliseconds unit{100};

    struct bound {
        std::uint32_t at_once;
        std::uint32_t per_unit;
    };
    struct bucket {
        std::uint32_t used = 0;
        ilp::steady_time filled_at{};
    };

    static constexpr std::size_t index(flood kind) noexcept { return static_cast<std::size_t>(kind); }

    static constexpr std::array<bound, flood_budgets> bounds{{
        {.at_once = 1000, .per_unit = 20},  // resets_received: all packets of a connection may expire at once
        {.at_once = 1000, .per_unit = 10},  // resets_sent
        {.at_once = 100, .per_unit = 5},    // empty_data
        {.at_once = 100, .per_unit = 2},    // pings
        {.at_once = 20, .per_unit = 1},     // settings
        {.at_once = 2000, .per_unit = 50},  // window_updates, beyond those that our DATA explains
        {.at_once = 1000, .per_unit = 10},  // ignored_frames
    }};

    std::array<bucket, flood_budgets> buckets_{};
};

}  // namespace connector::http2
