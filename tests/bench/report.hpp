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
    reference beside{};  ///< in the same scenario; need not have been measured
    bench::shape shape{};
    bench::load load{};
    std::vector<sample> samples{};  ///< in the order of the repetitions
    bench::inspection inspection{};
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

/// How much better than the reference: medians over the repetitions, each compared with its neighbour in time.
struct ratios {
    double packets_per_second = 0;
    double packets_per_cpu_second = 0;
};

/// Null: it was not measured.
const result* find_result(std::string_view scenario, const reference& wanted, const std::vector<result>& results);

ratios compare(const result& result, const bench::result& reference);

/// Resident memory that each idle connection takes beyond the reference; empty: there are no more of them.
std::optional<double> kib_per_idle_connection(const result& result, const bench::result& reference);

/// The same of each peer in the store, after the start; empty also when they have other numbers of routes.
std::optional<double> kib_per_peer(const result& result, const bench::result& reference);

double median(const result& result, double sample::* which);

/// Of no values: 0.
double median_of(std::vector<double> values);

/// Machine, programs, cores and length of the measurements, as tables end with them.
std::string as_text(const conditions& conditions);
boost::json::value to_json(const conditions& conditions);

std::string as_table(const conditions& conditions, const std::vector<result>& results);
boost::json::value as_json(const conditions& conditions, const std::vector<result>& results);

}  // namespace bench
