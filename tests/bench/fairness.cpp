#include "tests/bench/fairness.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
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
};

/// The path of a file that does not exist: a program's output is appended.
std::filesystem::path fresh(const std::filesystem::path& path) {
    std::filesystem::remove(path);
    return path;
}

/// A generator that runs beside others. The first sender is the measured peer, the second one the other.
class running_load {
public:
    running_load(const setup& setup, const proxy& under_test, const load& load)
        : seconds_{load.warm_up_seconds + load.seconds},
          process_{{.arguments = generator_arguments(setup, under_test, load),
                    .output = fresh(setup.directory / fmt::format("generator-{}.json", load.first_sender)),
                    .errors = fresh(setup.directory / fmt::format("generator-{}.errors", load.first_sender)),
                    .environment = {},
                    .core = setup.load_core,
                    .end_signal = SIGKILL}} {}

    rates wait() {
        const auto limit = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>{seconds_});
        if (process_.wait(limit + patience) != 0) throw std::runtime_error{"load generator: " + process_.output()};
        const auto output = json::parse(process_.output()).as_object();
        const auto number = [](const json::value& value) { return value.to_number<double>(); };
        const auto& whole = output.at("whole_run").as_object();
        double refused = 0;
        for (const auto& [code, count] : whole.at("rejects").as_object()) refused += number(count);
        return {number(output.at("right")) / number(output.at("seconds")), refused / seconds_};
    }

private:
    double seconds_;
    support::child_process process_;
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.empty() ? 0 : values[values.size() / 2];
}

class fairness_run {
public:
    fairness_run(const setup& setup, const fairness_plan& plan) : setup_{setup}, plan_{plan} {}

    std::vector<fairness_result> run() {
        for (const std::string& variant : plan_.variants) {
            for (const bool is_limited : {false, true}) {
                const shape shape{.senders = 2, .packet_rate = is_limited ? plan_.packet_rate : 0};
                const auto place =
                    find_variant(variant).install(setup_, fmt::format("fairness-{}-{}", variant, is_limited), shape);
                const proxy daemon = start(place);
                for (const std::size_t others : plan_.others) measure(daemon, variant, is_limited, others);
            }
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
        results_.push_back({variant, others, is_limited, median(alone_all), median(kept_all), median(own_all),
                            median(other_all), median(share_all), median(of_alone_all), median(of_fair_share_all)});
    }

    const setup& setup_;
    const fairness_plan& plan_;
    std::vector<fairness_result> results_;
};

}  // namespace

std::vector<fairness_result> measure_fairness(const setup& setup, const constant_peers&, const fairness_plan& plan) {
    return fairness_run{setup, plan}.run();
}

std::string as_table(const conditions& conditions, const fairness_plan& plan,
                     const std::vector<fairness_result>& results) {
    std::string text = fmt::format("{:<12} {:<26} {:>10} {:>8} {:>10} {:>10} {:>8} {:>10} {:>10}\n", "", "beside",
                                   "alone", "kept", "own", "other", "share", "of alone", "of fair");
    for (const auto& row : results) {
        const auto beside = fmt::format("{} connections{}", row.others, row.is_limited ? ", limited" : "");
        text += fmt::format("{:<12} {:<26} {:>10.0f} {:>8.2f} {:>10.0f} {:>10.0f} {:>8.2f} {:>10.2f} {:>10.2f}\n",
                            row.variant, beside, row.alone, row.kept, row.own, row.of_other, row.share, row.of_alone,
                            row.of_fair_share);
    }
    text += fmt::format(
        "\nA peer with {} connections beside another one that sends as much as it can. alone: packets/s of the peer. "
        "kept: what it gets of {:.0f} % of that, beside the other. own, other: packets/s of both when both send as "
        "much "
        "as they can; refused ones are included in other. share: of the fulfilled packets of both. of alone: own "
        "divided by alone. of fair: own divided by its fair share, which is half of the fulfilled packets of both, or "
        "alone if that is less. limited: the other peer may have {} packets/s, and the rest is refused.\n",
        plan.connections, 100 * plan.asked, plan.packet_rate);
    return text + as_text(conditions);
}

json::value as_json(const conditions& conditions, const fairness_plan& plan,
                    const std::vector<fairness_result>& results) {
    json::array rows;
    for (const auto& row : results) {
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
    return {{"conditions", to_json(conditions)},
            {"connections", plan.connections},
            {"asked", plan.asked},
            {"packet_rate", plan.packet_rate},
            {"results", std::move(rows)}};
}

}  // namespace bench
