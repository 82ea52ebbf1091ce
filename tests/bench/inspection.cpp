#include "tests/bench/inspection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace bench {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view event_prefix = "syscalls:sys_enter_";
constexpr std::string_view all_calls = "raw_syscalls:sys_enter";

/// The system calls that a proxy makes while packets flow. Not all existing calls are listed, since perf takes some
/// time to end for each.
constexpr std::array<std::string_view, 20> counted_calls{
    "accept4",  "close",   "epoll_ctl",  "epoll_wait", "epoll_pwait", "fcntl", "fdatasync",
    "futex",    "poll",    "getsockopt", "pread64",    "pwrite64",    "read",  "readv",
    "recvfrom", "recvmsg", "sendmsg",    "sendto",     "write",       "writev"};

std::string events(bool by_name) {
    std::string list{all_calls};
    if (!by_name) return list;
    for (const auto name : counted_calls) list += fmt::format(",{}{}", event_prefix, name);
    return list;
}
constexpr int patience_ms = 20'000;

/// Counts the system calls of a process with perf while the load generator has counting enabled.
class system_call_counter {
public:
    system_call_counter(const setup& setup, const proxy& under_test)
        : directory_{setup.directory / "perf"}, output_{directory_ / "report"} {
        if (!is_available(setup)) return;
        fs::remove_all(directory_);
        fs::create_directories(directory_);
        if (mkfifo(control().c_str(), 0600) != 0 || mkfifo(answers().c_str(), 0600) != 0) return;
        process_.emplace(support::command{
            .arguments = {"perf", "stat", "-x,", "-o", output_.string(), "-e", events(setup.system_calls_by_name), "-D",
                          "-1", "--control", fmt::format("fifo:{},{}", control().string(), answers().string()), "-p",
                          fmt::format("{}", fmt::join(under_test.pids, ","))},
            .output = directory_ / "output",
            .errors = {},
            .environment = {},
            .core = setup.load_core,
            .end_signal = SIGKILL});
        if (!answers_ping()) process_.reset();
    }

    std::vector<std::string> generator_options() const {
        if (!process_) return {};
        return {"--perf-control", control().string(), "--perf-answers", answers().string()};
    }

    std::map<std::string, double> stop() {
        if (!process_) return {};
        process_->signal(SIGINT);
        if (!process_->wait(std::chrono::milliseconds{patience_ms})) return {};
        std::ifstream in{output_};
        return read_system_calls(std::string{std::istreambuf_iterator<char>{in}, {}});
    }

private:
    /// Whether perf is installed and may use tracepoints. Checked once.
    static bool is_available(const setup& setup) {
        static const bool available = [&] {
            try {
                support::child_process probe{{.arguments = {"perf", "stat", "-e", std::string{all_calls}, "true"},
                                              .output = setup.directory / "perf-probe",
                                              .errors = {},
                                              .environment = {},
                                              .core = setup.load_core,
                                              .end_signal = SIGKILL}};
                return probe.wait(std::chrono::milliseconds{patience_ms}) == 0;
            } catch (const std::exception&) {
                return false;
            }
        }();
        return available;
    }

    fs::path control() const { return directory_ / "control"; }
    fs::path answers() const { return directory_ / "answers"; }

    bool answers_ping() const {
        const int to = open(control().c_str(), O_RDWR | O_CLOEXEC);
        const int from = open(answers().c_str(), O_RDWR | O_CLOEXEC);
        constexpr std::string_view ping = "ping\n";
        pollfd waiting{.fd = from, .events = POLLIN, .revents = 0};
        std::array<char, 16> answer;
        const bool answered = write(to, ping.data(), ping.size()) > 0 && poll(&waiting, 1, patience_ms) == 1 &&
                              read(from, answer.data(), answer.size()) > 0;
        close(to);
        close(from);
        return answered;
    }

    fs::path directory_;
    fs::path output_;
    std::optional<support::child_process> process_;
};

/// The file in which the preloaded library counts. A build with sanitizers has none.
class allocation_counter {
public:
    explicit allocation_counter(const setup& setup)
        : library_{setup.programs / "libilpd_allocation_counter.so"}, file_{setup.directory / "allocations"} {
        std::ofstream{file_} << std::string(3 * sizeof(std::uint64_t), '\0');
    }

    std::vector<std::pair<std::string, std::string>> environment() const {
        if (!fs::exists(library_)) return {};
        return {{"LD_PRELOAD", library_.string()}, {"ILPD_BENCH_ALLOCATIONS", file_.string()}};
    }

    std::vector<std::string> generator_options() const {
        if (!fs::exists(library_)) return {};
        return {"--allocations", file_.string()};
    }

private:
    fs::path library_;
    fs::path file_;
};

}  // namespace

inspection inspect(const setup& setup, const place& place, const constant_peers& next_hops, const load& load) {
    const allocation_counter allocations{setup};
    auto under_test = place.has_usual_heap ? start(place, allocations.environment()) : start(place);
    std::optional<idle_clients> idle;
    if (load.idle != 0) idle.emplace(setup, under_test, load);
    system_call_counter calls{setup, under_test};
    auto options = place.has_usual_heap ? allocations.generator_options() : std::vector<std::string>{};
    std::ranges::move(calls.generator_options(), std::back_inserter(options));
    const auto output = generate(setup, under_test, next_hops, load, options);
    const auto packets = output.at("right").to_number<double>();
    inspection seen{.system_calls = calls.stop()};
    under_test.process.stop();
    if (packets == 0) return {};
    if (!output.at("perf_answered").as_bool()) seen.system_calls.clear();
    for (auto& [name, count] : seen.system_calls) count /= packets;
    if (const auto* const counts = output.if_contains("allocations")) {
        seen.allocations = counts->at("own").to_number<double>() / packets;
        seen.database_allocations = counts->at("database").to_number<double>() / packets;
        seen.openssl_allocations = counts->at("openssl").to_number<double>() / packets;
    }
    return seen;
}

std::map<std::string, double> read_system_calls(std::string_view report) {
    std::map<std::string, double> calls;
    double others = 0;
    while (!report.empty()) {
        const auto line = report.substr(0, report.find('\n'));
        report.remove_prefix(std::min(report.size(), line.size() + 1));
        double count = 0;
        std::from_chars(line.data(), line.data() + line.size(), count);
        if (count == 0) continue;
        if (line.find(all_calls) != std::string_view::npos) others += count;
        const auto event = line.find(event_prefix);
        if (event == std::string_view::npos || line.find(all_calls) != std::string_view::npos) continue;
        const auto name = line.substr(event + event_prefix.size());
        calls[std::string{name.substr(0, name.find(','))}] = count;
        others -= count;
    }
    if (others > 0) calls[std::string{other_calls}] = others;
    return calls;
}

}  // namespace bench
