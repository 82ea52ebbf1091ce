#include "tests/bench/fairness.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace bench {

namespace {

namespace json = boost::json;

constexpr auto patience = std::chrono::seconds{30};

/// Packets per second in the measured window.
struct rates {
    double fulfilled = 0;
    double refused = 0;
    boost::json::object output{};  ///< of the generator
};

/// A generator that runs beside others. The first sender is the measured peer, the second one the other.
class running_load {
public:
    running_load(const setup& setup, const proxy& under_test, const load& load,
                 const std::vector<std::string>& more_options = {})
        : seconds_{load.warm_up_seconds + load.seconds},
          process_{make_command(setup, generator_arguments(setup, under_test, load), load.first_sender, more_options)} {
    }

    /// With the option --gate: waits until it has its connections.
    void await_connections() { process_.wait_for_output("connected\n", patience); }
    void begin() { process_.signal(SIGUSR1); }

    rates wait() {
        const auto limit = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>{seconds_});
        if (process_.wait(limit + patience) != 0) throw std::runtime_error{"load generator: " + process_.output()};
        auto output = read_last_line(process_.output());
        const auto number = [](const json::value& value) { return value.to_number<double>(); };
        const auto& whole = output.at("whole_run").as_object();
        double refused = 0;
        for (const auto& [code, count] : whole.at("rejects").as_object()) refused += number(count);
        return {number(output.at("right")) / number(output.at("seconds")), refused / seconds_, std::move(output)};
    }

private:
    static support::command make_command(const setup& setup, std::vector<std::string> arguments, std::size_t sender,
                                         const std::vector<std::string>& more_options) {
        arguments.insert(arguments.end(), more_options.begin(), more_options.end());
        return {.arguments = std::move(arguments),
                .output = fresh_file(setup.directory / fmt::format("generator-{}.json", sender)),
                .errors = fresh_file(setup.directory / fmt::format("generator-{}.errors", sender)),
                .environment = {},
                .core = setup.load_core,
                .end_signal = SIGKILL};
    }

    double seconds_;
    support::child_process process_;
};

class fairness_run {
public:
    fairness_run(const setup& setup, const constant_peers& next_hops, const fairness_plan& plan)
        : setup_{setup}, next_hops_{next_hops}, plan_{plan} {}

    fairness_results run() {
        for (const std::string& variant : plan_.variants) {
            for (const bool is_limited : {false, true}) {
                const shape shape{.senders = 2, .packet_rate = is_limited ? plan_.packet_rate : 0};
                const auto place =
                    find_variant(variant).install(setup_, fmt::format("fairness-{}-{}", variant, is_limited), shape);
                const proxy daemon = start(place);
                for (const std::size_t others : plan_.others) measure(daemon, variant, is_limited, others);
            }
            measure_crowds(variant);
        }
        return std::move(results_);
    }

private:
    load own_load(double rate) const {
        return {.connections = plan_.connections,
                .rate = rate,
                .warm_up_seconds = plan_.warm_up_seconds,
                .seconds = plan_.seconds};
    }

    double alone(const proxy& daemon, double rate) const {
        return running_load{setup_, daemon, own_load(rate)}.wait().fulfilled;
    }

    /// The other peer has its connections before the measured one starts, and both are measured in the same window.
    std::pair<double, rates> beside(const proxy& daemon, double rate, std::size_t others) const {
        running_load other{setup_,
                           daemon,
                           {.connections = others,
                            .first_sender = 1,
                            .warm_up_seconds = 2 * plan_.warm_up_seconds,
                            .seconds = plan_.seconds}};
        std::this_thread::sleep_for(std::chrono::duration<double>{plan_.warm_up_seconds});
        running_load own{setup_, daemon, own_load(rate)};
        const double kept = own.wait().fulfilled;
        return {kept, other.wait()};
    }

    void measure(const proxy& daemon, const std::string& variant, bool is_limited, std::size_t others) {
        std::vector<double> alone_all, kept_all, own_all, other_all, share_all, of_alone_all, of_fair_share_all;
        for (std::size_t i = 0; i < plan_.repetitions; ++i) {
            const double most = alone(daemon, 0);
            const double asked = plan_.asked * most;
            const double little = alone(daemon, asked);
            const double kept = beside(daemon, asked, others).first / little;
            const auto [own, other] = beside(daemon, 0, others);
            alone_all.push_back(most);
            kept_all.push_back(kept);
            own_all.push_back(own);
            other_all.push_back(other.fulfilled + other.refused);
            share_all.push_back(own / (own + other.fulfilled));
            of_alone_all.push_back(own / most);
            of_fair_share_all.push_back(own / std::min(most, (own + other.fulfilled) / 2));
            fmt::print(stderr,
                       "{}, {} connections{}: alone {:.0f}; keeps {:.2f}; {:.0f} and {:.0f} packets/s; {:.2f} of its "
                       "own, {:.2f} of its fair share\n",
                       variant, others, is_limited ? " above the packet rate" : "", most, kept, own,
                       other.fulfilled + other.refused, own / most, of_fair_share_all.back());
        }
        results_.beside_one.push_back({variant, others, is_limited, median_of(alone_all), median_of(kept_all),
                                       median_of(own_all), median_of(other_all), median_of(share_all),
                                       median_of(of_alone_all), median_of(of_fair_share_all)});
    }

    /// The crowds are measured in turn, so that each has its part of what changes on the machine.
    void measure_crowds(const std::string& variant) {
        if (plan_.crowds.empty()) return;
        std::size_t peers = 0;
        for (const auto& crowd : plan_.crowds) peers = std::max(peers, crowd.size());
        const shape shape{.senders = peers, .http2 = true};
        const auto place = find_variant(variant).install(setup_, fmt::format("fairness-{}-crowds", variant), shape);
        const proxy daemon = start(place);
        std::vector<std::vector<crowd_sample>> samples(plan_.crowds.size());
        for (std::size_t i = 0; i < plan_.repetitions; ++i) {
            for (std::size_t crowd = 0; crowd < plan_.crowds.size(); ++crowd) {
                samples[crowd].push_back(measure_crowd(daemon, plan_.crowds[crowd]));
            }
        }
        for (std::size_t crowd = 0; crowd < plan_.crowds.size(); ++crowd) {
            results_.crowds.push_back(summarize(variant, plan_.crowds[crowd], samples[crowd]));
            fmt::print(stderr, "{}, {} connections: {:.0f} packets/s, least share {:.2f} of an equal one\n", variant,
                       fmt::join(plan_.crowds[crowd], " + "), results_.crowds.back().whole,
                       results_.crowds.back().least);
        }
    }

    /// All peers have their connections before the first packet is sent, and their windows are the same.
    crowd_sample measure_crowd(const proxy& daemon, const std::vector<std::size_t>& connections) const {
        std::vector<std::string> options{"--gate"};
        for (const auto& watched : {daemon.pids, next_hops_.fulfilling.pids}) {
            for (const auto pid : watched) options.insert(options.end(), {"--watch", std::to_string(pid)});
        }
        std::vector<running_load> peers;
        for (std::size_t n = 0; n < connections.size(); ++n) {
            const load load{.connections = connections[n],
                            .streams = std::clamp<std::size_t>(plan_.in_flight_max / connections[n], 1, plan_.streams),
                            .first_sender = n,
                            .warm_up_seconds = plan_.warm_up_seconds,
                            .seconds = plan_.seconds};
            peers.emplace_back(setup_, daemon, load, options);
        }
        for (auto& peer : peers) peer.await_connections();
        for (auto& peer : peers) peer.begin();
        crowd_sample sample;
        const auto number = [](const json::value& value) { return value.to_number<double>(); };
        for (auto& peer : peers) {
            const auto [fulfilled, refused, output] = peer.wait();
            const double window_us = number(output.at("seconds")) * 1e6;
            sample.rates.push_back(fulfilled);
            sample.refused += refused;
            sample.load_core_busy += number(output.at("own_cpu_us")) / window_us;
            if (sample.rates.size() != 1) continue;
            const auto& watched = output.at("watched").as_array();
            for (std::size_t i = 0; i < watched.size(); ++i) {
                double& busy = i < daemon.pids.size() ? sample.proxy_core_busy : sample.load_core_busy;
                busy += number(watched[i].at("cpu_us")) / window_us;
            }
        }
        return sample;
    }

    const setup& setup_;
    const constant_peers& next_hops_;
    const fairness_plan& plan_;
    fairness_results results_;
};

}  // namespace

crowd_result summarize(std::string variant, std::vector<std::size_t> connections,
                       const std::vector<crowd_sample>& samples) {
    const auto over_samples = [&samples](const auto& figure_of) {
        std::vector<double> values;
        for (const auto& sample : samples) values.push_back(figure_of(sample));
        return median_of(values);
    };
    const auto whole = [](const crowd_sample& sample) { return std::reduce(sample.rates.begin(), sample.rates.end()); };
    const auto share = [&whole](const crowd_sample& sample, double rate) {
        return whole(sample) > 0 ? rate / whole(sample) : 0;
    };
    crowd_result result{.variant = std::move(variant), .connections = std::move(connections)};
    result.whole = over_samples(whole);
    for (std::size_t n = 0; n < result.connections.size(); ++n) {
        result.shares.push_back(over_samples([&](const auto& sample) { return share(sample, sample.rates[n]); }));
    }
    result.least = over_samples([&](const auto& sample) {
        return share(sample, std::ranges::min(sample.rates)) * static_cast<double>(sample.rates.size());
    });
    result.refused = over_samples([](const auto& sample) { return sample.refused; });
    result.proxy_core_busy = over_samples([](const auto& sample) { return sample.proxy_core_busy; });
    result.load_core_busy = over_samples([](const auto& sample) { return sample.load_core_busy; });
    return result;
}

fairness_results measure_fairness(const setup& setup, const constant_peers& next_hops, const fairness_plan& plan) {
    return fairness_run{setup, next_hops, plan}.run();
}

std::vector<target> check_targets(const fairness_plan& plan, const fairness_results& results) {
    const auto least = [](const auto& rows, const std::string& variant, const auto& figure_of) {
        std::optional<double> smallest;
        for (const auto& row : rows) {
            if (row.variant == variant) smallest = std::min(smallest.value_or(figure_of(row)), figure_of(row));
        }
        return smallest;
    };
    std::vector<target> targets;
    for (const auto& variant : plan.variants) {
        targets.push_back(
            {fmt::format("rate kept beside a busy peer, asking for {:.0f} %, {}", 100 * plan.asked, variant), 0.9,
             false, least(results.beside_one, variant, [](const auto& row) { return row.kept; })});
        targets.push_back({fmt::format("smallest share / equal share, all ask for everything, {}", variant), 0.8, false,
                           least(results.crowds, variant, [](const auto& row) { return row.least; })});
    }
    return targets;
}

std::string as_table(const conditions& conditions, const fairness_plan& plan, const fairness_results& results) {
    std::string text = fmt::format("{:<12} {:<26} {:>10} {:>8} {:>10} {:>10} {:>8} {:>10} {:>10}\n", "", "beside",
                                   "alone", "kept", "own", "other", "share", "of alone", "of fair");
    for (const auto& row : results.beside_one) {
        const auto beside = fmt::format("{} connections{}", row.others, row.is_limited ? ", limited" : "");
        text += fmt::format("{:<12} {:<26} {:>10.0f} {:>8.2f} {:>10.0f} {:>10.0f} {:>8.2f} {:>10.2f} {:>10.2f}\n",
                            row.variant, beside, row.alone, row.kept, row.own, row.of_other, row.share, row.of_alone,
                            row.of_fair_share);
    }
    text += fmt::format(
        "\nA peer with {} connections beside another one that sends as much as it can, with HTTP/1.1 and one packet in "
        "flight on each connection. alone: packets/s of the peer. kept: what it gets of {:.0f} % of that, beside the "
        "other. own, other: packets/s of both when both send as much as they can; refused ones are included in other. "
        "share: of the fulfilled packets of both. of alone: own divided by alone. of fair: own divided by its fair "
        "share, which is half of the fulfilled packets of both, or alone if that is less. limited: the other peer may "
        "have {} packets/s, and the rest is refused.\n\n",
        plan.connections, 100 * plan.asked, plan.packet_rate);
    text += fmt::format("{:<12} {:<34} {:>10} {:>7}  {:<40} {:>8} {:>8} {:>8}\n", "", "connections", "packets/s",
                        "least", "shares", "refused", "proxy %", "load %");
    for (const auto& row : results.crowds) {
        text += fmt::format("{:<12} {:<34} {:>10.0f} {:>7.2f}  {:<40} {:>8.0f} {:>8.0f} {:>8.0f}\n", row.variant,
                            fmt::format("{}", fmt::join(row.connections, " + ")), row.whole, row.least,
                            fmt::format("{:.2f}", fmt::join(row.shares, " ")), row.refused, 100 * row.proxy_core_busy,
                            100 * row.load_core_busy);
    }
    text += fmt::format(
        "\nPeers that all ask for everything: HTTP/2, {} packets in flight on each connection, at most {} of a peer. "
        "packets/s: of all peers. least: the smallest share, divided by an equal one. refused: packets/s. proxy %, "
        "load "
        "%: the CPU of the daemon, and of generators and next hop; if the latter is full, the system's scheduler "
        "decides, too.\n",
        plan.streams, plan.in_flight_max);
    return text + as_text(conditions);
}

json::value as_json(const conditions& conditions, const fairness_plan& plan, const fairness_results& results) {
    json::array rows;
    for (const auto& row : results.beside_one) {
        rows.push_back({{"variant", row.variant},
                        {"others", row.others},
                        {"limited", row.is_limited},
                        {"alone", row.alone},
                        {"kept", row.kept},
                        {"own", row.own},
                        {"other", row.of_other},
                        {"share", row.share},
                        {"of_alone", row.of_alone},
                        {"of_fair_share", row.of_fair_share}});
    }
    json::array crowds;
    for (const auto& row : results.crowds) {
        crowds.push_back({{"variant", row.variant},
                          {"connections", json::value_from(row.connections)},
                          {"packets_per_second", row.whole},
                          {"shares", json::value_from(row.shares)},
                          {"least_of_equal_share", row.least},
                          {"refused_per_second", row.refused},
                          {"proxy_core_busy", row.proxy_core_busy},
                          {"load_core_busy", row.load_core_busy}});
    }
    return {{"conditions", to_json(conditions)},
            {"connections", plan.connections},
            {"asked", plan.asked},
            {"packet_rate", plan.packet_rate},
            {"streams", plan.streams},
            {"results", std::move(rows)},
            {"all_ask_for_everything", std::move(crowds)}};
}

}  // namespace bench
