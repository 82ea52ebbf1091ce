#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/proxies.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/targets.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What one peer keeps of its own rate beside another one that sends as much as it can, and how several peers share the
/// daemon when each of them asks for everything.
namespace bench {

struct fairness_plan {
    std::vector<std::string> variants{"ilpd-memory", "ilpd-sqlite"};
    std::vector<std::size_t> others{10, 100, 1000};  ///< connections of the other peer
    std::size_t connections = 10;                    ///< of the peer that is measured
    double asked = 0.2;                              ///< of its rate alone, when it asks for less than its share
    std::uint64_t packet_rate = 1000;                ///< of the other peer, when it has a limit
    /// The connections of peers that ask for everything at the same time.
    std::vector<std::vector<std::size_t>> crowds{{10, 10},         {10, 100},          {10, 1000},
                                                 {10, 10, 10, 10}, {10, 10, 10, 1000}, std::vector<std::size_t>(8, 10)};
    std::size_t streams = 50;            ///< packets in flight on each of their connections
    std::size_t in_flight_max = 10'000;  ///< of one of them, who then has fewer on each
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

/// One measurement of peers that ask for everything.
struct crowd_sample {
    std::vector<double> rates{};  ///< packets/s that are fulfilled, of each peer
    double refused = 0;           ///< packets/s of all of them
    double proxy_core_busy = 0;
    double load_core_busy = 0;  ///< generators and constant peer; if it is full, it may hide what the daemon does
};

/// Medians over the repetitions.
struct crowd_result {
    std::string variant;
    std::vector<std::size_t> connections{};  ///< of each peer
    double whole = 0;                        ///< packets/s of all peers
    std::vector<double> shares{};            ///< of the whole, of each peer
    double least = 0;                        ///< the smallest share, divided by an equal one
    double refused = 0;
    double proxy_core_busy = 0;
    double load_core_busy = 0;
};

crowd_result summarize(std::string variant, std::vector<std::size_t> connections,
                       const std::vector<crowd_sample>& samples);

struct fairness_results {
    std::vector<fairness_result> beside_one{};
    std::vector<crowd_result> crowds{};
};

fairness_results measure_fairness(const setup& setup, const constant_peers& next_hops, const fairness_plan& plan);

/// Two for each variant: what a peer keeps when it asks for little, and its share when all ask for everything.
std::vector<target> check_targets(const fairness_plan& plan, const fairness_results& results);

std::string as_table(const conditions& conditions, const fairness_plan& plan, const fairness_results& results);
boost::json::value as_json(const conditions& conditions, const fairness_plan& plan, const fairness_results& results);

}  // namespace bench
