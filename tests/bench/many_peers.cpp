#include "tests/bench/many_peers.hpp"

#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

namespace bench {
namespace {

namespace json = boost::json;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto start_patience = 2min;
constexpr auto poll_interval = 2ms;

double milliseconds_since(clock::time_point begin) {
    return std::chrono::duration<double, std::milli>{clock::now() - begin}.count();
}

figure figure_of(std::string name, std::string unit, std::vector<double> values) {
    if (values.empty()) throw std::runtime_error{"nothing was measured: " + name};
    const double worst = std::ranges::max(values);
    return {std::move(name), std::move(unit), median_of(std::move(values)), worst};
}

std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

/// Runs until `done`. Returns the longest time in milliseconds that the control loop kept a client waiting meanwhile.
double control_loop_wait(const proxy& daemon, const std::function<bool()>& done) {
    const auto deadline = clock::now() + start_patience;
    double worst = 0;
    while (!done()) {
        if (interrupted != 0) throw std::runtime_error{"interrupted"};
        if (clock::now() > deadline) throw std::runtime_error{"it takes too long: " + daemon.process.output()};
        const auto begin = clock::now();
        support::http_get(daemon.metrics_port, "/healthz");
        worst = std::max(worst, milliseconds_since(begin));
        std::this_thread::sleep_for(poll_interval);
    }
    return worst;
}

/// One run of measure_many_peers().
class observer {
public:
    observer(const setup& setup, const constant_peers& next_hops, peer_source source, const many_peers_plan& plan)
        : setup_{setup},
          next_hops_{next_hops},
          plan_{plan},
          name_{to_text(source)},
          many_place_{prepare_peers(setup, fmt::format("{}-many-peers", name_), source, plan.peers)},
          few_place_{prepare_peers(setup, fmt::format("{}-few-peers", name_), source, plan.few)},
          result_{name_, {}, {}} {}

    many_peers_result run() {
        look_at_starts();
        few_.emplace(start(few_place_));
        restart(few_, few_place_);  // a start that creates peers leaves more memory in use than an ordinary one
        add({"memory per peer", "KiB",
             (resident_kib(many_->pids) - resident_kib(few_->pids)) / static_cast<double>(plan_.peers - plan_.few)});
        look_at_pages();
        look_at_mutations();
        look_at_packets();
        look_at_scrapes();
        look_at_reloads();
        add({"memory per peer at the end", "KiB",
             (resident_kib(many_->pids) - resident_kib(few_->pids)) / static_cast<double>(plan_.peers - plan_.few)});
        return std::move(result_);
    }

private:
    void add(figure taken) {
        fmt::print(stderr, "{}, {} peers: {}: {:.4g} {}\n", name_, plan_.peers, taken.name, taken.median, taken.unit);
        result_.figures.push_back(std::move(taken));
    }

    void restart(std::optional<proxy>& daemon, const place& place) {
        if (daemon) daemon->process.stop();
        daemon.reset();
        daemon.emplace(start(place));
    }

    void look_at_starts() {
        const auto first_begin = clock::now();
        restart(many_, many_place_);
        add({"first start", "s", milliseconds_since(first_begin) / 1000});
        std::vector<double> times;
        std::vector<double> cpu_times;
        for (std::size_t i = 0; i < plan_.starts; ++i) {
            many_->process.stop();
            const auto begin = clock::now();
            restart(many_, many_place_);
            times.push_back(milliseconds_since(begin) / 1000);
            cpu_times.push_back(cpu_seconds(many_->pids));
        }
        add(figure_of("start until ready", "s", times));
        add(figure_of("start, CPU", "s", cpu_times));
    }

    /// Cursors from the whole list: the last one of each page.
    static std::vector<std::string> cursors(admin_client& client) {
        std::vector<std::string> found;
        json::value after = nullptr;
        for (;;) {
            const auto answer = client.ask(
                "query($after: String) { peers(first: 100, after: $after, sortOrder: ASC) "
                "{ pageInfo { endCursor hasNextPage } } }",
                {{"after", after}});
            const auto& info = answer.at("peers").at("pageInfo");
            if (!info.at("hasNextPage").as_bool()) break;
            after = info.at("endCursor");
            found.push_back(json::value_to<std::string>(after));
        }
        return found;
    }

    void look_at_pages() {
        admin_client client{many_->admin_port};
        const auto places = cursors(client);
        std::mt19937 random{1};  // the same positions each time
        std::vector<double> times;
        for (std::size_t i = 0; i < plan_.requests; ++i) {
            json::value after = nullptr;
            if (!places.empty()) after = places[random() % places.size()];
            const auto begin = clock::now();
            const auto answer = client.ask(
                "query($after: String) { peers(first: 100, after: $after, sortOrder: ASC) { edges { cursor node "
                "{ id name staticIlpAddress routes maxPacketAmount liquidityThreshold liquidity createdAt enabled "
                "origin tenantId http { outgoing { authToken endpoint } } asset { id code scale liquidity "
                "withdrawalThreshold liquidityThreshold createdAt } } } "
                "pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }",
                {{"after", after}});
            times.push_back(milliseconds_since(begin));
            if (answer.at("peers").at("edges").as_array().empty()) result_.troubles.emplace_back("an empty page");
        }
        add(figure_of("page of 100 peers", "ms", times));
    }

    void look_at_mutations() {
        load load = plan_.packets;
        load.mutation_interval = mutation_interval;
        const std::chrono::duration<double> needed = mutation_interval * deeds.size() * plan_.requests;
        load.seconds = std::max(needed.count(), load.seconds);
        const auto sample = packets(*many_, load);
        for (std::size_t i = 0; i < deeds.size(); ++i) {
            add(figure_of(fmt::format("{} while packets flow", deeds[i]), "ms", sample.mutation_ms[i]));
        }
    }

    sample packets(const proxy& daemon, const load& load) {
        auto sample = measure(setup_, daemon, next_hops_, load);
        if (!sample.trouble.empty()) result_.troubles.push_back(sample.trouble);
        return sample;
    }

    void look_at_packets() {
        std::vector<double> rates;
        std::vector<double> rate_ratios;
        std::vector<double> cpu_ratios;
        for (std::size_t i = 0; i < plan_.repetitions; ++i) {
            // Repetitions alternate which of the two goes first.
            const bool many_first = i % 2 == 0;
            auto first = packets(many_first ? *many_ : *few_, plan_.packets);
            auto second = packets(many_first ? *few_ : *many_, plan_.packets);
            if (!many_first) std::swap(first, second);
            rates.push_back(first.packets_per_second);
            rate_ratios.push_back(first.packets_per_second / second.packets_per_second);
            cpu_ratios.push_back(first.cpu_us / second.cpu_us);
        }
        add({"packets/s", "", median_of(rates)});
        add({fmt::format("packets/s, beside {} peers", plan_.few), "", median_of(rate_ratios)});
        add({fmt::format("CPU per packet, beside {} peers", plan_.few), "", median_of(cpu_ratios)});
    }

    void look_at_scrapes() {
        std::vector<double> times;
        std::vector<double> waits;
        double size = 0;
        for (std::size_t i = 0; i < plan_.starts; ++i) {
            const auto begin = clock::now();
            auto scrape = std::async(std::launch::async,
                                     [this] { return support::http_get(many_->metrics_port, "/metrics").size(); });
            waits.push_back(
                control_loop_wait(*many_, [&] { return scrape.wait_for(0s) == std::future_status::ready; }));
            times.push_back(milliseconds_since(begin) / 1000);
            size = static_cast<double>(scrape.get()) / 1e6;
        }
        add(figure_of("scrape", "s", times));
        add({"scrape, size", "MB", size});
        add(figure_of("/healthz during a scrape, the slowest", "ms", waits));
    }

    void look_at_reloads() {
        std::vector<double> times;
        std::vector<double> cpu_times;
        std::vector<double> waits;
        for (std::size_t i = 0; i < plan_.starts; ++i) {
            constexpr std::string_view announcement = " reloaded ";
            const auto before = count_of(many_->process.output(), announcement);
            const auto begin = clock::now();
            const auto cpu_before = cpu_seconds(many_->pids);
            many_->process.signal(SIGHUP);
            waits.push_back(
                control_loop_wait(*many_, [&] { return count_of(many_->process.output(), announcement) > before; }));
            times.push_back(milliseconds_since(begin) / 1000);
            cpu_times.push_back(cpu_seconds(many_->pids) - cpu_before);
        }
        add(figure_of("reload", "s", times));
        add(figure_of("reload, CPU", "s", cpu_times));
        add(figure_of("/healthz during a reload, the slowest", "ms", waits));
    }

    const setup& setup_;
    const constant_peers& next_hops_;
    const many_peers_plan& plan_;
    const std::string_view name_;
    const place many_place_;
    const place few_place_;
    std::optional<proxy> many_;
    std::optional<proxy> few_;
    many_peers_result result_;
};

}  // namespace

std::string_view to_text(peer_source source) {
    constexpr std::array<std::string_view, 3> texts{"sqlite", "postgresql", "file"};
    return texts[static_cast<std::size_t>(source)];
}

many_peers_result measure_many_peers(const setup& setup, const constant_peers& next_hops, peer_source source,
                                     const many_peers_plan& plan) {
    return observer{setup, next_hops, source, plan}.run();
}

std::string as_table(const conditions& conditions, const many_peers_plan& plan,
                     const std::vector<many_peers_result>& results) {
    std::string text = fmt::format("{:<45} {:<4}", fmt::format("{} peers", plan.peers), "");
    for (const auto& result : results) text += fmt::format("  {:>12} {:>8}", result.source, "worst");
    text += '\n';
    for (std::size_t row = 0; row < results.front().figures.size(); ++row) {
        const auto& first = results.front().figures[row];
        text += fmt::format("{:<45} {:<4}", first.name, first.unit);
        for (const auto& result : results) {
            const auto& figure = result.figures[row];
            text += fmt::format("  {:>12.4g} {:>8}", figure.median,
                                figure.worst ? fmt::format("{:.4g}", *figure.worst) : "");
        }
        text += '\n';
    }
    text += fmt::format(
        "\nMedian and worst: {} starts, reloads and scrapes, {} requests of each kind; packets: {} x {} s, {} "
        "connections, in turn.\n",
        plan.starts, plan.requests, plan.repetitions, plan.packets.seconds, plan.packets.connections);
    return text + as_text(conditions);
}

json::value as_json(const conditions& conditions, const many_peers_plan& plan,
                    const std::vector<many_peers_result>& results) {
    json::array sources;
    for (const auto& result : results) {
        json::array figures;
        for (const auto& figure : result.figures) {
            json::object row{{"name", figure.name}, {"unit", figure.unit}, {"median", figure.median}};
            if (figure.worst) row["worst"] = *figure.worst;
            figures.push_back(std::move(row));
        }
        sources.push_back({{"source", result.source},
                           {"figures", std::move(figures)},
                           {"troubles", json::value_from(result.troubles)}});
    }
    return {{"conditions", to_json(conditions)},
            {"peers", plan.peers},
            {"starts", plan.starts},
            {"requests", plan.requests},
            {"connections", plan.packets.connections},
            {"results", std::move(sources)}};
}

}  // namespace bench
