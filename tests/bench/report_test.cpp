#include "tests/bench/report.hpp"

#include <catch2/catch.hpp>

namespace {

bench::sample sample(double rate, double cpu_us) {
    bench::sample result;
    result.packets_per_second = rate;
    result.cpu_us = cpu_us;
    result.proxy_core_busy = 0.99;
    return result;
}

const std::vector<bench::result> results{
    {.variant = "nginx", .load = {.connections = 50}, .samples = {sample(100, 10), sample(90, 11), sample(50, 20)}},
    {.variant = "ilpd", .load = {.connections = 50}, .samples = {sample(150, 5), sample(90, 11), sample(60, 16)}},
    {.variant = "ilpd", .load = {.connections = 100}, .samples = {sample(7, 5), sample(9, 11)}},
};

}  // namespace

TEST_CASE("the report gives medians, spreads, and ratios of neighbours in time") {
    const auto json = bench::as_json({}, results);
    const auto& nginx = json.at("results").at(0);
    CHECK(nginx.at("packets_per_second").as_double() == 90);
    CHECK(nginx.at("packets_per_second_spread").as_double() == Approx(25.0 / 90));
    CHECK(nginx.at("full_core").as_string() == "proxy");
    CHECK_FALSE(nginx.as_object().contains("packets_per_second_ratio"));

    const auto& ilpd = json.at("results").at(1);
    CHECK(ilpd.at("cpu_us").as_double() == 11);
    CHECK(ilpd.at("packets_per_second_ratio").as_double() == Approx(1.2));
    CHECK(ilpd.at("packets_per_cpu_second_ratio").as_double() == Approx(1.25));
}

TEST_CASE("without the reference under the same load there is no ratio") {
    const auto json = bench::as_json({}, results);
    const auto& alone = json.at("results").at(2);
    CHECK(alone.at("packets_per_second").as_double() == 8);
    CHECK_FALSE(alone.as_object().contains("packets_per_second_ratio"));
}
