#pragma once

#include "tests/bench/inspection.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// All repetitions of one variant at one point of a scenario: a row of the table.
struct result {
    std::string scenario{};
    std::string point{};
    std::string variant{};
    reference beside{};  ///< in the same scenario; may not have been measured
    bench::shape shape{};
    bench::load load{};
    std::vector<sample> samples{};  ///< in the order of the repetitions
    bench::inspection inspection{};
};

/// The variant that stores nothing. The additional cost of a durable one is the cost of its commits.
inline constexpr std::string_view without_commits = "ilpd-memory";

/// Where and how the measurements were taken.
struct conditions {
    std::string time;  ///< UTC
    std::string cpu;
    unsigned cores = 0;
    std::string kernel;
    std::string file_system;  ///< of the databases
    std::vector<std::string> versions;
    int proxy_core = 0;
    int load_core = 1;
    std::size_t repetitions = 0;
    double seconds = 0;
    double warm_up_seconds = 0;
};

conditions read_conditions(const setup& setup);

/// The improvement over the reference: medians over the repetitions, each compared with its neighbour in time.
struct ratios {
    double packets_per_second = 0;
    double packets_per_cpu_second = 0;
};

/// Null if it was not measured.
const result* find_result(std::string_view scenario, const reference& wanted, const std::vector<result>& results);

ratios compare(const result& result, const bench::result& reference);

/// The additional resident memory per idle connection compared with the reference. Empty unless there are more idle
/// connections.
std::optional<double> kib_per_idle_connection(const result& result, const bench::result& reference);

/// The same per peer in the store, after the start. Also empty if the numbers of routes per peer differ.
std::optional<double> kib_per_peer(const result& result, const bench::result& reference);

double median(const result& result, double sample::* which);

/// 0 if there are no values.
double median_of(std::vector<double> values);

/// Machine, programs, cores and length of the measurements, as printed below the tables.
std::string as_text(const conditions& conditions);
boost::json::value to_json(const conditions& conditions);

std::string as_table(const conditions& conditions, const std::vector<result>& results);
boost::json::value as_json(const conditions& conditions, const std::vector<result>& results);

}  // namespace bench
