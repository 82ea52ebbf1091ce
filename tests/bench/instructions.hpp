#pragma once

#include "tests/bench/proxies.hpp"
#include "tests/bench/report.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Instructions per packet, which do not depend on what else the machine does. They are counted by valgrind's callgrind
/// as the difference between two runs with different numbers of packets. Those in OpenSSL's libraries are counted
/// apart.
namespace bench {

struct instruction_plan {
    std::uint64_t core_packets = 20'000;  ///< in the short run; the long one has five times as many
    std::uint64_t loop_packets = 4'000;
    std::size_t connections = 100;
    std::size_t http2_connections = 4;
    std::size_t streams = 250;  ///< on each of these
};

/// Instructions by the library that they are in.
struct instruction_costs {
    double own = 0;        ///< everything but OpenSSL
    double libcrypto = 0;  ///< encryption, and also the SHA-256 of each fulfillment
    double libssl = 0;     ///< the records of TLS

    bool operator==(const instruction_costs&) const = default;
};

struct instruction_count {
    std::string what;
    instruction_costs per_packet;
};

/// Empty if valgrind is not installed.
std::vector<instruction_count> count_instructions(const setup& setup, const constant_peers& next_hops,
                                                  const instruction_plan& plan);

/// Adds up the costs in a profile that callgrind has written, without those that calls have caused elsewhere. Empty if
/// it is not a complete profile: its total must be the sum.
std::optional<instruction_costs> read_costs(std::string_view profile);

std::string as_table(const conditions& conditions, const std::vector<instruction_count>& counts);
boost::json::value as_json(const conditions& conditions, const std::vector<instruction_count>& counts);

}  // namespace bench
