#pragma once

#include "config/settings.hpp"
#include "ilp/clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peering {

enum class reachability_state : std::uint8_t {
    unknown,      ///< no packet has had an outcome yet
    reachable,    ///< the peer answers
    unreachable,  ///< it cannot be connected to, or does not answer
    refusing,     ///< it answers, but does not accept our packets: HTTP status 401, 503 and so on
};

/// Its name in the Admin API and in events.
constexpr std::string_view to_text(reachability_state state) noexcept {
    switch (state) {
        case reachability_state::reachable:
            return "REACHABLE";
        case reachability_state::unreachable:
            return "UNREACHABLE";
        case reachability_state::refusing:
            return "REFUSING";
        case reachability_state::unknown:
            break;
    }
    return "UNKNOWN";
}

/// How our packets to a peer have fared, by the latest of them. Nothing is sent just to find out, so this is as old as
/// the last packet or ping. It begins anew when the peer's endpoint or token changes, and is not kept across a restart.
struct peer_reachability {
    reachability_state state = reachability_state::unknown;
    std::optional<ilp::instant> since{};         ///< since when it has been reachable, or not; absent if unknown
    std::optional<ilp::instant> last_answer{};   ///< of the peer to a packet, whether a Fulfill or a Reject
    std::optional<ilp::instant> last_failure{};  ///< when a packet failed last
    std::string last_error{};                    ///< why it failed: short and printable
    std::optional<std::chrono::nanoseconds> round_trip{};  ///< smoothed, from sending a packet to its answer
    std::uint64_t answers = 0;                             ///< number of packets that were answered
    /// What its latest answer says that it accepts in parts; absent if that says nothing.
    std::optional<config::split_settings> split_accepted{};

    bool is_down() const noexcept {
        return state == reachability_state::unreachable || state == reachability_state::refusing;
    }
};

}  // namespace peering
