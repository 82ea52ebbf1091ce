#include "tests/bench/scenario_run.hpp"

#include "tests/bench/inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <list>
#include <optional>
#include <utility>

namespace bench {

namespace {

class scenario_run {
public:
    scenario_run(const setup& setup, const constant_peers& next_hops, const scenario& scenario,
                 const scenario_plan& plan)
        : setup_{setup}, next_hops_{next_hops}, scenario_{scenario}, plan_{plan}, points_{scenario.points(plan.sizes)} {
        for (const auto& variant : all_variants) {
            if (is_wanted(variant.name)) variants_.push_back(variant.name);
        }
        for (auto& point : points_) {
            point.load.warm_up_seconds = plan.warm_up_seconds;
            point.load.seconds = plan.seconds;
            if (point.load.data_size == 0 && scenario.name != "data") point.load.data_size = plan.data_size;
        }
    }
    ~scenario_run() {
        for (auto& subject : subjects_) {
            subject.idle.reset();
            subject.running.reset();
            std::error_code ignored;
            if (!plan_.keep) std::filesystem::remove_all(setup_.directory / subject.place.name, ignored);
        }
    }
    scenario_run(const scenario_run&) = delete;
    scenario_run& operator=(const scenario_run&) = delete;

    std::vector<result> run() {
        switch (scenario_.beside) {
            case comparison::with_first_point:
                for (const auto& variant : variants_) {
                    for (const auto& point : points_) add(point, variant);
                    measure_group();
                }
                break;
            case comparison::with_variant:
                for (const auto& point : points_) {
                    for (const auto& variant : variants_) add(point, variant);
                    measure_group();
                }
                break;
            case comparison::as_points_say:
                for (const auto& point : points_) {
                    for (const auto& variant : variants_) add(point, variant);
                }
                measure_group();
                break;
        }
        return std::move(results_);
    }

private:
    struct subject {
        std::string variant;
        bench::shape shape;
        bench::place place;
        std::optional<proxy> running{};
        std::optional<idle_clients> idle{};  ///< of the running one, through all repetitions
    };

    struct row {
        std::size_t result;
        subject* under_test;
    };

    bool is_wanted(std::string_view variant) const {
        if (plan_.variants.empty()) return std::ranges::find(scenario_.variants, variant) != scenario_.variants.end();
        return std::ranges::find(plan_.variants, variant) != plan_.variants.end();
    }

    void add(const point& point, const std::string& variant) {
        const auto& here = point.variants;
        if (!here.empty() && std::ranges::find(here, variant) == here.end()) return;
        group_.push_back({results_.size(), &subject_for(variant, point.shape)});
        results_.push_back({.scenario = std::string{scenario_.name},
                            .point = point.name,
                            .variant = variant,
                            .beside = beside(scenario_, points_, point, variant),
                            .shape = point.shape,
                            .load = point.load,
                            .samples = {}});
    }

    subject& subject_for(const std::string& variant, const shape& shape) {
        for (auto& known : subjects_) {
            if (known.variant == variant && known.shape == shape) return known;
        }
        const auto name = fmt::format("{}-{}-{}", scenario_.name, variant, subjects_.size());
        auto place = find_variant(variant).install(setup_, name, shape);
        return subjects_.emplace_back(variant, shape, std::move(place));
    }

    /// Each repetition starts with another row, so that no row always has the same neighbour.
    void measure_group() {
        for (std::size_t repetition = 0; repetition < plan_.repetitions; ++repetition) {
            for (std::size_t turn = 0; turn < group_.size(); ++turn) {
                const auto& [result, under_test] = group_[(repetition + turn) % group_.size()];
                measure_row(results_[result], *under_test, repetition);
            }
        }
        if (plan_.inspect && (plan_.inspect_all || group_.front().result == 0)) inspect_group();
        if (scenario_.beside == comparison::with_first_point) end_all();
        group_.clear();
    }

    /// The stores stay the same; the daemons are started again.
    void inspect_group() {
        end_all();
        for (const auto& [result, under_test] : group_) {
            auto& row = results_[result];
            if (!plan_.inspect_all && &row != &results_.front()) continue;
            auto load = row.load;
            load.warm_up_seconds = std::min(load.warm_up_seconds, plan_.inspect_seconds);
            load.seconds = plan_.inspect_seconds;
            row.inspection = inspect(setup_, under_test->place, next_hops_, load);
        }
    }

    void end_all() {
        for (const auto& [result, under_test] : group_) {
            if (!under_test->idle) continue;
            if (const std::size_t lost = under_test->idle->stop(); lost != 0) {
                auto& trouble = results_[result].samples.back().trouble;
                trouble += fmt::format("{} idle connections were closed", lost);
                fmt::print(stderr, "{}, {}: {}\n", results_[result].point, results_[result].variant, trouble);
            }
            under_test->idle.reset();
        }
        for (auto& subject : subjects_) {
            if (subject.running) subject.running->process.stop();
            subject.running.reset();
        }
    }

    void measure_row(result& result, subject& under_test, std::size_t repetition) {
        if (!under_test.running) {
            under_test.running.emplace(start(under_test.place));
            if (result.load.idle != 0) under_test.idle.emplace(setup_, *under_test.running, result.load);
        }
        auto sample = measure(setup_, *under_test.running, next_hops_, result.load);
        fmt::print(stderr, "{}, {}, {}, repetition {}: {:.0f} packets/s, {:.2f} us CPU {}\n", result.scenario,
                   result.point, result.variant, repetition + 1, sample.packets_per_second, sample.cpu_us,
                   sample.trouble);
        result.samples.push_back(std::move(sample));
    }

    const setup& setup_;
    const constant_peers& next_hops_;
    const scenario& scenario_;
    const scenario_plan& plan_;
    std::vector<point> points_;
    std::vector<std::string> variants_;
    std::list<subject> subjects_;
    std::vector<result> results_;
    std::vector<row> group_;  ///< measured in turn
};

}  // namespace

std::vector<result> measure_scenario(const setup& setup, const constant_peers& next_hops, const scenario& scenario,
                                     const scenario_plan& plan) {
    return scenario_run{setup, next_hops, scenario, plan}.run();
}

}  // namespace bench
