#include "tests/bench/many_peers.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/proxies.hpp"
#include "tests/bench/report.hpp"
#include "tests/support/child_process.hpp"

#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

// The driver of the bench: starts everything, measures the variants in turn, and reports.
namespace {

namespace fs = std::filesystem;

struct bench_options {
    std::vector<std::size_t> connections;  ///< empty: the usual ones
    std::vector<std::string> variants;     ///< empty: those by default, all in the smoke form
    std::optional<std::size_t> peers;      ///< instead of the variants: what so many of them cost
    std::vector<std::string> peers_in;     ///< empty: wherever they may be
    std::uint64_t history = 10'000'000;
    std::size_t data_size = 0;
    std::size_t repetitions = 3;
    double seconds = 2;
    double warm_up_seconds = 0.5;
    std::string nginx;
    std::string ilpd;
    std::string output;
    bool mutations = false;
    bool smoke = false;
    bool keep = false;
};

fs::path own_directory() {
    return fs::read_symlink("/proc/self/exe").parent_path();
}

std::vector<int> allowed_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    std::vector<int> cores;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(static_cast<std::size_t>(core), &set)) cores.push_back(core);
    }
    return cores;
}

/// Our children inherit it: a proxy has two sockets per connection.
void raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// So that the run's directory is removed; the children would end with us in any case.
void end_orderly_on_signals() {
    struct sigaction action{};
    action.sa_handler = [](int) { bench::interrupted = 1; };
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

bench_options read_options(int argc, char** argv) {
    bench_options options;
    CLI::App app{
        "Measures ilpd against nginx: packets per second, latency, CPU time per packet. See tests/bench/README.md."};
    app.add_option("--connections", options.connections, "numbers of connections, with commas between")
        ->delimiter(',')
        ->check(CLI::Range(std::size_t{1}, std::size_t{20000}));
    std::vector<std::string> names;
    for (const auto& variant : bench::all_variants) names.emplace_back(variant.name);
    app.add_option("--variants", options.variants, "which to measure, with commas between (all without a history)")
        ->delimiter(',')
        ->check(CLI::IsMember(names));
    app.add_option("--data-size", options.data_size, "octets of data in each Prepare");
    app.add_flag("--mutations", options.mutations,
                 "packets with and without an operator's mutation every 10 ms, at 100 connections; sets --variants");
    app.add_option("--peers", options.peers, "instead: what so many peers cost (100000), in each kind of place")
        ->expected(0, 1)
        ->default_str("100000")
        ->check(CLI::Range(std::size_t{100}, std::size_t{100'000}));
    app.add_option("--peers-in", options.peers_in,
                   "where those peers are, with commas between (sqlite,postgresql,file)")
        ->delimiter(',')
        ->check(CLI::IsMember({"sqlite", "postgresql", "file"}));
    app.add_option("--history", options.history, "transfers in the stores of the variants with a history");
    app.add_option("--repetitions", options.repetitions, "of each measurement")->check(CLI::Range(1, 1000));
    app.add_option("--seconds", options.seconds, "length of each measurement")->check(CLI::Range(0.05, 3600.0));
    app.add_option("--warm-up", options.warm_up_seconds, "seconds before each measurement");
    app.add_option("--nginx", options.nginx, "the program to compare with (/usr/sbin/nginx, or from PATH)");
    app.add_option("--ilpd", options.ilpd, "the daemon to measure (beside this program)");
    app.add_option("--output", options.output, "JSON file (../bench/results.json, seen from this program)");
    app.add_flag("--smoke", options.smoke, "a fraction of a second each, to see that everything works");
    app.add_flag("--keep", options.keep, "leave configurations, logs and databases");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::exit(app.exit(error));
    }
    if (options.smoke) {
        options.connections = {1, 10};
        options.repetitions = 1;
        options.seconds = 0.3;
        options.warm_up_seconds = 0.1;
        options.history = 1000;
    }
    if (options.mutations) {
        options.variants = {"ilpd-sqlite", "ilpd-sqlite-mutations", "ilpd-postgresql", "ilpd-postgresql-mutations"};
    }
    if (options.connections.empty()) {
        options.connections = options.mutations || options.peers ? std::vector<std::size_t>{100}
                                                                 : std::vector<std::size_t>{1, 10, 50, 100};
    }
    const auto programs = own_directory();
    if (options.variants.empty()) {
        for (const auto& variant : bench::all_variants) {
            if (variant.by_default || options.smoke) options.variants.push_back(variant.name);
        }
    }
    if (options.nginx.empty()) options.nginx = fs::exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";
    if (options.ilpd.empty()) options.ilpd = programs / "ilpd";
    if (options.output.empty()) {
        const auto* const file_name = options.smoke && options.peers ? "smoke-peers.json"
                                      : options.smoke                ? "smoke.json"
                                      : options.peers                ? "peers.json"
                                                                     : "results.json";
        options.output = programs.parent_path() / "bench" / file_name;
    }
    return options;
}

bench::load load_of(const bench_options& options, std::size_t connections, std::string_view variant = {}) {
    const bool mutated = !variant.empty() && bench::find_variant(variant).mutated;
    return {.connections = connections,
            .data_size = options.data_size,
            .warm_up_seconds = options.warm_up_seconds,
            .seconds = options.seconds,
            .mutation_interval = std::chrono::milliseconds{mutated ? 10 : 0}};
}

/// Loads outermost, then repetitions, then variants: what is compared lies close together in time. Each repetition
/// starts with another variant, so that none always has the same neighbour.
std::vector<bench::result> measure_all(const bench_options& options, const bench::setup& setup,
                                       std::list<bench::proxy>& proxies, const bench::proxy& constant_peer) {
    std::vector<bench::result> results;
    for (const auto connections : options.connections) {
        const auto load = load_of(options, connections);
        const auto first = results.size();
        for (const auto& proxy : proxies) results.push_back({.variant = proxy.name, .load = load, .samples = {}});
        for (std::size_t repetition = 0; repetition < options.repetitions; ++repetition) {
            for (std::size_t turn = 0; turn < proxies.size(); ++turn) {
                const auto which = (repetition + turn) % proxies.size();
                const auto& proxy = *std::next(proxies.begin(), static_cast<std::ptrdiff_t>(which));
                auto sample = bench::measure(setup, proxy, constant_peer, load_of(options, connections, proxy.name));
                fmt::print(stderr, "{} connections, repetition {}, {}: {:.0f} packets/s, {:.2f} us CPU {}\n",
                           connections, repetition + 1, proxy.name, sample.packets_per_second, sample.cpu_us,
                           sample.trouble);
                results[first + which].samples.push_back(std::move(sample));
            }
        }
    }
    return results;
}

void write_json(const fs::path& path, const boost::json::value& value) {
    fs::create_directories(path.parent_path());
    std::ofstream out{path};
    out << value << '\n';
    if (!out.flush()) throw std::runtime_error{"cannot write " + path.string()};
}

bool all_right(const std::vector<bench::result>& results) {
    return std::ranges::all_of(results, [](const auto& result) {
        return std::ranges::all_of(result.samples, [](const auto& sample) { return sample.trouble.empty(); });
    });
}

bool report(const bench_options& options, const bench::setup& setup, const bench::proxy& constant_peer,
            bench::conditions& conditions, const fs::path& output) {
    std::list<bench::proxy> proxies;
    for (const auto& variant : bench::all_variants) {
        if (std::ranges::find(options.variants, variant.name) != options.variants.end()) {
            proxies.push_back(variant.start(setup, variant.name));
        }
    }
    conditions.versions = bench::versions(setup, options.variants);
    const auto results = measure_all(options, setup, proxies, constant_peer);
    fmt::print("{}", bench::as_table(conditions, results));
    write_json(output, bench::as_json(conditions, results));
    return all_right(results);
}

bool report_peers(const bench_options& options, const bench::setup& setup, const bench::proxy& constant_peer,
                  bench::conditions& conditions, const fs::path& output) {
    conditions.versions = bench::versions(setup, {"ilpd"});
    bench::many_peers_plan plan{.peers = *options.peers,
                                .repetitions = options.repetitions,
                                .packets = load_of(options, options.connections.back())};
    if (options.smoke) plan.starts = plan.requests = 2;
    std::vector<bench::many_peers_result> results;
    for (const auto source : {bench::peer_source::sqlite, bench::peer_source::postgresql, bench::peer_source::file}) {
        const auto& wanted = options.peers_in;
        if (!wanted.empty() && std::ranges::find(wanted, bench::to_text(source)) == wanted.end()) continue;
        results.push_back(bench::measure_many_peers(setup, constant_peer, source, plan));
        for (const auto& trouble : results.back().troubles) fmt::print("{}: {}\n", results.back().source, trouble);
    }
    fmt::print("{}", bench::as_table(conditions, plan, results));
    write_json(output, bench::as_json(conditions, plan, results));
    return std::ranges::all_of(results, [](const auto& result) { return result.troubles.empty(); });
}

bool run(const bench_options& options) {
    const auto cores = allowed_cores();
    const fs::path output = fs::absolute(options.output);
    support::temporary_directory directory{output.parent_path()};
    if (options.keep) directory.keep();
    bench::setup setup{.programs = own_directory(),
                       .directory = directory.path(),
                       .nginx = options.nginx,
                       .ilpd = options.ilpd,
                       .proxy_core = cores.front(),
                       .load_core = cores.size() > 1 ? cores[1] : cores.front(),
                       .connections_max = std::ranges::max(options.connections),
                       .history = options.history,
                       .peer_port = 0};
    const auto constant_peer = bench::start_constant_peer(setup);
    setup.peer_port = constant_peer.port;
    auto conditions = bench::read_conditions(setup);
    conditions.repetitions = options.repetitions;
    conditions.seconds = options.seconds;
    conditions.warm_up_seconds = options.warm_up_seconds;

    const bool right = (options.peers ? report_peers : report)(options, setup, constant_peer, conditions, output);
    fmt::print("JSON: {}\n", output.string());
    fmt::print("{}\n", right ? "Every answer was the right Fulfill, and the peer saw every packet once."
                             : "WRONG: not every answer was the right Fulfill; see above.");
    return right;
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = read_options(argc, argv);
    raise_file_limit();
    end_orderly_on_signals();
    try {
        return run(options) ? 0 : 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench: {}\n", error.what());
        return 1;
    }
}
