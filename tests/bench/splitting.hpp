#pragma once

#include "tests/bench/proxies.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/targets.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What it saves that packets cross a link in parts, and what it costs: payments of @interledger/pay through two
/// daemons whose link has a maximum, with parts beside without; and the CPU of two busy daemons for a packet in parts,
/// beside as many packets.
namespace bench {

struct splitting_plan {
    std::string variant{without_commits};
    std::uint64_t amount = 1'000'000;  ///< of a payment; the link's maximum is packet_amount
    std::vector<std::size_t> parts_max{8, 16, 256};
    std::size_t repetitions = 3;
    std::size_t busy_parts = 8;  ///< of a packet through busy daemons
    std::size_t connections =
        12;  ///< with packets in parts, over HTTP/1.1; for as many whole packets, `busy_parts` times
    std::size_t http2_connections = 4;
    std::size_t streams = 25;  ///< on each of these; likewise
    double warm_up_seconds = 0.3;
    double seconds = 1;
};

/// Payments over a link that takes a packet in so many parts: medians.
struct splitting_result {
    std::size_t parts_max = 0;  ///< 0: in none
    double seconds = 0;         ///< with the quote
    double packets = 0;         ///< that were fulfilled
    double cpu_us = 0;          ///< of both daemons, per packet_amount that has arrived
};

/// CPU of two busy daemons, in microseconds for the same amount, one value for each repetition.
struct busy_link {
    bool http2 = false;
    std::size_t parts = 0;
    std::vector<double> whole_us{};     ///< in as many packets as there are parts
    std::vector<double> in_parts_us{};  ///< in one packet that crosses the link in parts
};

struct splitting_results {
    std::vector<splitting_result> rows{};  ///< the first is that without parts; none without @interledger/pay
    std::vector<busy_link> busy{};
    std::vector<std::string> troubles{};  ///< what did not arrive, or not to the unit
};

splitting_results measure_splitting(const setup& setup, const constant_peers& next_hops, const splitting_plan& plan);

/// The median of the quotients of values that were measured one after the other.
double cpu_ratio(const busy_link& link);

/// The time of a payment with 16 and with 256 parts, and the CPU of a packet in 8 parts beside 8 packets.
std::vector<target> check_targets(const splitting_results& results);

std::string as_table(const conditions& conditions, const splitting_plan& plan, const splitting_results& results);
boost::json::value as_json(const conditions& conditions, const splitting_plan& plan, const splitting_results& results);

}  // namespace bench
