#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/proxies.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// What would disturb a timed measurement, taken in one of its own. What the system cannot tell is empty.
struct inspection {
    std::map<std::string, double> system_calls{};  ///< per packet, by name
    std::optional<double> allocations{};           ///< calls of the heap per packet
    std::optional<double> database_allocations{};  ///< of the database's library, besides
};

/// Starts the proxy with a counter of its heap, and perf beside it, and ends both. Nothing else may have started it.
inspection inspect(const setup& setup, const place& place, const constant_peers& next_hops, const load& load);

inline constexpr std::string_view other_calls = "others";

/// The counts in what `perf stat -x,` has written about raw_syscalls:sys_enter and syscalls:sys_enter_*, without those
/// that are 0; what only the first has seen is `other_calls`.
std::map<std::string, double> read_system_calls(std::string_view report);

}  // namespace bench
