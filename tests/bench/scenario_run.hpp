#pragma once

#include "tests/bench/report.hpp"
#include "tests/bench/scenarios.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

struct scenario_plan {
    bench::sizes sizes;
    std::vector<std::string> variants;  ///< empty: the scenario's own
    std::size_t data_size = 0;          ///< used where the scenario does not set it
    std::size_t repetitions = 3;
    double warm_up_seconds = 0.5;
    double seconds = 2;
    bool inspect = true;      ///< after the repetitions, with proxies of its own
    bool inspect_all = true;  ///< otherwise only the first row
    double inspect_seconds = 0.5;
    bool keep = false;  ///< whether to keep the stores
};

/// Measures all points of a scenario with all variants. Rows that are compared are measured close together in time.
std::vector<result> measure_scenario(const setup& setup, const constant_peers& next_hops, const scenario& scenario,
                                     const scenario_plan& plan);

}  // namespace bench
