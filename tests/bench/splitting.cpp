#include "tests/bench/splitting.hpp"

#include "tests/bench/measure.hpp"
#include "tests/bench/payment_nodes.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
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

}  // namespace

splitting_results measure_splitting(const setup& setup, const splitting_plan& plan) {
    splitting_results results;
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
            if (!paid) return results;
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
    return results;
}

std::vector<target> check_targets(const splitting_results& results) {
    const auto beside_none = [&results](std::size_t parts_max,
                                        double splitting_result::* which) -> std::optional<double> {
        const auto row = std::ranges::find(results.rows, parts_max, &splitting_result::parts_max);
        if (row == results.rows.end()) return std::nullopt;
        return times_less(results.rows.front().*which, (*row).*which);
    };
    return {
        {"payment of @interledger/pay, 16 parts: times faster", 5, false, beside_none(16, &splitting_result::seconds)},
        {"payment of @interledger/pay, 256 parts: times faster", 20, false,
         beside_none(256, &splitting_result::seconds)},
        {"CPU of 8 packets / of one in 8 parts, both daemons", 0.8, false, beside_none(8, &splitting_result::cpu_us)}};
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
    return {{"conditions", to_json(conditions)},
            {"variant", plan.variant},
            {"amount", plan.amount},
            {"maximum", packet_amount},
            {"rows", std::move(rows)},
            {"troubles", json::value_from(results.troubles)}};
}

}  // namespace bench
