#include "tests/bench/scenarios.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace scenarios_test {

TEST_CASE("every scenario has distinct points and existing variants") {
    for (const auto& scenario : bench::all_scenarios) {
        CAPTURE(scenario.name);
        for (const auto& sizes : {bench::sizes{}, bench::smoke_sizes()}) {
            const auto points = scenario.points(sizes);
            std::set<std::string> names;
            for (const auto& point : points) names.insert(point.name);
            CHECK(points.size() >= 2);
            CHECK(names.size() == points.size());
        }
        for (const auto& point : scenario.points({})) {
            for (const auto& variant : point.variants) {
                CHECK(std::ranges::find(scenario.variants, variant) != scenario.variants.end());
            }
        }
        for (const auto& variant : scenario.variants) {
            CHECK(std::ranges::find(bench::all_variants, variant, &bench::variant::name) != bench::all_variants.end());
        }
    }
}

TEST_CASE("a row is compared with the first point of its scenario, or with its variant's neighbour") {
    const auto& routes = bench::find_scenario("routes");
    const auto points = routes.points({});
    CHECK(bench::beside(routes, points, points.front(), "ilpd-sqlite") == bench::reference{});
    CHECK(bench::beside(routes, points, points.back(), "ilpd-sqlite") == bench::reference{"10 routes", "ilpd-sqlite"});

    const auto& connections = bench::find_scenario("connections");
    const auto sweep = connections.points({});
    CHECK(bench::beside(connections, sweep, sweep.back(), "ilpd-memory") ==
          bench::reference{"1000 connections", "nginx"});
}

TEST_CASE("where a point names the row beside it, that row is measured") {
    for (const auto& scenario : bench::all_scenarios) {
        if (scenario.beside != bench::comparison::as_points_say) continue;
        CAPTURE(scenario.name);
        const auto points = scenario.points({});
        const auto is_measured = [&](const bench::reference& wanted) {
            return std::ranges::any_of(points, [&](const auto& point) {
                const auto& variants = point.variants.empty() ? scenario.variants : point.variants;
                return point.name == wanted.point && std::ranges::find(variants, wanted.variant) != variants.end();
            });
        };
        for (const auto& point : points) {
            for (const auto& variant : point.variants.empty() ? scenario.variants : point.variants) {
                const auto named = bench::beside(scenario, points, point, variant);
                CAPTURE(point.name, variant, named.point, named.variant);
                CHECK((named == bench::reference{} || is_measured(named)));
                CHECK(named != bench::reference{point.name, std::string{variant}});
            }
        }
    }
}

TEST_CASE("many routes have as many next hops as few, and different destinations") {
    const auto points = bench::find_scenario("routes").points({});
    CHECK(points.front().name == "10 routes");
    CHECK(points[1].name == "1000000 routes");
    const auto& many = points[1].load.destinations;
    CHECK(std::set<std::string>(many.begin(), many.end()).size() == many.size());
    const auto next_hops = [](const bench::point& point) {
        std::set<std::string> all;
        for (const auto& to : point.load.destinations) all.insert(to.substr(0, to.find('.', 5)));
        return all;
    };
    for (const auto& point : points) CHECK(next_hops(points.front()) == next_hops(point));
}

TEST_CASE("the README lists every scenario as the driver describes it") {
    std::ifstream in{ILPD_SOURCE_DIR "/tests/bench/README.md"};
    const std::string readme{std::istreambuf_iterator<char>{in}, {}};
    for (const auto& scenario : bench::all_scenarios) {
        CAPTURE(scenario.name);
        CHECK(readme.find(fmt::format("| `{}` | {} |", scenario.name, scenario.description)) != std::string::npos);
    }
}

}  // namespace scenarios_test
