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
/// as the difference between two runs with different numbers of packets.
namespace bench {

struct instruction_plan {
    std::uint64_t core_packets = 20'000;  ///< in the short run; the long one has five times as many
    std::uint64_t loop_packets = 1'000;
    std::size_t connections = 100;
};

struct instruction_count {
    std::string what;
    double per_packet = 0;
};

/// Empty if valgrind is not installed.
std::vector<instruction_count> count_instructions(const setup& setup, const constant_peers& next_hops,
                                                  const instruction_plan& plan);

/// The count that callgrind prints when it ends; empty if it prints none.
std::optional<double> read_collected(std::string_view output);

std::string as_table(const conditions& conditions, const std::vector<instruction_count>& counts);
boost::json::value as_json(const conditions& conditions, const std::vector<instruction_count>& counts);

}  // namespace bench
