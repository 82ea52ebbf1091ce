#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/proxies.hpp"
#include "tests/bench/report.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What one peer keeps of its own rate beside another one that sends as much as it can.
namespace bench {

struct fairness_plan {
    std::vector<std::string> variants{"ilpd-memory", "ilpd-sqlite"};
    std::vector<std::size_t> others{10, 100, 1000};  ///< connections of the other peer
    std::size_t connections = 10;                    ///< of the peer that is measured
    double asked = 0.2;                              ///< of its rate alone, when it asks for less than its share
    std::uint64_t packet_rate = 1000;                ///< of the other peer, when it has a limit
    std::size_t repetitions = 9;
    double warm_up_seconds = 0.3;
    double seconds = 1;
};

/// Medians over the repetitions. Each repetition compares measurements made one after the other.
struct fairness_result {
    std::string variant;
    std::size_t others = 0;
    bool is_limited = false;   ///< the other peer is above its packet rate, and most of its packets are refused
    double alone = 0;          ///< packets/s of the peer, as many as it can
    double kept = 0;           ///< share of the rate that it asks for, when it asks for little
    double own = 0;            ///< packets/s beside the other peer, as many as it can
    double of_other = 0;       ///< packets/s of the other peer meanwhile, those that are refused included
    double share = 0;          ///< of the packets that are fulfilled for both
    double of_alone = 0;       ///< `own` divided by `alone`
    double of_fair_share = 0;  ///< `own` divided by the fair share: half of both, or `alone` if that is less
};

std::vector<fairness_result> measure_fairness(const setup& setup, const constant_peers& next_hops,
                                              const fairness_plan& plan);

std::string as_table(const conditions& conditions, const fairness_plan& plan,
                     const std::vector<fairness_result>& results);
boost::json::value as_json(const conditions& conditions, const fairness_plan& plan,
                           const std::vector<fairness_result>& results);

}  // namespace bench
