#include "tests/bench/splitting.hpp"

#include "tests/bench/chain.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/payment_nodes.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace bench {

namespace {

namespace json = boost::json;

constexpr double us_in_a_second = 1e6;

/// A path, and what its payments have shown so far.
struct measured_path {
    std::size_t parts_max;
    std::unique_ptr<payment_nodes> nodes;
    std::vector<double> seconds{};
    std::vector<double> packets{};
    std::vector<double> cpu_us{};
};

double cpu_of_daemons(const payment_nodes& path) {
    double seconds = 0;
    for (const proxy& daemon : path.daemons()) seconds += cpu_seconds(daemon.pids);
    return seconds;
}

double times_less(double without, double with) {
    return with > 0 ? without / with : 0;
}

/// Leaves the rows empty without @interledger/pay.
void pay_with_parts(const setup& setup, const splitting_plan& plan, splitting_results& results) {
    std::vector<std::size_t> all_parts{0};
    all_parts.insert(all_parts.end(), plan.parts_max.begin(), plan.parts_max.end());
    std::vector<measured_path> paths;
    for (const std::size_t parts : all_parts) {
        paths.push_back(
            {.parts_max = parts,
             .nodes = std::make_unique<payment_nodes>(setup, fmt::format("splitting-{}", parts),
                                                      path_of_nodes{.variant = plan.variant, .max_parts = parts})});
        // It connects, and shows what the receiver's daemon takes.
        if (const auto ended = paths.back().nodes->pay(1); !ended.failure.empty()) {
            results.troubles.push_back(fmt::format("a payment has failed: {}", ended.failure));
        }
    }
    const double units = static_cast<double>(plan.amount) / packet_amount;
    for (std::size_t i = 0; i < plan.repetitions; ++i) {
        for (measured_path& path : paths) {
            const double before = cpu_of_daemons(*path.nodes);
            const auto paid = pay_with_pay(setup, *path.nodes, plan.amount);
            if (!paid) return;
            if (!paid->trouble.empty()) results.troubles.push_back("@interledger/pay: " + paid->trouble);
            path.cpu_us.push_back((cpu_of_daemons(*path.nodes) - before) * us_in_a_second / units);
            path.seconds.push_back(paid->seconds);
            path.packets.push_back(paid->packets);
        }
    }
    for (measured_path& path : paths) {
        results.rows.push_back({.parts_max = path.parts_max,
                                .seconds = median_of(std::move(path.seconds)),
                                .packets = median_of(std::move(path.packets)),
                                .cpu_us = median_of(std::move(path.cpu_us))});
    }
}

/// The load with packets in parts, or with as many whole packets in place of each: the amount in flight is the same.
load busy_load(const splitting_plan& plan, bool http2, bool in_parts) {
    const std::size_t times = in_parts ? 1 : plan.busy_parts;
    load made{.amount = in_parts ? plan.busy_parts * chain::maximum : chain::maximum,
              .warm_up_seconds = plan.warm_up_seconds,
              .seconds = plan.seconds};
    made.connections = http2 ? plan.http2_connections : plan.connections * times;
    if (http2) made.streams = plan.streams * times;
    return made;
}

busy_link measure_busy(const setup& setup, const constant_peers& next_hops, const splitting_plan& plan, bool http2,
                       std::vector<std::string>& troubles) {
    busy_link measured{.http2 = http2, .parts = plan.busy_parts};
    const load whole = busy_load(plan, http2, false);
    const load in_parts = busy_load(plan, http2, true);
    const chain nodes{setup, http2 ? "busy-http2" : "busy-http1", http2, whole.connections, plan.busy_parts};
    nodes.greet(setup, next_hops);
    const auto cpu_us = [&](const load& load) {
        const sample taken = measure(setup, nodes.daemons(), next_hops, load);
        if (!taken.trouble.empty()) troubles.push_back("busy daemons: " + taken.trouble);
        return taken.cpu_us;
    };
    for (std::size_t i = 0; i < plan.repetitions; ++i) {
        measured.whole_us.push_back(cpu_us(whole) * static_cast<double>(plan.busy_parts));
        measured.in_parts_us.push_back(cpu_us(in_parts));
    }
    return measured;
}

std::string_view protocol_of(const busy_link& link) {
    return link.http2 ? "HTTP/2" : "HTTP/1.1";
}

}  // namespace

splitting_results measure_splitting(const setup& setup, const constant_peers& next_hops, const splitting_plan& plan) {
    splitting_results results;
    for (const bool http2 : {false, true}) {
        results.busy.push_back(measure_busy(setup, next_hops, plan, http2, results.troubles));
    }
    pay_with_parts(setup, plan, results);
    return results;
}

double cpu_ratio(const busy_link& link) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(link.whole_us.size(), link.in_parts_us.size()); ++i) {
        ratios.push_back(times_less(link.whole_us[i], link.in_parts_us[i]));
    }
    return ratios.empty() ? 0 : median_of(std::move(ratios));
}

std::vector<target> check_targets(const splitting_results& results) {
    const auto beside_none = [&results](std::size_t parts_max,
                                        double splitting_result::* which) -> std::optional<double> {
        const auto row = std::ranges::find(results.rows, parts_max, &splitting_result::parts_max);
        if (row == results.rows.end()) return std::nullopt;
        return times_less(results.rows.front().*which, (*row).*which);
    };
    const auto of_busy = [&results](bool http2) -> std::optional<double> {
        const auto link = std::ranges::find(results.busy, http2, &busy_link::http2);
        return link == results.busy.end() ? std::nullopt : std::optional{cpu_ratio(*link)};
    };
    return {
        {"payment of @interledger/pay, 16 parts: times faster", 5, false, beside_none(16, &splitting_result::seconds)},
        {"payment of @interledger/pay, 256 parts: times faster", 20, false,
         beside_none(256, &splitting_result::seconds)},
        {"CPU of 8 packets / of one in 8 parts, both daemons, HTTP/1.1", 0.8, false, of_busy(false)},
        {"the same, HTTP/2", 0.8, false, of_busy(true)}};
}

std::string as_table(const conditions& conditions, const splitting_plan& plan, const splitting_results& results) {
    std::string text = fmt::format("{:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "max parts", "seconds", "packets",
                                   "CPU us", "faster", "less CPU");
    for (const auto& row : results.rows) {
        const auto& without = results.rows.front();
        text += fmt::format("{:>10} {:>10.2f} {:>10.0f} {:>10.1f} {:>10.1f} {:>10.2f}\n", row.parts_max, row.seconds,
                            row.packets, row.cpu_us, times_less(without.seconds, row.seconds),
                            times_less(without.cpu_us, row.cpu_us));
    }
    if (results.rows.empty()) text += "@interledger/pay is not there: nothing was measured\n";
    text += fmt::format(
        "\nPayments of {} units by @interledger/pay through two daemons ({}) whose link has a maximum of {}. max "
        "parts: "
        "into how many parts the two have agreed to split a packet; 0: none. CPU us: of both daemons, for {} units. "
        "faster, less CPU: beside the row without parts.\n",
        plan.amount, plan.variant, packet_amount, packet_amount);
    text += fmt::format("\n{:>10} {:>10} {:>10} {:>10}\n", "busy link", "packets us", "parts us", "less CPU");
    for (const auto& link : results.busy) {
        text += fmt::format("{:>10} {:>10.1f} {:>10.1f} {:>10.2f}\n", protocol_of(link), median_of(link.whole_us),
                            median_of(link.in_parts_us), cpu_ratio(link));
    }
    text += fmt::format(
        "\nThrough two busy daemons (memory:) on one core to the constant peer. packets us: CPU of both for {0} "
        "packets of {1} units. parts us: for one packet of {2} units that crosses the link between them in {0} "
        "parts. less CPU: the first divided by the second.\n",
        plan.busy_parts, chain::maximum, plan.busy_parts * chain::maximum);
    for (const auto& trouble : results.troubles) text += fmt::format("WRONG: {}\n", trouble);
    return text + as_text(conditions);
}

json::value as_json(const conditions& conditions, const splitting_plan& plan, const splitting_results& results) {
    json::array rows;
    for (const auto& row : results.rows) {
        rows.push_back(json::object{{"max_parts", row.parts_max},
                                    {"seconds", row.seconds},
                                    {"packets", row.packets},
                                    {"cpu_us", row.cpu_us},
                                    {"faster", times_less(results.rows.front().seconds, row.seconds)},
                                    {"less_cpu", times_less(results.rows.front().cpu_us, row.cpu_us)}});
    }
    json::array busy;
    for (const auto& link : results.busy) {
        busy.push_back(json::object{{"protocol", protocol_of(link)},
                                    {"parts", link.parts},
                                    {"packets_us", json::value_from(link.whole_us)},
                                    {"parts_us", json::value_from(link.in_parts_us)},
                                    {"less_cpu", cpu_ratio(link)}});
    }
    return {{"conditions", to_json(conditions)},
            {"variant", plan.variant},
            {"amount", plan.amount},
            {"maximum", packet_amount},
            {"rows", std::move(rows)},
            {"busy", std::move(busy)},
            {"troubles", json::value_from(results.troubles)}};
}

}  // namespace bench
