#pragma once

#include "tests/bench/proxies.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/targets.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What it saves that packets cross a link in parts: payments of @interledger/pay through two daemons whose link has a
/// maximum, with parts beside without.
namespace bench {

struct splitting_plan {
    std::string variant{without_commits};
    std::uint64_t amount = 1'000'000;  ///< of a payment; the link's maximum is packet_amount
    std::vector<std::size_t> parts_max{8, 16, 256};
    std::size_t repetitions = 3;
};

/// Payments over a link that takes a packet in so many parts: medians.
struct splitting_result {
    std::size_t parts_max = 0;  ///< 0: in none
    double seconds = 0;         ///< with the quote
    double packets = 0;         ///< that were fulfilled
    double cpu_us = 0;          ///< of both daemons, per packet_amount that has arrived
};

struct splitting_results {
    std::vector<splitting_result> rows{};  ///< the first is that without parts; none without @interledger/pay
    std::vector<std::string> troubles{};   ///< what did not arrive, or not to the unit
};

splitting_results measure_splitting(const setup& setup, const splitting_plan& plan);

/// The time of a payment with 16 and with 256 parts, and the CPU of a packet in 8 parts beside 8 packets.
std::vector<target> check_targets(const splitting_results& results);

std::string as_table(const conditions& conditions, const splitting_plan& plan, const splitting_results& results);
boost::json::value as_json(const conditions& conditions, const splitting_plan& plan, const splitting_results& results);

}  // namespace bench
