#pragma once

#include "tests/bench/measure.hpp"
#include "tests/bench/proxies.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// The sizes of the scenarios.
struct sizes {
    std::vector<std::size_t> connections{1, 10, 50, 100, 400, 1000};
    std::size_t usual_connections = 100;  ///< where the number of connections is not the subject
    std::vector<std::size_t> data{0, 300, 4096, 32767};
    std::size_t senders = 60;
    std::size_t few = 10;  ///< number of routes and of peers
    std::size_t routes = 1'000'000;
    std::size_t peers = 100'000;
    std::uint64_t history = 10'000'000;
    std::size_t idle = 10'000;
    std::size_t http2_connections = 4;
    std::size_t streams = 250;  ///< on each of these
};

sizes smoke_sizes();

/// The kinds of floods with frames, see flood.cpp. Each is a point of the scenario `floods`, beside that of the
/// handshakes.
inline constexpr std::string_view frame_floods[]{"rapid-reset", "empty-data",    "ping",
                                                 "settings",    "window-update", "continuation"};
inline constexpr double handshakes_per_second = 300;  ///< that a flood of handshakes asks for

/// The row that another is compared with, in the same scenario and the same repetition.
struct reference {
    std::string point;
    std::string variant;

    bool operator==(const reference&) const = default;
};

/// One point of a scenario: the configuration of the proxy and its load.
struct point {
    std::string name;
    bench::shape shape;
    bench::load load;
    std::vector<std::string_view> variants{};  ///< those of the scenario that are measured here; empty: all
    reference beside{};                        ///< comparison::as_points_say; without a variant: the same one
};

enum class comparison : std::uint8_t {
    with_variant,      ///< with the variant's reference, at the same point
    with_first_point,  ///< with the same variant
    as_points_say,     ///< all rows of the scenario are measured alternately
};

struct scenario {
    std::string_view name;
    std::string_view description;
    std::vector<std::string_view> variants;  ///< measured by default
    comparison beside;
    std::vector<point> (*points)(const sizes&);
};

extern const std::vector<scenario> all_scenarios;

const scenario& find_scenario(std::string_view name);

reference beside(const scenario& scenario, const std::vector<point>& points, const point& point,
                 std::string_view variant);

}  // namespace bench
