#include "tests/bench/instructions.hpp"

#include "tests/bench/measure.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>

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

/// A program under callgrind, and the profile that it leaves when it ends.
struct counted_program {
    fs::path profile;
    std::vector<std::string> arguments;
};

counted_program under_callgrind(const setup& setup, const std::vector<std::string>& arguments) {
    counted_program made{.profile = setup.directory / "callgrind", .arguments = {}};
    fs::remove(made.profile);
    made.arguments = {"valgrind", "--tool=callgrind", "--callgrind-out-file=" + made.profile.string()};
    made.arguments.insert(made.arguments.end(), arguments.begin(), arguments.end());
    return made;
}

instruction_costs costs_in(const fs::path& profile, const std::string& output) {
    std::ifstream in{profile};
    const auto costs = read_costs(std::string{std::istreambuf_iterator<char>{in}, {}});
    if (!costs) throw std::runtime_error{"callgrind did not end as expected: " + output};
    return *costs;
}

instruction_costs count_in_core(const setup& setup, std::uint64_t packets) {
    const auto output = setup.directory / "router-core";
    fs::remove(output);
    const auto program =
        under_callgrind(setup, {(setup.programs / "ilpd_router_core").string(), std::to_string(packets)});
    support::child_process core{{.arguments = program.arguments,
                                 .output = output,
                                 .errors = {},
                                 .environment = {},
                                 .core = setup.proxy_core,
                                 .end_signal = SIGKILL}};
    core.wait(callgrind_patience);
    return costs_in(program.profile, core.output());
}

instruction_costs count_in_loop(const setup& setup, const constant_peers& next_hops, place place, const load& load,
                                std::uint64_t packets) {
    const auto program = under_callgrind(setup, place.arguments);
    place.arguments = program.arguments;
    auto daemon = start(place);
    // Under valgrind on a busy machine, a packet takes seconds.
    const auto output =
        generate(setup, daemon, next_hops, load, {"--packets", std::to_string(packets), "--expiry", "60", "--gently"});
    const auto& answers = output.at("whole_run");
    if (answers.at("right").to_number<std::uint64_t>() != packets) {
        throw std::runtime_error{fmt::format("not every answer was the right one: {}\n{}",
                                             boost::json::serialize(answers), daemon.process.output())};
    }
    daemon.process.stop(callgrind_patience);
    return costs_in(program.profile, daemon.process.output());
}

/// The cost of one packet, without the cost of starting and ending the program.
instruction_costs per_packet(std::uint64_t packets, const std::function<instruction_costs(std::uint64_t)>& count) {
    const auto few = count(packets);
    const auto many = count(packets * long_run);
    const auto difference = [&](double instruction_costs::* which) {
        return (many.*which - few.*which) / static_cast<double>(packets * (long_run - 1));
    };
    return {.own = difference(&instruction_costs::own),
            .libcrypto = difference(&instruction_costs::libcrypto),
            .libssl = difference(&instruction_costs::libssl)};
}

/// How packets come to a daemon and leave it.
struct transport {
    std::string name;
    bench::shape shape;
    load packets;
};

std::vector<transport> transports(const instruction_plan& plan) {
    const load http1{.connections = plan.connections};
    const load http2{.connections = plan.http2_connections, .streams = plan.streams};
    const auto over_tls = [](load load) {
        load.tls = true;
        return load;
    };
    const auto name1 = fmt::format("HTTP/1.1, {} connections", plan.connections);
    const auto name2 = fmt::format("HTTP/2, {} x {}", plan.http2_connections, plan.streams);
    return {{name1, {}, http1},
            {name1 + ", HTTP/2 to the next hop", {.http2 = true}, http1},
            {name2, {.http2 = true}, http2},
            {name1 + ", TLS", {.tls = true}, over_tls(http1)},
            {name2 + ", TLS", {.tls = true, .http2 = true}, over_tls(http2)}};
}

struct digits_and_rest {
    std::uint64_t number = 0;
    std::string_view rest;
};

/// "17 and more": 17.
digits_and_rest leading_number(std::string_view text) {
    digits_and_rest read;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read.number);
    read.rest = text.substr(static_cast<std::size_t>(end - text.data()));
    return read;
}

/// The number after the last space.
double last_number(std::string_view line) {
    return static_cast<double>(leading_number(line.substr(line.rfind(' ') + 1)).number);
}

/// Maps the numbers that callgrind gives to names: "(3) /lib/libssl.so.3" defines one, "(3)" is it again.
class object_names {
public:
    std::string_view name_of(std::string_view text) {
        if (!text.starts_with('(')) return text;
        const auto [number, rest] = leading_number(text.substr(1));
        std::string_view& name = names_[number];
        if (rest.size() > 2) name = rest.substr(2);
        return name;
    }

private:
    std::map<std::uint64_t, std::string_view> names_;
};

bool is_cost(std::string_view line) {
    constexpr std::string_view begins = "0123456789+-*";
    return !line.empty() && begins.contains(line.front());
}

}  // namespace

std::vector<instruction_count> count_instructions(const setup& setup, const constant_peers& next_hops,
                                                  const instruction_plan& plan) {
    if (!has_valgrind(setup)) return {};
    std::vector<instruction_count> counts;
    counts.push_back({"router core: decide a Prepare, settle its Fulfill, post the transfer",
                      per_packet(plan.core_packets, [&](auto packets) { return count_in_core(setup, packets); })});
    for (auto& [name, shape, load] : transports(plan)) {
        const auto place =
            find_variant("ilpd-memory").install(setup, fmt::format("callgrind-{}", counts.size()), shape);
        // The time is the limit for a fixed number of packets.
        load.warm_up_seconds = 0;
        load.seconds = std::chrono::duration<double>{callgrind_patience}.count();
        counts.push_back({"ilpd-memory, the whole process: " + name, per_packet(plan.loop_packets, [&](auto packets) {
                              return count_in_loop(setup, next_hops, place, load, packets);
                          })});
    }
    return counts;
}

std::optional<instruction_costs> read_costs(std::string_view profile) {
    instruction_costs costs;
    object_names names;
    double* place = &costs.own;
    double total = 0;
    bool is_caused_elsewhere = false;  // the line after "calls=" is what the called function has cost
    while (!profile.empty()) {
        const auto line = profile.substr(0, profile.find('\n'));
        profile.remove_prefix(std::min(profile.size(), line.size() + 1));
        if (is_cost(line)) {
            if (!std::exchange(is_caused_elsewhere, false)) *place += last_number(line);
        } else if (line.starts_with("ob=")) {
            const auto name = names.name_of(line.substr(3));
            place = name.contains("libcrypto") ? &costs.libcrypto
                    : name.contains("libssl")  ? &costs.libssl
                                               : &costs.own;
        } else if (line.starts_with("cob=")) {
            names.name_of(line.substr(4));  // it may define the name
        } else if (line.starts_with("calls=")) {
            is_caused_elsewhere = true;
        } else if (line.starts_with("totals: ")) {
            total = last_number(line);
        }
    }
    if (total == 0 || total != costs.own + costs.libcrypto + costs.libssl) return std::nullopt;
    return costs;
}

std::string as_table(const conditions& conditions, const std::vector<instruction_count>& counts) {
    if (counts.empty()) return "valgrind is not there: nothing was counted\n\n" + as_text(conditions);
    std::string text = fmt::format("instructions per packet\n{:>10} {:>10} {:>10}\n", "own", "libcrypto", "libssl");
    for (const auto& [what, costs] : counts) {
        text += fmt::format("{:>10.0f} {:>10.0f} {:>10.0f}  {}\n", costs.own, costs.libcrypto, costs.libssl, what);
    }
    return text + '\n' + as_text(conditions);
}

boost::json::value as_json(const conditions& conditions, const std::vector<instruction_count>& counts) {
    boost::json::array rows;
    for (const auto& [what, costs] : counts) {
        rows.push_back({{"what", what},
                        {"instructions_per_packet", costs.own + costs.libcrypto + costs.libssl},
                        {"own", costs.own},
                        {"libcrypto", costs.libcrypto},
                        {"libssl", costs.libssl}});
    }
    return {{"conditions", to_json(conditions)}, {"results", std::move(rows)}};
}

}  // namespace bench
