#pragma once

#include "tests/bench/report.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The targets for ilpd and the values that it has reached. They are for information only: nothing fails.
namespace bench {

struct target {
    std::string what;
    double bound = 0;
    bool is_at_most = false;
    std::optional<double> reached{};  ///< empty: not measured

    bool is_met() const { return reached && (is_at_most ? *reached <= bound : *reached >= bound); }
};

/// The scenarios and connections that the targets need. Besides these, there is what fairness.hpp measures.
inline constexpr std::string_view target_scenarios[]{"connections", "routes", "peers", "history",  "workers",
                                                     "idle",        "http2",  "tls",   "idle-tls", "floods"};
inline constexpr std::size_t target_connections[]{50, 100, 400};
/// Those of them in which heap allocations are counted for a target.
inline constexpr std::string_view target_inspections[]{"connections", "http2", "tls"};

std::vector<target> check_targets(const std::vector<result>& results);

std::string as_table(const std::vector<target>& targets);
boost::json::value as_json(const std::vector<target>& targets);

}  // namespace bench
