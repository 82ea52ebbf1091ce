#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/report.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The cost of many peers compared with few: for a start, the Admin API, a reload, a scrape, memory, and packets.
namespace bench {

struct many_peers_plan {
    std::size_t peers = 100'000;
    std::size_t few = 10;         ///< peers of the daemon that it is compared with
    std::size_t starts = 3;       ///< also the number of reloads and scrapes
    std::size_t requests = 200;   ///< of each kind
    std::size_t repetitions = 3;  ///< of the packet measurements, alternating between many peers and few
    load packets;
};

struct figure {
    std::string name;
    std::string unit;
    double median = 0;
    std::optional<double> worst{};
};

/// All figures for one source of peers, in the order in which they were taken.
struct many_peers_result {
    std::string_view source;
    std::vector<figure> figures;
    std::vector<std::string> troubles;  ///< empty: every answer was correct
};

std::string_view to_text(peer_source source);

many_peers_result measure_many_peers(const setup& setup, const constant_peers& next_hops, peer_source source,
                                     const many_peers_plan& plan);

std::string as_table(const conditions& conditions, const many_peers_plan& plan,
                     const std::vector<many_peers_result>& results);
boost::json::value as_json(const conditions& conditions, const many_peers_plan& plan,
                           const std::vector<many_peers_result>& results);

}  // namespace bench
