#include "tests/bench/report.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/magic.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <optional>
#include <thread>

namespace bench {

namespace {

constexpr double full_core = 0.97;
constexpr double disturbed = 0.05;
constexpr int xfs_magic = 0x58465342;

using figure = double sample::*;

std::vector<double> values_of(const result& result, figure which) {
    std::vector<double> values;
    for (const auto& sample : result.samples) values.push_back(sample.*which);
    return values;
}

double median(const result& result, figure which) {
    return median_of(values_of(result, which));
}

/// Half the distance from the smallest to the largest, as a share of the median.
double spread(const result& result, figure which) {
    const auto values = values_of(result, which);
    const auto [low, high] = std::ranges::minmax(values);
    const auto middle = median_of(values);
    return middle > 0 ? (high - low) / 2 / middle : 0;
}

/// Of all kinds together; empty: there were none.
std::vector<double> mutation_times(const result& result) {
    std::vector<double> all;
    for (const auto& sample : result.samples) {
        for (const auto& times : sample.mutation_ms) all.insert(all.end(), times.begin(), times.end());
    }
    return all;
}

/// How much better than the reference: medians over the repetitions, each compared with its neighbour in time.
struct ratios {
    double packets_per_second = 0;
    double packets_per_cpu_second = 0;
};

/// Of `variant` under the same load; null: it was not measured.
const result* find_result(std::string_view variant, const result& beside, const std::vector<result>& results) {
    const auto found = std::ranges::find_if(results, [&](const auto& other) {
        return other.variant == variant && other.load.connections == beside.load.connections &&
               other.load.data_size == beside.load.data_size;
    });
    return found == results.end() ? nullptr : &*found;
}

std::optional<ratios> compare(const result& result, const std::vector<bench::result>& results) {
    const auto* const reference = find_result(find_variant(result.variant).beside, result, results);
    if (reference == nullptr) return std::nullopt;
    std::vector<double> rates;
    std::vector<double> per_cpu;
    for (std::size_t i = 0; i < std::min(result.samples.size(), reference->samples.size()); ++i) {
        const auto& ours = result.samples[i];
        const auto& theirs = reference->samples[i];
        if (theirs.packets_per_second > 0) rates.push_back(ours.packets_per_second / theirs.packets_per_second);
        if (ours.cpu_us > 0) per_cpu.push_back(theirs.cpu_us / ours.cpu_us);
    }
    return ratios{median_of(rates), median_of(per_cpu)};
}

/// CPU per packet beyond the variant that keeps nothing, database server included.
std::optional<double> price_of_commits(const result& result, const std::vector<bench::result>& results) {
    const auto* const without = find_result(without_commits, result, results);
    if (without == nullptr || median(result, &sample::commit_ms) == 0) return std::nullopt;
    std::vector<double> prices;
    for (std::size_t i = 0; i < std::min(result.samples.size(), without->samples.size()); ++i) {
        const auto& ours = result.samples[i];
        prices.push_back(ours.cpu_us + ours.database_cpu_us - without->samples[i].cpu_us);
    }
    return median_of(prices);
}

std::string_view full_cores(const result& result) {
    const bool proxy = median(result, &sample::proxy_core_busy) >= full_core;
    const bool load = median(result, &sample::load_core_busy) >= full_core;
    return proxy && load ? "both" : proxy ? "proxy" : load ? "load" : "none";
}

std::string cpu_model() {
    std::ifstream in{"/proc/cpuinfo"};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

std::string kernel() {
    utsname names{};
    uname(&names);
    return fmt::format("{} {}", names.sysname, names.release);
}

std::string file_system(const std::filesystem::path& path) {
    struct statfs info{};
    if (statfs(path.c_str(), &info) != 0) return "unknown";
    switch (info.f_type) {
        case EXT4_SUPER_MAGIC:
            return "ext4";
        case BTRFS_SUPER_MAGIC:
            return "btrfs";
        case xfs_magic:
            return "xfs";
        case OVERLAYFS_SUPER_MAGIC:
            return "overlayfs";
        case TMPFS_MAGIC:
            return "tmpfs (no disk: commits cost nothing here)";
        default:
            return fmt::format("type {:#x}", info.f_type);
    }
}

std::string packet_line(const std::vector<result>& results) {
    std::vector<std::string> lines;
    for (const auto& result : results) {
        const auto& sample = result.samples.front();
        auto line = fmt::format("{} octets of data: Prepare {}, request {} octets", result.load.data_size,
                                sample.prepare_octets, sample.request_octets);
        if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
    }
    return fmt::format("{}", fmt::join(lines, "; "));
}

std::string disturbance_line(const std::vector<result>& results) {
    std::size_t count = 0;
    std::size_t all = 0;
    double worst = 0;
    for (const auto& result : results) {
        for (const auto& sample : result.samples) {
            ++all;
            if (sample.others_busy > disturbed) ++count;
            worst = std::max(worst, sample.others_busy);
        }
    }
    if (count == 0) return {};
    return fmt::format("DISTURBED: in {} of {} measurements other programs took up to {:.0f} % of a core\n", count, all,
                       worst * 100);
}

}  // namespace

double median_of(std::vector<double> values) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

conditions read_conditions(const setup& setup) {
    return {.time = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))),
            .cpu = cpu_model(),
            .cores = std::thread::hardware_concurrency(),
            .kernel = kernel(),
            .file_system = file_system(setup.directory),
            .versions = {},
            .proxy_core = setup.proxy_core,
            .load_core = setup.load_core,
            .repetitions = 0,
            .seconds = 0,
            .warm_up_seconds = 0};
}

std::string as_text(const conditions& conditions) {
    return fmt::format(
        "{}, {} cores, {}; databases on {}; {}\n"
        "proxy alone on core {}, generator and peer on core {}; {} x {} s after {} s of warm-up; {}\n",
        conditions.cpu, conditions.cores, conditions.kernel, conditions.file_system,
        fmt::join(conditions.versions, ", "), conditions.proxy_core, conditions.load_core, conditions.repetitions,
        conditions.seconds, conditions.warm_up_seconds, conditions.time);
}

boost::json::value to_json(const conditions& conditions) {
    return {{"time", conditions.time},
            {"cpu", conditions.cpu},
            {"cores", conditions.cores},
            {"kernel", conditions.kernel},
            {"file_system", conditions.file_system},
            {"versions", boost::json::value_from(conditions.versions)},
            {"proxy_core", conditions.proxy_core},
            {"load_core", conditions.load_core},
            {"repetitions", conditions.repetitions},
            {"seconds", conditions.seconds},
            {"warm_up_seconds", conditions.warm_up_seconds}};
}

std::string as_table(const conditions& conditions, const std::vector<result>& results) {
    std::string text = fmt::format(
        "{:>5}  {:<23} {:>9} {:>5}  {:>7} {:>7} {:>7}  {:>6} {:>5} {:>6}  {:>9} {:>7} {:>8}  {:>11}  {:<15} {:>5} "
        "{:>7}  {}\n",
        "conns", "variant", "packets/s", "+-%", "p50 ms", "p99 ms", "p99.9", "CPU us", "+-%", "DB us", "commit ms",
        "packets", "price us", "mutation ms", "beside", "rate", "per CPU", "full core");
    const auto or_blank = [](double value, const char* format) {
        return value > 0 ? fmt::format(fmt::runtime(format), value) : std::string{};
    };
    const load* previous = nullptr;
    for (const auto& result : results) {
        if (previous != nullptr && previous->connections != result.load.connections) text += '\n';
        previous = &result.load;
        const auto ratios = compare(result, results);
        const auto price = price_of_commits(result, results);
        text += fmt::format(
            "{:>5}  {:<23} {:>9.0f} {:>5.1f}  {:>7.3f} {:>7.3f} {:>7.3f}  {:>6.2f} {:>5.1f} {:>6}  {:>9} {:>7} {:>8}  "
            "{:>11}  {:<15} {:>5} {:>7}  {}\n",
            result.load.connections, result.variant, median(result, &sample::packets_per_second),
            spread(result, &sample::packets_per_second) * 100, median(result, &sample::p50_ms),
            median(result, &sample::p99_ms), median(result, &sample::p999_ms), median(result, &sample::cpu_us),
            spread(result, &sample::cpu_us) * 100, or_blank(median(result, &sample::database_cpu_us), "{:.2f}"),
            or_blank(median(result, &sample::commit_ms), "{:.3f}"),
            or_blank(median(result, &sample::packets_per_commit), "{:.1f}"), price ? fmt::format("{:.1f}", *price) : "",
            or_blank(median_of(mutation_times(result)), "{:.2f}"), ratios ? find_variant(result.variant).beside : "",
            ratios ? fmt::format("{:.2f}", ratios->packets_per_second) : "",
            ratios ? fmt::format("{:.2f}", ratios->packets_per_cpu_second) : "", full_cores(result));
    }
    text += fmt::format(
        "\nrate, per CPU: packets/s and packets per CPU second, divided by those of the variant beside, in the same "
        "repetition.\nprice us: CPU per packet beyond {}, database server included.\n"
        "mutation ms: of the Admin API, one every 10 ms; the worst in the JSON.\n{}\n",
        without_commits, packet_line(results));
    return text + as_text(conditions) + disturbance_line(results);
}

boost::json::value as_json(const conditions& conditions, const std::vector<result>& results) {
    boost::json::array rows;
    for (const auto& result : results) {
        boost::json::array samples;
        for (const auto& sample : result.samples) {
            samples.push_back({{"packets_per_second", sample.packets_per_second},
                               {"cpu_us", sample.cpu_us},
                               {"database_cpu_us", sample.database_cpu_us},
                               {"commit_ms", sample.commit_ms},
                               {"packets_per_commit", sample.packets_per_commit},
                               {"proxy_core_busy", sample.proxy_core_busy},
                               {"load_core_busy", sample.load_core_busy},
                               {"others_busy", sample.others_busy},
                               {"trouble", sample.trouble},
                               {"generator", sample.generator}});
        }
        boost::json::object row{
            {"variant", result.variant},
            {"connections", result.load.connections},
            {"data_size", result.load.data_size},
            {"prepare_octets", result.samples.front().prepare_octets},
            {"request_octets", result.samples.front().request_octets},
            {"packets_per_second", median(result, &sample::packets_per_second)},
            {"packets_per_second_spread", spread(result, &sample::packets_per_second)},
            {"cpu_us", median(result, &sample::cpu_us)},
            {"cpu_us_spread", spread(result, &sample::cpu_us)},
            {"database_cpu_us", median(result, &sample::database_cpu_us)},
            {"commit_ms", median(result, &sample::commit_ms)},
            {"packets_per_commit", median(result, &sample::packets_per_commit)},
            {"p50_ms", median(result, &sample::p50_ms)},
            {"p99_ms", median(result, &sample::p99_ms)},
            {"p99.9_ms", median(result, &sample::p999_ms)},
            {"full_core", full_cores(result)},
        };
        if (const auto price = price_of_commits(result, results)) row["price_of_commits_us"] = *price;
        if (const auto ratios = compare(result, results)) {
            row["beside"] = find_variant(result.variant).beside;
            row["packets_per_second_ratio"] = ratios->packets_per_second;
            row["packets_per_cpu_second_ratio"] = ratios->packets_per_cpu_second;
        }
        if (const auto times = mutation_times(result); !times.empty()) {
            row["mutations"] = {
                {"count", times.size()}, {"median_ms", median_of(times)}, {"worst_ms", std::ranges::max(times)}};
        }
        row["samples"] = std::move(samples);
        rows.push_back(std::move(row));
    }
    return {{"conditions", to_json(conditions)}, {"results", std::move(rows)}};
}

}  // namespace bench
