#include "tests/bench/fairness.hpp"
#include "tests/bench/instructions.hpp"
#include "tests/bench/many_peers.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/payments.hpp"
#include "tests/bench/proxies.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/scenario_run.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/splitting.hpp"
#include "tests/bench/targets.hpp"
#include "tests/support/child_process.hpp"

#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The driver of the bench: starts all programs, measures the variants in turn, and reports.
namespace {

namespace fs = std::filesystem;

constexpr std::string_view every_scenario = "all";

// These have tables of their own.
constexpr std::string_view fairness_scenario = "fairness";
constexpr std::string_view payments_scenario = "payments";
constexpr std::string_view splitting_scenario = "splitting";

struct bench_options {
    std::vector<std::string> scenarios;
    bench::sizes sizes;
    std::vector<std::string> variants;  ///< empty: the scenario's own
    std::optional<std::size_t> peers;   ///< measures the cost of this many peers instead of the scenarios
    std::vector<std::string> peers_in;  ///< empty: all sources
    std::size_t data_size = 0;
    std::size_t repetitions = 9;  // many short ones: neighbours are compared, and the machine drifts meanwhile
    double seconds = 1;
    double warm_up_seconds = 0.3;
    std::string nginx;
    std::string ilpd;
    std::string haproxy;
    std::string nghttpx;
    std::string output;
    bool inspect = true;
    bool instructions = false;
    bool fairness = false;
    bool payments = false;
    bool splitting = false;
    bool targets = false;
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

/// Raises the limit for our children, which inherit it: a proxy has two sockets per busy connection.
std::size_t raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

void fit_into_file_limit(bench::sizes& sizes, std::size_t limit) {
    const auto other_files = 4 * std::max(2 * sizes.usual_connections, std::ranges::max(sizes.connections)) + 200;
    const auto room = limit > other_files ? limit - other_files : 0;
    if (sizes.idle <= room) return;
    fmt::print(stderr, "the limit of {} open files leaves room for {} idle connections, not {}\n", limit, room,
               sizes.idle);
    sizes.idle = room;
}

/// Handles signals so that the run's directory is removed; the children would end with us in any case.
void end_orderly_on_signals() {
    struct sigaction action{};
    action.sa_handler = [](int) { bench::interrupted = 1; };
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

std::string scenario_lines() {
    std::string text = "Scenarios:\n";
    for (const auto& scenario : bench::all_scenarios) {
        text +=
            fmt::format("  {:<12} {} ({})\n", scenario.name, scenario.description, fmt::join(scenario.variants, ", "));
    }
    text += fmt::format("  {:<12} what a peer keeps beside a busy one; alone, without other scenarios\n",
                        fairness_scenario);
    text += fmt::format("  {:<12} payments that ilpd makes, beside @interledger/pay; alone, without other scenarios\n",
                        payments_scenario);
    text += fmt::format("  {:<12} what packets in parts save @interledger/pay; alone, without other scenarios\n",
                        splitting_scenario);
    return text;
}

template <typename Table>
std::vector<std::string> names_of(const Table& table) {
    std::vector<std::string> names;
    for (const auto& row : table) names.emplace_back(row.name);
    return names;
}

void declare(CLI::App& app, bench_options& options, std::vector<std::size_t>& connections) {
    auto scenario_names = names_of(bench::all_scenarios);
    scenario_names.emplace_back(every_scenario);
    scenario_names.emplace_back(fairness_scenario);
    scenario_names.emplace_back(payments_scenario);
    scenario_names.emplace_back(splitting_scenario);
    app.add_option("--scenario", options.scenarios,
                   "what to measure, with commas between; all: everything (connections)")
        ->delimiter(',')
        ->check(CLI::IsMember(scenario_names));
    app.add_option("--connections", connections,
                   "numbers of connections, with commas between; other scenarios take the last (100)")
        ->delimiter(',')
        ->check(CLI::Range(std::size_t{1}, std::size_t{20000}));
    app.add_option("--variants", options.variants, "which to measure, with commas between (those of the scenario)")
        ->delimiter(',')
        ->check(CLI::IsMember(names_of(bench::all_variants)));
    app.add_option("--data-size", options.data_size, "octets of data in each Prepare, but in the scenario data");
    app.add_option("--history", options.sizes.history, "transfers in the scenario history")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    app.add_option("--routes", options.sizes.routes, "in the scenario routes")
        ->check(CLI::Range(std::size_t{20}, std::size_t{1'000'000}));
    app.add_option("--idle", options.sizes.idle, "connections in the scenario idle");
    app.add_option("--peers", options.peers, "instead: all that so many peers cost (100000), in each kind of place")
        ->expected(0, 1)
        ->default_str("100000")
        ->check(CLI::Range(std::size_t{100}, std::size_t{100'000}));
    app.add_option("--peers-in", options.peers_in,
                   "where those peers are, with commas between (sqlite,postgresql,file)")
        ->delimiter(',')
        ->check(CLI::IsMember({"sqlite", "postgresql", "file"}));
    app.add_flag("--targets", options.targets,
                 "measure what the targets are about, or the named scenarios of it, and say which are met");
    app.add_flag("--instructions", options.instructions,
                 "instead: instructions per packet in the router core and in ilpd, where there is valgrind");
    app.add_option("--repetitions", options.repetitions, "of each measurement")->check(CLI::Range(1, 1000));
    app.add_option("--seconds", options.seconds, "length of each measurement")->check(CLI::Range(0.05, 3600.0));
    app.add_option("--warm-up", options.warm_up_seconds, "seconds before each measurement");
    app.add_option("--nginx", options.nginx, "the program to compare with (/usr/sbin/nginx, or from PATH)");
    app.add_option("--haproxy", options.haproxy, "likewise, with HTTP/2 on both sides");
    app.add_option("--nghttpx", options.nghttpx, "likewise");
    app.add_option("--ilpd", options.ilpd, "the daemon to measure (beside this program)");
    app.add_option("--output", options.output, "JSON file (../bench/results.json, seen from this program)");
    app.add_flag("--smoke", options.smoke, "every scenario, tiny and for a fraction of a second, to see that it works");
    app.add_flag("--inspect,!--no-inspect", options.inspect,
                 "system calls (where there is perf) and heap allocations per packet, in a pass of their own (on)");
    app.add_flag("--keep", options.keep, "leave configurations, logs and databases");
}

void make_tiny(bench_options& options) {
    options.sizes = bench::smoke_sizes();
    options.repetitions = 1;
    options.seconds = 0.1;
    options.warm_up_seconds = 0.05;
    if (options.scenarios.empty()) options.scenarios = {std::string{every_scenario}};
}

/// Those of the named scenarios, or all.
void aim_at_targets(bench_options& options) {
    if (options.scenarios.empty()) {
        options.scenarios.assign(std::begin(bench::target_scenarios), std::end(bench::target_scenarios));
        options.scenarios.emplace_back(fairness_scenario);
        options.scenarios.emplace_back(payments_scenario);
        options.scenarios.emplace_back(splitting_scenario);
    }
    options.sizes.connections.assign(std::begin(bench::target_connections), std::end(bench::target_connections));
}

void fill_in(bench_options& options) {
    if (options.scenarios.empty()) options.scenarios = {"connections"};
    for (const auto& [name, is_wanted] :
         {std::pair{fairness_scenario, &options.fairness}, std::pair{payments_scenario, &options.payments},
          std::pair{splitting_scenario, &options.splitting}}) {
        *is_wanted = std::ranges::find(options.scenarios, name) != options.scenarios.end();
        if (*is_wanted && options.scenarios.size() > 1 && !options.targets) {
            fmt::print(stderr, "bench: the scenario {} is measured without others, but for --targets\n", name);
            std::exit(2);
        }
    }
    std::erase(options.scenarios, fairness_scenario);
    std::erase(options.scenarios, payments_scenario);
    std::erase(options.scenarios, splitting_scenario);
    if (std::ranges::find(options.scenarios, every_scenario) != options.scenarios.end()) {
        options.scenarios = names_of(bench::all_scenarios);
    }
    const auto programs = own_directory();
    const auto find = [](std::string& path, const std::string& name) {
        if (path.empty()) path = fs::exists("/usr/sbin/" + name) ? "/usr/sbin/" + name : name;
    };
    find(options.nginx, "nginx");
    find(options.haproxy, "haproxy");
    find(options.nghttpx, "nghttpx");
    if (options.ilpd.empty()) options.ilpd = programs / "ilpd";
    if (options.output.empty()) {
        const auto* const kind = options.instructions ? "instructions"
                                 : options.peers      ? "peers"
                                 : options.targets    ? "targets"
                                 : options.fairness   ? "fairness"
                                 : options.payments   ? "payments"
                                 : options.splitting  ? "splitting"
                                                      : "results";
        options.output =
            programs.parent_path() / "bench" / fmt::format("{}{}.json", options.smoke ? "smoke-" : "", kind);
    }
}

bench_options read_options(int argc, char** argv) {
    bench_options options;
    std::vector<std::size_t> connections;
    CLI::App app{
        "Measures ilpd against nginx: packets per second, latency, CPU time per packet. See tests/bench/README.md."};
    app.footer(scenario_lines());
    declare(app, options, connections);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::exit(app.exit(error));
    }
    if (options.smoke) make_tiny(options);
    if (!connections.empty()) {
        options.sizes.usual_connections = connections.back();
        options.sizes.connections = std::move(connections);
    }
    if (options.targets) aim_at_targets(options);
    fill_in(options);
    return options;
}

bench::load timed(const bench_options& options, bench::load load) {
    load.warm_up_seconds = options.warm_up_seconds;
    load.seconds = options.seconds;
    return load;
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

/// Empty: the scenario's own. The targets do not cover PostgreSQL.
std::vector<std::string> variants_for(const bench_options& options, std::string_view scenario) {
    if (!options.variants.empty() || !options.targets || scenario != "connections") return options.variants;
    return {"nginx", "ilpd-sqlite", "ilpd-memory"};
}

/// With --targets, only where a target is about the allocations.
bool is_inspected(const bench_options& options, std::string_view scenario) {
    return !options.targets ||
           std::ranges::find(bench::target_inspections, scenario) != std::end(bench::target_inspections);
}

bench::fairness_plan fairness_plan_of(const bench_options& options) {
    bench::fairness_plan plan{
        .repetitions = options.repetitions, .warm_up_seconds = options.warm_up_seconds, .seconds = options.seconds};
    if (!options.variants.empty()) plan.variants = options.variants;
    if (options.smoke) {
        plan.others = {plan.connections};
        plan.crowds = {{2, 2}, {2, 2, 5}};
        plan.streams = 5;
    }
    return plan;
}

/// Of all peers at the same time.
std::size_t most_connections(const bench::fairness_plan& plan) {
    std::size_t most = plan.connections + std::ranges::max(plan.others);
    for (const auto& crowd : plan.crowds) most = std::max(most, std::reduce(crowd.begin(), crowd.end()));
    return most;
}

bench::payments_plan payments_plan_of(const bench_options& options) {
    bench::payments_plan plan{.repetitions = options.repetitions};
    if (!options.variants.empty()) plan.variants = options.variants;
    if (options.smoke) {
        plan.packets = 100;
        plan.packets_of_pay = 5;
        plan.round_trip = std::chrono::milliseconds{10};
    }
    return plan;
}

bench::splitting_plan splitting_plan_of(const bench_options& options) {
    bench::splitting_plan plan{
        .repetitions = options.repetitions, .warm_up_seconds = options.warm_up_seconds, .seconds = options.seconds};
    if (!options.variants.empty()) plan.variant = options.variants.front();
    if (options.smoke) {
        plan.amount = 20'000;
        plan.connections = plan.http2_connections = plan.streams = 2;
    }
    return plan;
}

bool report(const bench_options& options, const bench::setup& setup, const bench::constant_peers& next_hops,
            bench::conditions& conditions, const fs::path& output) {
    conditions.versions = bench::versions(setup);
    std::vector<bench::result> results;
    for (const auto& name : options.scenarios) {
        const bench::scenario_plan plan{.sizes = options.sizes,
                                        .variants = variants_for(options, name),
                                        .data_size = options.data_size,
                                        .repetitions = options.repetitions,
                                        .warm_up_seconds = options.warm_up_seconds,
                                        .seconds = options.seconds,
                                        .inspect = options.inspect && is_inspected(options, name),
                                        .inspect_all = !options.smoke,
                                        .inspect_seconds = options.smoke ? options.seconds : 0.5,
                                        .keep = options.keep};
        std::ranges::move(bench::measure_scenario(setup, next_hops, bench::find_scenario(name), plan),
                          std::back_inserter(results));
    }
    if (!results.empty()) fmt::print("{}", bench::as_table(conditions, results));
    auto json = bench::as_json(conditions, results).as_object();
    bool payments_right = true;
    if (options.targets) {
        const auto plan = fairness_plan_of(options);
        bench::fairness_results fairness;
        if (options.fairness) {
            fairness = bench::measure_fairness(setup, next_hops, plan);
            fmt::print("\n{}", bench::as_table(conditions, plan, fairness));
            json["fairness"] = bench::as_json(conditions, plan, fairness);
        }
        const auto payments_plan = payments_plan_of(options);
        bench::payments_results payments;
        if (options.payments) {
            payments = bench::measure_payments(setup, payments_plan);
            fmt::print("\n{}", bench::as_table(conditions, payments_plan, payments));
            json["payments"] = bench::as_json(conditions, payments_plan, payments);
            payments_right = payments.troubles.empty();
        }
        bench::splitting_results splitting;
        if (options.splitting) {
            const auto splitting_plan = splitting_plan_of(options);
            splitting = bench::measure_splitting(setup, next_hops, splitting_plan);
            fmt::print("\n{}", bench::as_table(conditions, splitting_plan, splitting));
            json["splitting"] = bench::as_json(conditions, splitting_plan, splitting);
            payments_right = payments_right && splitting.troubles.empty();
        }
        auto targets = bench::check_targets(results);
        std::ranges::move(bench::check_targets(plan, fairness), std::back_inserter(targets));
        std::ranges::move(bench::check_targets(payments_plan, payments), std::back_inserter(targets));
        std::ranges::move(bench::check_targets(splitting), std::back_inserter(targets));
        fmt::print("{}", bench::as_table(targets));
        json["targets"] = bench::as_json(targets);
    }
    write_json(output, json);
    return all_right(results) && payments_right;
}

bool report_peers(const bench_options& options, const bench::setup& setup, const bench::constant_peers& next_hops,
                  bench::conditions& conditions, const fs::path& output) {
    conditions.versions = bench::versions(setup);
    bench::many_peers_plan plan{.peers = *options.peers,
                                .repetitions = options.repetitions,
                                .packets = timed(options, {.connections = options.sizes.usual_connections})};
    if (options.smoke) plan.starts = plan.requests = 2;
    std::vector<bench::many_peers_result> results;
    for (const auto source : {bench::peer_source::sqlite, bench::peer_source::postgresql, bench::peer_source::file}) {
        const auto& wanted = options.peers_in;
        if (!wanted.empty() && std::ranges::find(wanted, bench::to_text(source)) == wanted.end()) continue;
        results.push_back(bench::measure_many_peers(setup, next_hops, source, plan));
        for (const auto& trouble : results.back().troubles) fmt::print("{}: {}\n", results.back().source, trouble);
    }
    fmt::print("{}", bench::as_table(conditions, plan, results));
    write_json(output, bench::as_json(conditions, plan, results));
    return std::ranges::all_of(results, [](const auto& result) { return result.troubles.empty(); });
}

bool report_instructions(const bench_options& options, const bench::setup& setup,
                         const bench::constant_peers& next_hops, bench::conditions& conditions,
                         const fs::path& output) {
    conditions.versions = bench::versions(setup);
    bench::instruction_plan plan{.connections = options.sizes.usual_connections,
                                 .http2_connections = options.sizes.http2_connections,
                                 .streams = options.sizes.streams};
    if (options.smoke) plan.core_packets = plan.loop_packets = 100;
    const auto counts = bench::count_instructions(setup, next_hops, plan);
    fmt::print("{}", bench::as_table(conditions, counts));
    write_json(output, bench::as_json(conditions, counts));
    return true;
}

bool report_fairness(const bench_options& options, const bench::setup& setup, const bench::constant_peers& next_hops,
                     bench::conditions& conditions, const fs::path& output) {
    conditions.versions = bench::versions(setup);
    const auto plan = fairness_plan_of(options);
    const auto results = bench::measure_fairness(setup, next_hops, plan);
    fmt::print("{}", bench::as_table(conditions, plan, results));
    write_json(output, bench::as_json(conditions, plan, results));
    return true;
}

bool report_payments(const bench_options& options, const bench::setup& setup, const bench::constant_peers&,
                     bench::conditions& conditions, const fs::path& output) {
    conditions.versions = bench::versions(setup);
    const auto plan = payments_plan_of(options);
    const auto results = bench::measure_payments(setup, plan);
    fmt::print("{}", bench::as_table(conditions, plan, results));
    write_json(output, bench::as_json(conditions, plan, results));
    return results.troubles.empty();
}

bool report_splitting(const bench_options& options, const bench::setup& setup, const bench::constant_peers& next_hops,
                      bench::conditions& conditions, const fs::path& output) {
    conditions.versions = bench::versions(setup);
    const auto plan = splitting_plan_of(options);
    const auto results = bench::measure_splitting(setup, next_hops, plan);
    fmt::print("{}", bench::as_table(conditions, plan, results));
    write_json(output, bench::as_json(conditions, plan, results));
    return results.troubles.empty();
}

bool run(const bench_options& options) {
    const auto cores = allowed_cores();
    const fs::path output = fs::absolute(options.output);
    support::temporary_directory directory{output.parent_path()};
    if (options.keep) directory.keep();
    bench::setup setup{
        .programs = own_directory(),
        .directory = directory.path(),
        .nginx = options.nginx,
        .ilpd = options.ilpd,
        .haproxy = options.haproxy,
        .nghttpx = options.nghttpx,
        .tls = bench::make_certificates(directory.path()),
        .proxy_core = cores.front(),
        .load_core = cores.size() > 1 ? cores[1] : cores.front(),
        .connections_max = std::max({2 * options.sizes.usual_connections, std::ranges::max(options.sizes.connections),
                                     options.fairness ? most_connections(fairness_plan_of(options)) : 0}),
        .peer_port = 0,
        .tls_peer_port = 0,
        .rejecting_port = 0,
        .system_calls_by_name = !options.smoke};
    const auto next_hops = bench::start_constant_peers(setup);
    setup.peer_port = next_hops.fulfilling.port;
    setup.tls_peer_port = next_hops.tls_port;
    setup.rejecting_port = next_hops.rejecting.port;
    auto conditions = bench::read_conditions(setup);
    conditions.repetitions = options.repetitions;
    conditions.seconds = options.seconds;
    conditions.warm_up_seconds = options.warm_up_seconds;

    const auto measure_and_report = options.instructions ? report_instructions
                                    : options.peers      ? report_peers
                                    : options.targets    ? report
                                    : options.fairness   ? report_fairness
                                    : options.payments   ? report_payments
                                    : options.splitting  ? report_splitting
                                                         : report;
    const bool right = measure_and_report(options, setup, next_hops, conditions, output);
    fmt::print("JSON: {}\n", output.string());
    fmt::print("{}\n", right ? "Every answer was the right one, and the peer saw every packet once."
                             : "WRONG: not every answer was the right one; see above.");
    return right;
}

}  // namespace

int main(int argc, char** argv) {
    auto options = read_options(argc, argv);
    fit_into_file_limit(options.sizes, raise_file_limit());
    end_orderly_on_signals();
    try {
        return run(options) ? 0 : 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench: {}\n", error.what());
        return 1;
    }
}
