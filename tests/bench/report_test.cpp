#include "tests/bench/report.hpp"

#include <catch2/catch.hpp>

namespace report_test {

namespace {

bench::sample sample(double rate, double cpu_us) {
    bench::sample result;
    result.packets_per_second = rate;
    result.cpu_us = cpu_us;
    result.proxy_core_busy = 0.99;
    return result;
}

const std::vector<bench::result> results{
    {.scenario = "connections",
     .point = "50",
     .variant = "nginx",
     .samples = {sample(100, 10), sample(90, 11), sample(50, 20)}},
    {.scenario = "connections",
     .point = "50",
     .variant = "ilpd-sqlite",
     .beside = {"50", "nginx"},
     .samples = {sample(150, 5), sample(90, 11), sample(60, 16)}},
    {.scenario = "connections",
     .point = "100",
     .variant = "ilpd-sqlite",
     .beside = {"100", "nginx"},
     .samples = {sample(7, 5), sample(9, 11)}},
};

}  // namespace

TEST_CASE("the report has medians, spreads, and ratios of runs that are adjacent in time") {
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

TEST_CASE("the price of commits is the extra CPU time of a durable variant, database included") {
    auto durable = sample(50, 15);
    durable.database_cpu_us = 4;
    durable.commit_ms = 0.3;
    const std::vector<bench::result> pair{
        {.variant = "ilpd-memory", .samples = {sample(100, 10)}},
        {.variant = "ilpd-postgresql", .samples = {durable}},
    };
    const auto json = bench::as_json({}, pair);
    CHECK(json.at("results").at(1).at("price_of_commits_us").as_double() == 9);
    CHECK_FALSE(json.at("results").at(0).as_object().contains("price_of_commits_us"));
}

TEST_CASE("a row can be compared with another point of its scenario, and shows the memory of an idle connection") {
    auto few = sample(100, 10);
    few.resident_kib = 1000;
    auto many = sample(50, 20);
    many.resident_kib = 1400;
    const std::vector<bench::result> pair{
        {.scenario = "idle", .point = "0 idle", .variant = "ilpd-sqlite", .samples = {few}},
        {.scenario = "idle",
         .point = "100 idle",
         .variant = "ilpd-sqlite",
         .beside = {"0 idle", "ilpd-sqlite"},
         .load = {.idle = 100},
         .samples = {many}},
    };
    const auto json = bench::as_json({}, pair);
    const auto& row = json.at("results").at(1);
    CHECK(row.at("packets_per_second_ratio").as_double() == 0.5);
    CHECK(row.at("beside").at("point").as_string() == "0 idle");
    CHECK(row.at("kib_per_idle_connection").as_double() == 4);
}

TEST_CASE("the table omits columns that are empty in all rows") {
    const auto table = bench::as_table({}, results);
    CHECK(table.find("packets/s") != std::string::npos);
    CHECK(table.find("commit ms") == std::string::npos);
    CHECK(table.find("mutation ms") == std::string::npos);
}

TEST_CASE("there is no ratio without a reference under the same load") {
    const auto json = bench::as_json({}, results);
    const auto& alone = json.at("results").at(2);
    CHECK(alone.at("packets_per_second").as_double() == 8);
    CHECK_FALSE(alone.as_object().contains("packets_per_second_ratio"));
}

}  // namespace report_test
