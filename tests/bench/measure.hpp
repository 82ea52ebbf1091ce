#pragma once

#include "tests/bench/operator_work.hpp"
#include "tests/bench/proxies.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline constexpr double kib_per_mib = 1024;

/// The time between two changes of an operator who works while packets flow.
inline constexpr std::chrono::milliseconds mutation_interval{10};

/// The result that every packet of a measurement has.
enum class outcome : std::uint8_t {
    fulfilled,
    rejected,  ///< by the next hop
    refused,   ///< by the proxy itself; the packet does not reach the next hop
};

/// The generator's work in one measurement. A new scenario usually begins with a new field here.
struct load {
    std::size_t connections = 1;
    std::size_t streams = 0;  ///< packets in flight on each connection, with HTTP/2; 0: one, with HTTP/1.1
    bool tls = false;         ///< needs a proxy with TLS
    std::string flood{};      ///< what a hostile client does meanwhile, see flood.cpp; empty: there is none
    std::size_t data_size = 0;
    std::size_t senders = 1;  ///< each with its own token; they share the packets in flight
    std::size_t first_sender = 0;
    double rate = 0;       ///< packets per second that are asked for; 0: as many as possible
    std::size_t idle = 0;  ///< connections that `idle_clients` keep open meanwhile
    std::uint64_t amount = 1;
    std::vector<std::string> destinations{std::string{destination}};  ///< each connection uses them in turn
    bench::outcome outcome = outcome::fulfilled;
    double warm_up_seconds = 0.5;
    double seconds = 2;
    std::chrono::milliseconds mutation_interval{0};  ///< of an operator who works meanwhile; 0: there is none
};

/// One measurement of one proxy under one load.
struct sample {
    std::string trouble;  ///< empty if every answer of the whole run was correct
    double packets_per_second = 0;
    double cpu_us = 0;              ///< user and system time of the proxy per packet
    double database_cpu_us = 0;     ///< the same for its database server, warm-up included
    double commit_ms = 0;           ///< mean duration of a commit, warm-up included; 0 without commits
    double packets_per_commit = 0;  ///< mean
    double p50_ms = 0;
    double p99_ms = 0;
    double p999_ms = 0;
    double switches = 0;             ///< context switches of all threads of the proxy, per packet
    double resident_before_kib = 0;  ///< memory of the proxy before the first packet
    double resident_kib = 0;         ///< memory at the end of the window
    double peak_kib = 0;             ///< maximum since the proxy was started
    double proxy_core_busy = 0;      ///< share of the window in which the proxy was running
    double load_core_busy = 0;       ///< the same for generator and constant peer
    double flood_core_busy = 0;      ///< the same for a hostile client, from its begin to its end
    double flood_per_second = 0;     ///< what it has done: frames, or complete handshakes
    double others_busy = 0;          ///< cores used by other programs, warm-up included: 0.1 is a tenth of one core
    std::size_t prepare_octets = 0;  ///< of one packet
    std::size_t request_octets = 0;  ///< of one packet with its HTTP header section
    boost::json::object generator;   ///< the generator's output
    boost::json::object flood{};     ///< what the hostile client counted
    deed_times mutation_ms{};        ///< durations of an operator's changes meanwhile, warm-up included
};

/// Connections with a proxy that have sent one packet each and then stay open, until the object is destroyed.
class idle_clients {
public:
    idle_clients(const setup& setup, const proxy& under_test, const load& load);

    /// Ends them. Returns how many the proxy had closed before.
    std::size_t stop();

private:
    support::child_process process_;
};

/// Runs the generator against the proxy. Throws if it cannot be run at all, or if `interrupted` is set meanwhile.
sample measure(const setup& setup, const proxy& under_test, const constant_peers& next_hops, const load& load);

/// The command line of a generator with this load, without the idle connections.
std::vector<std::string> generator_arguments(const setup& setup, const proxy& under_test, const load& load);

/// The generator's output when it runs against the proxy, with `options` in addition to those of the load.
boost::json::object generate(const setup& setup, const proxy& under_test, const constant_peers& next_hops,
                             const load& load, const std::vector<std::string>& more_options = {});

/// Removes the file, since the output of a program is appended. Returns the path.
std::filesystem::path fresh_file(const std::filesystem::path& path);

/// What a program of the bench prints when it ends: an object in JSON.
boost::json::object read_last_line(std::string_view output);

/// Resident memory of these processes at the moment.
double resident_kib(const std::vector<pid_t>& pids);

/// User and system time that these processes have used so far.
double cpu_seconds(const std::vector<pid_t>& pids);

/// Set by a signal handler.
extern volatile std::sig_atomic_t interrupted;

}  // namespace bench
