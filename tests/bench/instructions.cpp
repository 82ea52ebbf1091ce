#include "tests/bench/instructions.hpp"

#include "tests/bench/measure.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <stdexcept>

namespace bench {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t long_run = 5;
constexpr auto callgrind_patience = std::chrono::minutes{5};

bool has_valgrind(const setup& setup) {
    try {
        support::child_process probe{{.arguments = {"valgrind", "--version"},
                                      .output = setup.directory / "valgrind",
                                      .errors = {},
                                      .environment = {},
                                      .core = {},
                                      .end_signal = SIGKILL}};
        return probe.wait(callgrind_patience) == 0;
    } catch (const std::exception&) {
        return false;
    }
}

std::vector<std::string> under_callgrind(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

double collected(const std::string& output) {
    const auto count = read_collected(output);
    if (!count) throw std::runtime_error{"callgrind did not end as expected: " + output};
    return *count;
}

double count_in_core(const setup& setup, std::uint64_t packets) {
    const auto output = setup.directory / "router-core";
    fs::remove(output);
    support::child_process core{
        {.arguments = under_callgrind({(setup.programs / "ilpd_router_core").string(), std::to_string(packets)}),
         .output = output,
         .errors = {},
         .environment = {},
         .core = setup.proxy_core,
         .end_signal = SIGKILL}};
    core.wait(callgrind_patience);
    return collected(core.output());
}

double count_in_loop(const setup& setup, const constant_peers& next_hops, const place& place, const load& load,
                     std::uint64_t packets) {
    auto daemon = start(place);
    const auto output = generate(setup, daemon, next_hops, load, {"--packets", std::to_string(packets)});
    if (output.at("whole_run").at("right").to_number<std::uint64_t>() != packets) {
        throw std::runtime_error{"not every answer was the right one"};
    }
    daemon.process.stop(callgrind_patience);
    return collected(daemon.process.output());
}

/// The cost of one packet, without the cost of starting and ending the program.
double per_packet(std::uint64_t packets, const std::function<double(std::uint64_t)>& count) {
    const double few = count(packets);
    const double many = count(packets * long_run);
    return (many - few) / static_cast<double>(packets * (long_run - 1));
}

}  // namespace

std::vector<instruction_count> count_instructions(const setup& setup, const constant_peers& next_hops,
                                                  const instruction_plan& plan) {
    if (!has_valgrind(setup)) return {};
    std::vector<instruction_count> counts;
    counts.push_back({"router core: decide a Prepare, settle its Fulfill, post the transfer",
                      per_packet(plan.core_packets, [&](auto packets) { return count_in_core(setup, packets); })});
    auto place = find_variant("ilpd-memory").install(setup, "callgrind", {});
    place.arguments = under_callgrind(place.arguments);
    // The time is the limit for a fixed number of packets.
    const load load{.connections = plan.connections,
                    .warm_up_seconds = 0,
                    .seconds = std::chrono::duration<double>{callgrind_patience}.count()};
    counts.push_back({fmt::format("ilpd-memory, the whole process, {} connections", plan.connections),
                      per_packet(plan.loop_packets,
                                 [&](auto packets) { return count_in_loop(setup, next_hops, place, load, packets); })});
    return counts;
}

std::optional<double> read_collected(std::string_view output) {
    constexpr std::string_view label = "Collected : ";
    const auto at = output.rfind(label);
    if (at == std::string_view::npos) return std::nullopt;
    return std::stod(std::string{output.substr(at + label.size(), 20)});
}

std::string as_table(const conditions& conditions, const std::vector<instruction_count>& counts) {
    std::string text = counts.empty() ? "valgrind is not there: nothing was counted\n" : "instructions per packet\n";
    for (const auto& count : counts) text += fmt::format("{:>10.0f}  {}\n", count.per_packet, count.what);
    return text + '\n' + as_text(conditions);
}

boost::json::value as_json(const conditions& conditions, const std::vector<instruction_count>& counts) {
    boost::json::array rows;
    for (const auto& count : counts) {
        rows.push_back({{"what", count.what}, {"instructions_per_packet", count.per_packet}});
    }
    return {{"conditions", to_json(conditions)}, {"results", std::move(rows)}};
}

}  // namespace bench
