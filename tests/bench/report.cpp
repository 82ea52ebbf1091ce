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
#include <functional>
#include <map>
#include <optional>
#include <ranges>
#include <thread>

namespace bench {

namespace {

constexpr double full_core = 0.97;
constexpr double disturbed = 0.05;
constexpr double shown_calls_min = 0.01;
constexpr int xfs_magic = 0x58465342;

using sample_figure = double sample::*;

std::vector<double> values_of(const result& result, sample_figure which) {
    std::vector<double> values;
    for (const auto& sample : result.samples) values.push_back(sample.*which);
    return values;
}

/// Half the distance between the smallest and the largest value, as a share of the median.
double spread(const result& result, sample_figure which) {
    const auto values = values_of(result, which);
    const auto [low, high] = std::ranges::minmax(values);
    const auto middle = median_of(values);
    return middle > 0 ? (high - low) / 2 / middle : 0;
}

/// The times of all kinds of changes together; empty if there were none.
std::vector<double> mutation_times(const result& result) {
    std::vector<double> all;
    for (const auto& sample : result.samples) {
        for (const auto& times : sample.mutation_ms) all.insert(all.end(), times.begin(), times.end());
    }
    return all;
}

/// The CPU time per packet, database server included, that is added to that of the variant that stores nothing.
std::optional<double> price_of_commits(const result& result, const std::vector<bench::result>& results) {
    const auto* const without = find_result(result.scenario, {result.point, std::string{without_commits}}, results);
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
    std::map<std::size_t, std::string> lines;  // by size of the data, since destinations differ by a few bytes
    for (const auto& result : results) {
        const auto& sample = result.samples.front();
        lines.try_emplace(result.load.data_size,
                          fmt::format("{} octets of data: Prepare {}, request {} octets", result.load.data_size,
                                      sample.prepare_octets, sample.request_octets));
    }
    return fmt::format("{}", fmt::join(lines | std::views::values, "; "));
}

std::string flood_line(const std::vector<result>& results) {
    const auto has_flood = [](const auto& result) { return !result.load.flood.empty(); };
    if (std::ranges::none_of(results, has_flood)) return {};
    return "flood/s: frames or complete handshakes of the hostile client. proxy %, load %, flood %: the CPU of the "
           "proxy, "
           "of generator and peer, and of the hostile client, which takes what these two leave of their core.\n";
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

/// A number as shown in the table: blank if it is unknown or 0.
std::string number(double value, int decimals) {
    return value > 0 ? fmt::format("{:.{}f}", value, decimals) : std::string{};
}

std::string percent(double share) {
    return fmt::format("{:.1f}", share * 100);
}

std::string text_of(const reference& beside, const result& result) {
    return beside.point == result.point ? beside.variant : beside.point;
}

double sum_of_calls(const result& result) {
    double sum = 0;
    for (const auto& [name, count] : result.inspection.system_calls) sum += count;
    return sum;
}

/// Lists the most frequent calls first.
std::string system_calls_line(const result& result) {
    std::vector<std::pair<std::string, double>> calls(result.inspection.system_calls.begin(),
                                                      result.inspection.system_calls.end());
    std::ranges::sort(calls, std::greater{}, &std::pair<std::string, double>::second);
    std::vector<std::string> shown;
    for (const auto& [name, count] : calls) {
        if (count >= shown_calls_min) shown.push_back(fmt::format("{} {:.2f}", name, count));
    }
    return shown.empty() ? std::string{}
                         : fmt::format("  {}, {}, {}: {}\n", result.scenario, result.point, result.variant,
                                       fmt::join(shown, ", "));
}

std::string system_calls_of(const std::vector<result>& results) {
    std::string text;
    for (const auto& result : results) text += system_calls_line(result);
    return text.empty() ? text : "\nsystem calls per packet:\n" + text;
}

/// One row and the row that it is compared with.
struct shown_row {
    const bench::result& result;
    const std::vector<bench::result>& all;
    const bench::result* beside = find_result(result.scenario, result.beside, all);
};

struct column {
    std::string_view title;
    std::string (*cell)(const shown_row&);
    bool is_text = false;
};

template <sample_figure which, int decimals>
std::string median_cell(const shown_row& row) {
    return number(median(row.result, which), decimals);
}

template <sample_figure which>
std::string spread_cell(const shown_row& row) {
    return percent(spread(row.result, which));
}

template <double ratios::* which>
std::string ratio_cell(const shown_row& row) {
    return row.beside == nullptr ? std::string{} : number(compare(row.result, *row.beside).*which, 2);
}

template <std::optional<double> (*which)(const result&, const result&)>
std::string memory_cell(const shown_row& row) {
    return row.beside == nullptr ? std::string{} : number(which(row.result, *row.beside).value_or(0), 2);
}

/// Where the CPU went, in percent of a core; of interest where a hostile client shares one with the generator.
template <sample_figure which>
std::string busy_cell(const shown_row& row) {
    return row.result.scenario == "floods" ? fmt::format("{:.0f}", 100 * median(row.result, which)) : std::string{};
}

/// Empty if allocations were not counted.
std::string allocations_text(std::optional<double> count) {
    return count ? fmt::format("{:.3f}", *count) : std::string{};
}

const std::vector<column> columns{
    {"scenario", [](const shown_row& row) { return row.result.scenario; }, true},
    {"", [](const shown_row& row) { return row.result.point; }, true},
    {"variant", [](const shown_row& row) { return row.result.variant; }, true},
    {"packets/s", median_cell<&sample::packets_per_second, 0>},
    {"+-%", spread_cell<&sample::packets_per_second>},
    {"p50 ms", median_cell<&sample::p50_ms, 3>},
    {"p99 ms", median_cell<&sample::p99_ms, 3>},
    {"p99.9", median_cell<&sample::p999_ms, 3>},
    {"CPU us", median_cell<&sample::cpu_us, 2>},
    {"+-%", spread_cell<&sample::cpu_us>},
    {"DB us", median_cell<&sample::database_cpu_us, 2>},
    {"commit ms", median_cell<&sample::commit_ms, 3>},
    {"packets", median_cell<&sample::packets_per_commit, 1>},
    {"price us", [](const shown_row& row) { return number(price_of_commits(row.result, row.all).value_or(0), 1); }},
    {"mutation ms", [](const shown_row& row) { return number(median_of(mutation_times(row.result)), 2); }},
    {"switches", median_cell<&sample::switches, 2>},
    {"syscalls", [](const shown_row& row) { return number(sum_of_calls(row.result), 2); }},
    {"allocs", [](const shown_row& row) { return allocations_text(row.result.inspection.allocations); }},
    {"DB's", [](const shown_row& row) { return allocations_text(row.result.inspection.database_allocations); }},
    {"OpenSSL's",
     [](const shown_row& row) {
         const auto count = row.result.inspection.openssl_allocations;
         return row.result.shape.tls ? allocations_text(count) : std::string{};
     }},
    {"MiB", [](const shown_row& row) { return number(median(row.result, &sample::resident_kib) / kib_per_mib, 1); }},
    {"peak MiB", [](const shown_row& row) { return number(median(row.result, &sample::peak_kib) / kib_per_mib, 1); }},
    {"KiB/idle", memory_cell<kib_per_idle_connection>},
    {"KiB/peer", memory_cell<kib_per_peer>},
    {"beside",
     [](const shown_row& row) {
         return row.beside == nullptr ? std::string{} : text_of(row.result.beside, row.result);
     },
     true},
    {"rate", ratio_cell<&ratios::packets_per_second>},
    {"per CPU", ratio_cell<&ratios::packets_per_cpu_second>},
    {"flood/s", median_cell<&sample::flood_per_second, 0>},
    {"proxy %", busy_cell<&sample::proxy_core_busy>},
    {"load %", busy_cell<&sample::load_core_busy>},
    {"flood %", busy_cell<&sample::flood_core_busy>},
    {"full core", [](const shown_row& row) { return std::string{full_cores(row.result)}; }, true},
};

/// The cells of the column, beginning with the title; empty if all other cells are blank.
std::vector<std::string> cells_of(const column& column, const std::vector<result>& results) {
    std::vector<std::string> cells{std::string{column.title}};
    bool blank = true;
    for (const auto& result : results) {
        cells.push_back(column.cell({result, results}));
        blank = blank && cells.back().empty();
    }
    if (blank) cells.clear();
    return cells;
}

/// Rows that are measured in turn are grouped together.
bool begins_group(const result& result, const bench::result& previous) {
    return result.scenario != previous.scenario ||
           (result.point != previous.point && result.variant != previous.variant) ||
           (result.point != previous.point && result.beside.point == result.point);
}

std::string rows_of(const std::vector<result>& results) {
    std::vector<std::string> lines(results.size() + 1);
    for (const auto& column : columns) {
        const auto cells = cells_of(column, results);
        if (cells.empty()) continue;
        const auto width = std::ranges::max(cells, {}, &std::string::size).size();
        for (std::size_t i = 0; i < cells.size(); ++i) {
            lines[i] +=
                column.is_text ? fmt::format("{:<{}}  ", cells[i], width) : fmt::format("{:>{}}  ", cells[i], width);
        }
    }
    for (auto& line : lines) line.erase(line.find_last_not_of(' ') + 1);
    std::string text = lines.front() + '\n';
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (i > 0 && begins_group(results[i], results[i - 1])) text += '\n';
        text += lines[i + 1] + '\n';
    }
    return text;
}

}  // namespace

double median_of(std::vector<double> values) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double median(const result& result, sample_figure which) {
    return median_of(values_of(result, which));
}

const result* find_result(std::string_view scenario, const reference& wanted, const std::vector<result>& results) {
    const auto found = std::ranges::find_if(results, [&](const auto& other) {
        return other.scenario == scenario && other.point == wanted.point && other.variant == wanted.variant;
    });
    return found == results.end() ? nullptr : &*found;
}

ratios compare(const result& result, const bench::result& reference) {
    std::vector<double> rates;
    std::vector<double> per_cpu;
    for (std::size_t i = 0; i < std::min(result.samples.size(), reference.samples.size()); ++i) {
        const auto& ours = result.samples[i];
        const auto& theirs = reference.samples[i];
        if (theirs.packets_per_second > 0) rates.push_back(ours.packets_per_second / theirs.packets_per_second);
        if (ours.cpu_us > 0 && theirs.cpu_us > 0) per_cpu.push_back(theirs.cpu_us / ours.cpu_us);
    }
    return {median_of(rates), median_of(per_cpu)};
}

std::optional<double> kib_per_idle_connection(const result& result, const bench::result& reference) {
    if (result.load.idle <= reference.load.idle) return std::nullopt;
    return (median(result, &sample::resident_kib) - median(reference, &sample::resident_kib)) /
           static_cast<double>(result.load.idle - reference.load.idle);
}

std::optional<double> kib_per_peer(const result& result, const bench::result& reference) {
    if (result.shape.peers <= reference.shape.peers) return std::nullopt;
    if (result.shape.routes_per_peer != reference.shape.routes_per_peer) return std::nullopt;
    return (result.samples.front().resident_before_kib - reference.samples.front().resident_before_kib) /
           static_cast<double>(result.shape.peers - reference.shape.peers);
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
    return rows_of(results) + system_calls_of(results) +
           fmt::format(
               "\nrate, per CPU: packets/s and packets per CPU second, divided by those of the row beside, in "
               "the same repetition.\nprice us: CPU per packet beyond {}, database server included. "
               "switches, syscalls, allocs: context switches, system calls "
               "and calls of the heap per packet; DB's, OpenSSL's: those of these libraries.\n{}{}\n",
               without_commits, flood_line(results), packet_line(results)) +
           as_text(conditions) + disturbance_line(results);
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
                               {"switches", sample.switches},
                               {"resident_before_kib", sample.resident_before_kib},
                               {"resident_kib", sample.resident_kib},
                               {"peak_kib", sample.peak_kib},
                               {"proxy_core_busy", sample.proxy_core_busy},
                               {"load_core_busy", sample.load_core_busy},
                               {"flood_core_busy", sample.flood_core_busy},
                               {"flood_per_second", sample.flood_per_second},
                               {"others_busy", sample.others_busy},
                               {"trouble", sample.trouble},
                               {"generator", sample.generator},
                               {"flood", sample.flood}});
        }
        boost::json::object row{
            {"scenario", result.scenario},
            {"point", result.point},
            {"variant", result.variant},
            {"connections", result.load.connections},
            {"streams", result.load.streams},
            {"tls", result.load.tls},
            {"idle", result.load.idle},
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
            {"switches", median(result, &sample::switches)},
            {"resident_kib", median(result, &sample::resident_kib)},
            {"peak_kib", median(result, &sample::peak_kib)},
            {"flood_per_second", median(result, &sample::flood_per_second)},
            {"full_core", full_cores(result)},
        };
        if (const auto price = price_of_commits(result, results)) row["price_of_commits_us"] = *price;
        if (const auto* const reference = find_result(result.scenario, result.beside, results)) {
            const auto ratios = compare(result, *reference);
            row["beside"] = {{"point", reference->point}, {"variant", reference->variant}};
            row["packets_per_second_ratio"] = ratios.packets_per_second;
            row["packets_per_cpu_second_ratio"] = ratios.packets_per_cpu_second;
            if (const auto memory = kib_per_idle_connection(result, *reference))
                row["kib_per_idle_connection"] = *memory;
        }
        if (const auto times = mutation_times(result); !times.empty()) {
            row["mutations"] = {
                {"count", times.size()}, {"median_ms", median_of(times)}, {"worst_ms", std::ranges::max(times)}};
        }
        if (const auto& calls = result.inspection.system_calls; !calls.empty()) {
            row["system_calls"] = boost::json::value_from(calls);
        }
        if (const auto& count = result.inspection.allocations) row["allocations"] = *count;
        if (const auto& count = result.inspection.database_allocations) row["database_allocations"] = *count;
        if (const auto& count = result.inspection.openssl_allocations) row["openssl_allocations"] = *count;
        row["samples"] = std::move(samples);
        rows.push_back(std::move(row));
    }
    return {{"conditions", to_json(conditions)}, {"results", std::move(rows)}};
}

}  // namespace bench
