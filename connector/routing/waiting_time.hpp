#pragma once

#include <chrono>

namespace connector {

/// A packet may wait for a connection to its next hop for half of the time until it expires there. The next hop
/// needs the other half to answer, and a packet that is refused before it was sent tells its sender that this node
/// refused it.
template <typename Duration>
constexpr Duration waiting_time_max(Duration time_left) noexcept {
    return time_left / 2;
}

}  // namespace connector
