#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/proxies.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// Figures that would disturb a timed measurement and are therefore taken in a run of their own. A figure that the
/// system cannot provide is empty.
struct inspection {
    std::map<std::string, double> system_calls{};  ///< per packet, by name
    std::optional<double> allocations{};           ///< heap calls per packet
    std::optional<double> database_allocations{};  ///< the same for the database's library
    std::optional<double> openssl_allocations{};   ///< the same for OpenSSL
};

/// Starts the proxy with a heap call counter, and perf beside it, and ends both. The proxy must not be running yet.
inspection inspect(const setup& setup, const place& place, const constant_peers& next_hops, const load& load);

inline constexpr std::string_view other_calls = "others";

/// The counts in the output of `perf stat -x,` for raw_syscalls:sys_enter and syscalls:sys_enter_*, without zeros.
/// Calls that only the former has counted are listed as `other_calls`.
std::map<std::string, double> read_system_calls(std::string_view report);

}  // namespace bench
