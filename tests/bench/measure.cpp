#include "tests/bench/measure.hpp"

#include "tests/bench/scenarios.hpp"
#include "tests/bench/wire.hpp"

#include <time.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace bench {

volatile std::sig_atomic_t interrupted = 0;

namespace {

constexpr auto wait_for_flood = std::chrono::seconds{10};
constexpr auto wait_slice = std::chrono::milliseconds{100};
constexpr auto wait_beyond_plan = std::chrono::seconds{30};

double as_seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// CPU time of the children that have ended and been waited for.
double children_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    return as_seconds(usage.ru_utime) + as_seconds(usage.ru_stime);
}

/// The time for which cores were not idle since boot, summed over all cores (proc(5), the first line of /proc/stat).
double machine_busy_seconds() {
    std::ifstream in{"/proc/stat"};
    std::string label;
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
    in >> label >> user >> nice >> system >> idle >> iowait >> irq >> softirq;
    return (user + nice + system + irq + softirq) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t requests_at(const proxy& next_hop) {
    return boost::json::parse(support::http_get(next_hop.port, "/")).at("requests").to_number<std::uint64_t>();
}

/// The commits that a proxy has counted so far.
struct commits {
    double count = 0;
    double seconds = 0;
    double packets = 0;
};

commits commits_of(const proxy& proxy) {
    if (proxy.metrics_port == 0) return {};
    const std::string text = support::http_get(proxy.metrics_port, "/metrics");
    const auto value = [&text](const std::string& name) {
        const auto at = text.find("\n" + name + " ");
        return at == std::string::npos ? 0.0 : std::stod(text.substr(at + name.size() + 2));
    };
    return {value("ilp_store_commit_seconds_count"), value("ilp_store_commit_seconds_sum"),
            value("ilp_store_commit_transfers_sum")};
}

/// A hostile client, until stop(). It has begun when the object exists. It shares the core of the generator, since the
/// proxy has the other one for itself, but takes only what the generator leaves.
class running_flood {
public:
    running_flood(const setup& setup, const proxy& under_test, const load& load)
        : process_{{.arguments = arguments(setup, under_test, load),
                    .output = fresh_file(setup.directory / "flood.json"),
                    .errors = fresh_file(setup.directory / "flood.errors"),
                    .environment = {},
                    .core = setup.load_core,
                    .end_signal = SIGKILL}} {
        process_.wait_for_output("flooding\n", wait_for_flood);
    }

    boost::json::object stop() {
        if (process_.stop() != 0) throw std::runtime_error{"the flood: " + process_.output()};
        return read_last_line(process_.output());
    }

private:
    /// It sends with the token of the last peer.
    static std::vector<std::string> arguments(const setup& setup, const proxy& under_test, const load& load) {
        std::vector<std::string> all{
            (setup.programs / "ilpd_flood").string(),          "--port",  std::to_string(under_test.port), "--token",
            token_of_sender(load.first_sender + load.senders), load.flood};
        if (load.tls) {
            for (const auto& more : {std::string{"--roots"}, setup.tls.roots, std::string{"--handshakes"},
                                     fmt::to_string(handshakes_per_second)}) {
                all.push_back(more);
            }
        }
        return all;
    }

    support::child_process process_;
};

std::string_view expected_code(outcome outcome) {
    switch (outcome) {
        case outcome::fulfilled:
            return "";
        case outcome::rejected:
            return peers_reject_code;
        case outcome::refused:
            break;
    }
    return refusal_code;
}

/// A description of what went wrong; empty if nothing did.
std::string find_trouble(const boost::json::object& whole_run, const load& load, std::uint64_t right,
                         std::uint64_t peer_requests, const boost::json::object& flood) {
    std::vector<std::string> troubles;
    if (!load.flood.empty() && flood.at("sent").to_number<std::uint64_t>() == 0) {
        troubles.emplace_back("the flood has sent nothing");
    }
    for (const auto& kind : {"rejects", "http_errors"}) {
        for (const auto& [what, count] : whole_run.at(kind).as_object()) {
            troubles.push_back(fmt::format("{} times {}", count.to_number<std::uint64_t>(), std::string_view{what}));
        }
    }
    for (const auto& kind : {"wrong", "closed", "unanswered"}) {
        const auto count = whole_run.at(kind).to_number<std::uint64_t>();
        if (count != 0) troubles.push_back(fmt::format("{} {}", count, kind));
    }
    if (right == 0) troubles.push_back("no packet was answered as expected");
    if (const auto expected = load.outcome == outcome::refused ? 0 : right; expected != peer_requests) {
        troubles.push_back(fmt::format("{} right answers, but {} packets at the peer", right, peer_requests));
    }
    return fmt::format("{}", fmt::join(troubles, ", "));
}

}  // namespace

std::vector<std::string> generator_arguments(const setup& setup, const proxy& under_test, const load& load) {
    std::vector<std::string> tokens;
    for (std::size_t n = 0; n < load.senders; ++n) tokens.push_back(token_of_sender(load.first_sender + n));
    std::vector<std::string> arguments{(setup.programs / "ilpd_load_generator").string(),
                                       "--port",
                                       std::to_string(under_test.port),
                                       "--tokens",
                                       fmt::format("{}", fmt::join(tokens, ",")),
                                       "--destinations",
                                       fmt::format("{}", fmt::join(load.destinations, ",")),
                                       "--amount",
                                       std::to_string(load.amount),
                                       "--data-size",
                                       std::to_string(load.data_size),
                                       "--connections",
                                       std::to_string(load.connections),
                                       "--rate",
                                       fmt::to_string(load.rate),
                                       "--warm-up",
                                       fmt::to_string(load.warm_up_seconds),
                                       "--seconds",
                                       fmt::to_string(load.seconds)};
    const auto add = [&arguments](std::string_view option, std::string value) {
        arguments.emplace_back(option);
        arguments.push_back(std::move(value));
    };
    if (load.streams != 0) add("--streams", std::to_string(load.streams));
    if (load.tls) add("--roots", setup.tls.roots);
    return arguments;
}

std::filesystem::path fresh_file(const std::filesystem::path& path) {
    std::filesystem::remove(path);
    return path;
}

boost::json::object read_last_line(std::string_view output) {
    const auto text = output.substr(0, output.find_last_not_of('\n') + 1);
    return boost::json::parse(text.substr(text.rfind('\n') + 1)).as_object();
}

double cpu_seconds(const std::vector<pid_t>& pids) {
    double sum = 0;
    for (const auto pid : pids) {
        clockid_t id{};
        timespec time{};
        if (clock_getcpuclockid(pid, &id) == 0 && clock_gettime(id, &time) == 0) {
            sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
        }
    }
    return sum;
}

double resident_kib(const std::vector<pid_t>& pids) {
    double sum = 0;
    for (const auto pid : pids) {
        std::ifstream in{fmt::format("/proc/{}/statm", pid)};
        double pages = 0;
        in >> pages >> pages;
        sum += pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
    }
    return sum;
}

idle_clients::idle_clients(const setup& setup, const proxy& under_test, const load& load)
    : process_{[&] {
          auto arguments = generator_arguments(setup, under_test, load);
          for (const auto& more : {std::string{"--hold"}, std::string{"--idle"}, std::to_string(load.idle)}) {
              arguments.push_back(more);
          }
          return support::command{.arguments = std::move(arguments),
                                  .output = fresh_file(setup.directory / (under_test.name + "-idle.json")),
                                  .errors = fresh_file(setup.directory / (under_test.name + "-idle.errors")),
                                  .environment = {},
                                  .core = setup.load_core,
                                  .end_signal = SIGKILL};
      }()} {
    // The time is not for all of them, but for those up to the next line.
    std::string lines;
    for (std::size_t open = idle_per_line; open <= load.idle; open += idle_per_line) {
        lines += "open\n";
        process_.wait_for_output(lines, wait_beyond_plan);
    }
    process_.wait_for_output("connected\n", wait_beyond_plan);
}

std::size_t idle_clients::stop() {
    if (process_.stop() != 0) throw std::runtime_error{"the idle clients: " + process_.output()};
    return read_last_line(process_.output()).at("whole_run").at("closed").to_number<std::size_t>();
}

boost::json::object generate(const setup& setup, const proxy& under_test, const constant_peers& next_hops,
                             const load& load, const std::vector<std::string>& more_options) {
    support::command command{.arguments = generator_arguments(setup, under_test, load),
                             .output = fresh_file(setup.directory / "generator.json"),
                             .errors = fresh_file(setup.directory / "generator.errors"),
                             .environment = {},
                             .core = setup.load_core,
                             .end_signal = SIGKILL};
    const auto add = [&command](std::string option, std::string value) {
        command.arguments.push_back(std::move(option));
        command.arguments.push_back(std::move(value));
    };
    if (const auto code = expected_code(load.outcome); !code.empty()) add("--expect-reject", std::string{code});
    for (const auto& watched : {under_test.pids, next_hops.fulfilling.pids, next_hops.rejecting.pids}) {
        for (const auto pid : watched) add("--watch", std::to_string(pid));
    }
    command.arguments.insert(command.arguments.end(), more_options.begin(), more_options.end());
    support::child_process generator{std::move(command)};
    const auto plan = std::chrono::duration<double>{load.warm_up_seconds + load.seconds};
    const auto deadline = std::chrono::steady_clock::now() + plan + wait_beyond_plan;
    std::optional<int> status;
    while (!(status = generator.wait(wait_slice))) {
        if (interrupted != 0) throw std::runtime_error{"interrupted"};
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error{"the load generator does not end"};
    }
    if (*status != 0) throw std::runtime_error{under_test.name + ": " + generator.output()};
    return read_last_line(generator.output());
}

sample measure(const setup& setup, const proxy& under_test, const constant_peers& next_hops, const load& load) {
    const auto& next_hop = load.outcome == outcome::rejected ? next_hops.rejecting : next_hops.fulfilling;
    const auto database_pids = under_test.database ? under_test.database->processes() : std::vector<pid_t>{};
    const auto ours = [&] {
        return cpu_seconds(under_test.pids) + cpu_seconds(database_pids) + cpu_seconds(next_hop.pids) +
               cpu_seconds({getpid()}) + children_cpu_seconds();
    };
    const auto requests_before = requests_at(next_hop);
    const auto start = std::chrono::steady_clock::now();
    const auto busy_before = machine_busy_seconds();
    const auto ours_before = ours();
    const auto resident_before = resident_kib(under_test.pids);
    const auto database_before = cpu_seconds(database_pids);
    const auto commits_before = commits_of(under_test);
    std::optional<operator_work> at_work;
    if (load.mutation_interval.count() != 0) {
        at_work.emplace(under_test.admin_port, load.mutation_interval, setup.load_core);
    }
    std::optional<running_flood> flooding;
    if (!load.flood.empty()) flooding.emplace(setup, under_test, load);
    auto output = generate(setup, under_test, next_hops, load);
    auto flood = flooding ? flooding->stop() : boost::json::object{};
    auto mutation_ms = at_work ? at_work->stop() : deed_times{};
    const auto commits_after = commits_of(under_test);
    const auto database_us = (cpu_seconds(database_pids) - database_before) * 1e6;
    const auto commits = commits_after.count - commits_before.count;
    const auto others = (machine_busy_seconds() - busy_before) - (ours() - ours_before);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;

    const auto number = [](const boost::json::value& value) { return value.to_number<double>(); };
    const auto window_us = number(output.at("seconds")) * 1e6;
    const auto packets = number(output.at("right"));
    const auto& watched = output.at("watched").as_array();
    double proxy_us = 0;
    double load_us = number(output.at("own_cpu_us"));
    double switches = 0;
    double resident = 0;
    double peak = 0;
    for (std::size_t i = 0; i < watched.size(); ++i) {
        const auto& process = watched[i];
        const bool is_proxy = i < under_test.pids.size();
        (is_proxy ? proxy_us : load_us) += number(process.at("cpu_us"));
        if (!is_proxy) continue;
        switches += number(process.at("switches"));
        resident += number(process.at("resident_kib"));
        peak += number(process.at("peak_kib"));
    }
    const auto of_flood = [&](std::string_view what) {
        return flood.empty() ? 0 : number(flood.at(what)) / number(flood.at("seconds"));
    };
    const auto& whole_run = output.at("whole_run").as_object();
    const auto& latency = output.at("latency_us");
    const auto all_right = whole_run.at("right").to_number<std::uint64_t>();
    return {.trouble = find_trouble(whole_run, load, all_right, requests_at(next_hop) - requests_before, flood),
            .packets_per_second = packets * 1e6 / window_us,
            .cpu_us = packets > 0 ? proxy_us / packets : 0,
            .database_cpu_us = all_right > 0 ? database_us / static_cast<double>(all_right) : 0,
            .commit_ms = commits > 0 ? (commits_after.seconds - commits_before.seconds) * 1e3 / commits : 0,
            .packets_per_commit = commits > 0 ? (commits_after.packets - commits_before.packets) / commits : 0,
            .p50_ms = number(latency.at("p50")) / 1000,
            .p99_ms = number(latency.at("p99")) / 1000,
            .p999_ms = number(latency.at("p99.9")) / 1000,
            .switches = packets > 0 ? switches / packets : 0,
            .resident_before_kib = resident_before,
            .resident_kib = resident,
            .peak_kib = peak,
            .proxy_core_busy = proxy_us / window_us,
            .load_core_busy = load_us / window_us,
            .flood_core_busy = of_flood("cpu_seconds"),
            .flood_per_second = of_flood("sent"),
            .others_busy = std::max(0.0, others / elapsed.count()),
            .prepare_octets = output.at("prepare_octets").to_number<std::size_t>(),
            .request_octets = output.at("request_octets").to_number<std::size_t>(),
            .generator = std::move(output),
            .flood = std::move(flood),
            .mutation_ms = std::move(mutation_ms)};
}

}  // namespace bench
