#pragma once

#include "tests/bench/measure.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// All repetitions of one variant under one load.
struct result {
    std::string variant;
    bench::load load;
    std::vector<sample> samples;  ///< in the order of the repetitions
};

/// The variant that keeps nothing: what a durable one takes more is the price of its commits.
inline constexpr std::string_view without_commits = "ilpd-memory";

/// Where and how was measured.
struct conditions {
    std::string time;  ///< UTC
    std::string cpu;
    unsigned cores = 0;
    std::string kernel;
    std::string file_system;  ///< that holds the databases
    std::vector<std::string> versions;
    int proxy_core = 0;
    int load_core = 1;
    std::size_t repetitions = 0;
    double seconds = 0;
    double warm_up_seconds = 0;
};

conditions read_conditions(const setup& setup);

/// Of no values: 0.
double median_of(std::vector<double> values);

/// Machine, programs, cores and length of the measurements, as tables end with them.
std::string as_text(const conditions& conditions);
boost::json::value to_json(const conditions& conditions);

std::string as_table(const conditions& conditions, const std::vector<result>& results);
boost::json::value as_json(const conditions& conditions, const std::vector<result>& results);

}  // namespace bench
