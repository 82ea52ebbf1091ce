#pragma once

#include "tests/bench/operator_work.hpp"
#include "tests/bench/proxies.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

inline constexpr double kib_per_mib = 1024;

/// Between two changes of an operator who works while packets flow.
inline constexpr std::chrono::milliseconds mutation_interval{10};

/// What becomes of every packet of a measurement.
enum class outcome : std::uint8_t {
    fulfilled,
    rejected,  ///< by the next hop
    refused,   ///< by the proxy itself: the next hop sees none
};

/// What the generator does in one measurement. A new scenario starts with a new field here.
struct load {
    std::size_t connections = 1;
    std::size_t data_size = 0;
    std::size_t senders = 1;  ///< each with a token of its own, in turn over the connections
    std::size_t idle = 0;     ///< connections besides, which send one packet each and then stay open
    std::uint64_t amount = 1;
    std::vector<std::string> destinations{std::string{destination}};  ///< each connection takes them in turn
    bench::outcome outcome = outcome::fulfilled;
    double warm_up_seconds = 0.5;
    double seconds = 2;
    std::chrono::milliseconds mutation_interval{0};  ///< of an operator who works meanwhile; 0: there is none
};

/// One measurement: one proxy under one load.
struct sample {
    std::string trouble;  ///< empty when every answer of the whole run was right
    double packets_per_second = 0;
    double cpu_us = 0;              ///< user and system time of the proxy per packet
    double database_cpu_us = 0;     ///< the same of its database server, warm-up included
    double commit_ms = 0;           ///< mean time of a commit, warm-up included; 0: there are none
    double packets_per_commit = 0;  ///< mean
    double p50_ms = 0;
    double p99_ms = 0;
    double p999_ms = 0;
    double switches = 0;             ///< context switches of all threads of the proxy, per packet
    double resident_before_kib = 0;  ///< memory of the proxy before the first packet
    double resident_kib = 0;         ///< at the end of the window
    double peak_kib = 0;             ///< since the proxy was started
    double proxy_core_busy = 0;      ///< share of the window that the proxy was running
    double load_core_busy = 0;       ///< the same of generator and constant peer
    double others_busy = 0;          ///< cores that other programs took, warm-up included: 0.1 is a tenth of one core
    std::size_t prepare_octets = 0;  ///< of one packet
    std::size_t request_octets = 0;  ///< of one packet with its HTTP head
    boost::json::object generator;   ///< what the generator printed
    deed_times mutation_ms{};        ///< what an operator did meanwhile, warm-up included
};

/// Runs the generator against the proxy. Throws when it cannot be run at all, or when `interrupted` is set meanwhile.
sample measure(const setup& setup, const proxy& under_test, const constant_peers& next_hops, const load& load);

/// What the generator prints when it runs against the proxy, with options on top of those that the load says.
boost::json::object generate(const setup& setup, const proxy& under_test, const constant_peers& next_hops,
                             const load& load, const std::vector<std::string>& more_options = {});

/// Memory of these processes that is in use now.
double resident_kib(const std::vector<pid_t>& pids);

/// User and system time of these processes so far.
double cpu_seconds(const std::vector<pid_t>& pids);

/// Set by a signal handler.
extern volatile std::sig_atomic_t interrupted;

}  // namespace bench
