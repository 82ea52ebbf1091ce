#include "tests/bench/fairness.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace fairness_test {

namespace {

const std::vector<bench::crowd_sample> samples{
    {.rates = {60, 20, 20}, .refused = 3, .proxy_core_busy = 1, .load_core_busy = 0.5},
    {.rates = {50, 40, 10}, .refused = 1, .proxy_core_busy = 0.9, .load_core_busy = 0.6},
    {.rates = {150, 75, 75}, .refused = 2, .proxy_core_busy = 0.8, .load_core_busy = 0.7},
};

const bench::target& find(const std::vector<bench::target>& targets, std::string_view start) {
    return *std::ranges::find_if(targets, [&](const auto& target) { return target.what.starts_with(start); });
}

}  // namespace

TEST_CASE("peers that ask for everything have shares of the whole, of which the smallest counts") {
    const auto result = bench::summarize("ilpd-memory", {1000, 10, 10}, samples);
    CHECK(result.whole == 100);
    CHECK(result.shares == std::vector<double>{0.5, 0.25, 0.2});
    // A third would be an equal share: 0.6, 0.3 and 0.75 of it.
    CHECK(result.least == Approx(0.6));
    CHECK(result.refused == 2);
    CHECK(result.proxy_core_busy == Approx(0.9));
    CHECK(result.load_core_busy == Approx(0.6));
}

TEST_CASE("peers of whom none has got anything have no share") {
    const auto result = bench::summarize("ilpd-memory", {10, 10}, {{.rates = {0, 0}}});
    CHECK(result.whole == 0);
    CHECK(result.least == 0);
}

TEST_CASE("the targets of fairness are about the worst row of each variant") {
    const bench::fairness_plan plan{.variants = {"ilpd-memory", "ilpd-sqlite"}};
    const bench::fairness_results results{
        .beside_one = {{.variant = "ilpd-memory", .kept = 0.95},
                       {.variant = "ilpd-memory", .kept = 0.91},
                       {.variant = "ilpd-sqlite", .kept = 0.5}},
        .crowds = {{.variant = "ilpd-memory", .least = 0.85}, {.variant = "ilpd-memory", .least = 0.7}}};
    const auto targets = bench::check_targets(plan, results);
    const auto& kept = find(targets, "rate kept beside a busy peer, asking for 20 %, ilpd-memory");
    CHECK(kept.reached == Approx(0.91));
    CHECK(kept.is_met());
    CHECK_FALSE(find(targets, "rate kept beside a busy peer, asking for 20 %, ilpd-sqlite").is_met());
    CHECK(find(targets, "smallest share / equal share, all ask for everything, ilpd-memory").reached == Approx(0.7));
    CHECK_FALSE(find(targets, "smallest share / equal share, all ask for everything, ilpd-sqlite").reached);
}

}  // namespace fairness_test
