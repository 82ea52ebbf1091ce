#include "tests/bench/targets.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <ranges>

namespace bench {

namespace {

constexpr std::string_view durable_variant = "ilpd-sqlite";

const result* at_connections(std::size_t connections, std::string_view variant, const std::vector<result>& results) {
    const auto found = std::ranges::find_if(results, [&](const auto& result) {
        return result.scenario == "connections" && result.load.connections == connections && result.variant == variant;
    });
    return found == results.end() ? nullptr : &*found;
}

/// The target applies to the last point of a scenario.
const result* last_of(std::string_view scenario, const std::vector<result>& results) {
    for (const auto& result : std::views::reverse(results)) {
        if (result.scenario == scenario && result.variant == durable_variant) return &result;
    }
    return nullptr;
}

using ratio = double ratios::*;
constexpr ratio rate = &ratios::packets_per_second;
constexpr ratio per_cpu = &ratios::packets_per_cpu_second;

std::optional<double> ratio_of(const result* result, ratio which, const std::vector<bench::result>& results) {
    if (result == nullptr) return std::nullopt;
    const auto* const reference = find_result(result->scenario, result->beside, results);
    if (reference == nullptr) return std::nullopt;
    return compare(*result, *reference).*which;
}

/// The difference between our 99th percentile of the answer time and nginx's, in commit durations.
std::optional<double> late_by_commits(const result* ours, const result* nginx) {
    if (ours == nullptr || nginx == nullptr || median(*ours, &sample::commit_ms) == 0) return std::nullopt;
    return (median(*ours, &sample::p99_ms) - median(*nginx, &sample::p99_ms)) / median(*ours, &sample::commit_ms);
}

std::optional<double> idle_daemon_mib(const result* result) {
    if (result == nullptr || result->samples.empty()) return std::nullopt;
    return result->samples.front().resident_before_kib / kib_per_mib;
}

/// The durable row of a scenario with HTTP/2 on both sides, or with HTTP/1.1 from the sender.
const result* with_protocol(std::string_view scenario, bool is_http2, const std::vector<result>& results) {
    const auto found = std::ranges::find_if(results, [&](const auto& result) {
        return result.scenario == scenario && result.variant == durable_variant &&
               (result.load.streams != 0) == is_http2;
    });
    return found == results.end() ? nullptr : &*found;
}

/// The smallest ratio to any row of these variants in the same scenario: that of the neighbour which is best.
std::optional<double> beside_best(const result* result, std::initializer_list<std::string_view> variants,
                                  const std::vector<bench::result>& results) {
    std::optional<double> smallest;
    if (result == nullptr) return smallest;
    for (const auto& other : results) {
        if (other.scenario != result->scenario || std::ranges::find(variants, other.variant) == variants.end())
            continue;
        const double value = compare(*result, other).packets_per_cpu_second;
        if (value > 0) smallest = std::min(smallest.value_or(value), value);
    }
    return smallest;
}

/// The durable row of the measured peer beside a flood.
const result* beside_flood(std::string_view flood, const std::vector<result>& results) {
    const auto found = std::ranges::find_if(results, [&](const auto& result) {
        return result.scenario == "floods" && result.variant == durable_variant && result.load.flood == flood;
    });
    return found == results.end() ? nullptr : &*found;
}

std::optional<double> flood_of(const result* result) {
    return result == nullptr ? std::nullopt : std::optional{median(*result, &sample::flood_per_second)};
}

std::optional<double> allocations_of(const result* result) {
    return result == nullptr ? std::nullopt : result->inspection.allocations;
}

using memory_figure = std::optional<double> (*)(const result&, const result&);

std::optional<double> memory_of(const result* result, memory_figure which, const std::vector<bench::result>& results) {
    if (result == nullptr) return std::nullopt;
    const auto* const reference = find_result(result->scenario, result->beside, results);
    return reference == nullptr ? std::nullopt : which(*result, *reference);
}

}  // namespace

/// A flood of handshakes that reaches less is not the one that the target is about.
constexpr double handshakes_reached = 0.95;

/// Less than one per thousand packets means none in steady state.
constexpr double no_allocations = 0.001;

std::vector<target> check_targets(const std::vector<result>& results) {
    const auto at = [&](std::size_t connections, std::string_view variant = durable_variant) {
        return at_connections(connections, variant, results);
    };
    const auto ratio = [&](const result* result, bench::ratio which) { return ratio_of(result, which, results); };
    const auto last = [&](std::string_view scenario) { return last_of(scenario, results); };
    const auto* const usual = at(100);
    const auto* const http2 = with_protocol("http2", true, results);
    const auto* const tls = with_protocol("tls", true, results);
    const auto* const http1_to_http2 = with_protocol("http2", false, results);
    const auto* const http1_tls = with_protocol("tls", false, results);
    const auto* const handshakes = beside_flood("handshakes", results);
    std::vector<target> targets{
        {"packets per CPU second, ilpd-sqlite / nginx, 100 connections", 1.1, false, ratio(usual, per_cpu)},
        {"packets per CPU second, ilpd-sqlite / nginx, 50 connections", 0.85, false, ratio(at(50), per_cpu)},
        {"packets per CPU second, ilpd-sqlite / nginx, 400 connections", 1.3, false, ratio(at(400), per_cpu)},
        {"packets per CPU second, ilpd-memory / nginx, 50 connections", 1.2, false,
         ratio(at(50, "ilpd-memory"), per_cpu)},
        {"packets/s, ilpd-sqlite / nginx, 100 connections", 0.95, false, ratio(usual, rate)},
        {"p99 beyond nginx's, in times of a commit, ilpd-sqlite, 100 connections", 2, true,
         late_by_commits(usual, at(100, "nginx"))},
        {"heap allocations per packet by ilpd, ilpd-sqlite, 100 connections", no_allocations, true,
         allocations_of(usual)},
        {"packets/s, 100 000 peers with 1 000 000 routes / 10 with 10", 0.95, false, ratio(last("routes"), rate)},
        {"packets/s, 10 million transfers in the store / none", 0.98, false, ratio(last("history"), rate)},
        {"memory of an idle daemon, MiB", 20, true, idle_daemon_mib(usual)},
        {"memory per idle connection, KiB", 4, true, memory_of(last("idle"), kib_per_idle_connection, results)},
        {"memory per peer, KiB", 1, true, memory_of(last("peers"), kib_per_peer, results)},
        {"packets per CPU second, two workers / one", 0.9, false, ratio(last("workers"), per_cpu)},
        {"packets per CPU second, HTTP/1.1 to HTTP/2 / nginx, 100 connections", 2, false,
         ratio(http1_to_http2, per_cpu)},
        {"packets per CPU second, HTTP/2 on both sides / nginx at its best", 8, false,
         beside_best(http2, {"nginx"}, results)},
        {"packets per CPU second, the same / the better of haproxy and nghttpx", 3, false,
         beside_best(http2, {"haproxy", "nghttpx"}, results)},
        {"packets per CPU second, HTTP/2 and TLS / nginx with TLS at its best", 8, false,
         beside_best(tls, {"nginx"}, results)},
        {"packets per CPU second, HTTP/1.1 and TLS / nginx, 100 connections", 1, false, ratio(http1_tls, per_cpu)},
        {"heap allocations per packet by ilpd, HTTP/1.1 to HTTP/2", no_allocations, true,
         allocations_of(http1_to_http2)},
        {"heap allocations per packet by ilpd, HTTP/2", no_allocations, true, allocations_of(http2)},
        {"heap allocations per packet by ilpd, HTTP/1.1 and TLS", no_allocations, true, allocations_of(http1_tls)},
        {"heap allocations per packet by ilpd, HTTP/2 and TLS", no_allocations, true, allocations_of(tls)},
        {"memory per idle connection with TLS, KiB", 16, true,
         memory_of(last("idle-tls"), kib_per_idle_connection, results)},
        {"packets/s beside a flood of handshakes / without", 0.9, false, ratio(handshakes, rate)},
        {"handshakes/s of that flood", handshakes_reached * handshakes_per_second, false, flood_of(handshakes)},
    };
    for (const auto kind : frame_floods) {
        targets.push_back({fmt::format("packets/s beside the flood {} / without", kind), 0.9, false,
                           ratio(beside_flood(kind, results), rate)});
    }
    return targets;
}

std::string as_table(const std::vector<target>& targets) {
    std::string text = fmt::format("\n{:<72} {:>9} {:>9}  met\n", "target", "", "reached");
    for (const auto& target : targets) {
        text +=
            fmt::format("{:<72} {} {:>6.2f} {:>9}  {}\n", target.what, target.is_at_most ? "<=" : ">=", target.bound,
                        target.reached ? fmt::format("{:.2f}", *target.reached) : "?",
                        !target.reached   ? "not measured"
                        : target.is_met() ? "yes"
                                          : "no");
    }
    return text + '\n';
}

boost::json::value as_json(const std::vector<target>& targets) {
    boost::json::array rows;
    for (const auto& target : targets) {
        boost::json::object row{{"what", target.what},
                                {target.is_at_most ? "at_most" : "at_least", target.bound},
                                {"met", target.is_met()}};
        if (target.reached) row["reached"] = *target.reached;
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace bench
