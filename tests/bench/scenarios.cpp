#include "tests/bench/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace bench {

namespace {

constexpr std::size_t next_hops_max = 10;
constexpr std::size_t routed_peers_max = 100;
constexpr std::size_t destinations_max = 1000;
constexpr std::size_t route_stride = 7919;  // a prime, so that the destinations are spread over all routes of a peer

std::string counted(std::uint64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

load usual_load(const sizes& sizes) {
    return {.connections = sizes.usual_connections};
}

std::vector<point> connections(const sizes& sizes) {
    std::vector<point> points;
    for (const auto count : sizes.connections) {
        points.push_back({counted(count, "connection"), {}, {.connections = count}});
    }
    return points;
}

std::vector<point> data(const sizes& sizes) {
    std::vector<point> points;
    for (const auto size : sizes.data) {
        points.push_back({counted(size, "octet"), {}, usual_load(sizes)});
        points.back().load.data_size = size;
    }
    return points;
}

std::vector<point> senders(const sizes& sizes) {
    std::vector<point> points;
    for (const auto count : {std::size_t{1}, sizes.senders}) {
        points.push_back({counted(count, "sender"), {.senders = count}, usual_load(sizes)});
        points.back().load.senders = count;
    }
    return points;
}

/// The amount is large enough for the rate to change it.
std::vector<point> assets(const sizes& sizes) {
    auto load = usual_load(sizes);
    load.amount = 1000;
    return {{"same asset", {}, load}, {"cross-asset", {.cross_asset = true}, load}};
}

std::vector<point> outcomes(const sizes& sizes) {
    std::vector<point> points(3, {{}, {}, usual_load(sizes)});
    points[0].name = "fulfilled";
    points[1].name = "rejected";
    points[1].load.outcome = outcome::rejected;
    points[1].load.destinations = {std::string{rejecting_destination}};
    points[2].name = "refused";
    points[2].load.outcome = outcome::refused;
    points[2].load.destinations = {std::string{unknown_destination}};
    return points;
}

/// Destinations below the routes of the first peers. The number of next hops is the same with few routes as with many.
std::vector<std::string> destinations_of(std::size_t next_hops, std::size_t routes_per_peer) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < std::min(next_hops * routes_per_peer, destinations_max); ++i) {
        all.push_back(destination_beyond(1 + i % next_hops, 1 + i / next_hops * route_stride % routes_per_peer));
    }
    return all;
}

point routes_of(std::size_t routes, std::size_t peers, const sizes& sizes) {
    const auto per_peer = routes / peers;
    point made{counted(peers * per_peer, "route"), {.peers = peers, .routes_per_peer = per_peer}, usual_load(sizes)};
    made.load.destinations = destinations_of(std::min(sizes.few, next_hops_max), per_peer);
    return made;
}

std::vector<point> routes(const sizes& sizes) {
    std::vector<point> points{routes_of(sizes.few, sizes.few, sizes),
                              routes_of(sizes.routes, std::min(sizes.routes, routed_peers_max), sizes),
                              routes_of(sizes.routes, std::min(sizes.routes, sizes.peers), sizes)};
    points.back().name += fmt::format(" of {} peers", points.back().shape.peers);
    return points;
}

std::vector<point> peers(const sizes& sizes) {
    std::vector<point> points;
    for (const auto count : {sizes.few, sizes.peers}) {
        points.push_back({counted(count, "peer"), {.peers = count}, usual_load(sizes)});
    }
    return points;
}

std::vector<point> history(const sizes& sizes) {
    std::vector<point> points;
    for (const auto count : {std::uint64_t{0}, sizes.history}) {
        points.push_back({counted(count, "transfer"), {.history = count}, usual_load(sizes)});
    }
    return points;
}

std::vector<point> workers(const sizes& sizes) {
    std::vector<point> points;
    for (const auto count : {std::size_t{1}, std::size_t{2}}) {
        points.push_back({counted(count, "worker"), {.workers = count}, usual_load(sizes)});
    }
    return points;
}

/// Each point has a daemon of its own, so that the memory of one without idle connections is known.
std::vector<point> idle(const sizes& sizes) {
    std::vector<point> points;
    for (const auto count : {std::size_t{0}, sizes.idle}) {
        points.push_back({fmt::format("{} idle", count), {.idle = count}, usual_load(sizes)});
        points.back().load.idle = count;
    }
    return points;
}

std::vector<point> mutations(const sizes& sizes) {
    std::vector<point> points{{"none", {}, usual_load(sizes)}, {"one every 10 ms", {}, usual_load(sizes)}};
    points.back().load.mutation_interval = mutation_interval;
    return points;
}

/// At its best number of connections nginx is as good as it gets without multiplexing.
std::vector<std::size_t> connections_of_nginx(const sizes& sizes) {
    return {std::max<std::size_t>(1, sizes.usual_connections / 2), sizes.usual_connections,
            2 * sizes.usual_connections};
}

load multiplexed_load(const sizes& sizes, bool tls) {
    return {.connections = sizes.http2_connections, .streams = sizes.streams, .tls = tls};
}

/// nginx with HTTP/1.1 on both sides, which others are compared with.
reference http1_reference(const sizes& sizes) {
    return {counted(sizes.usual_connections, "connection"), "nginx"};
}

std::string multiplexed_name(const sizes& sizes) {
    return fmt::format("HTTP/2, {} x {}", sizes.http2_connections, sizes.streams);
}

std::vector<point> http2(const sizes& sizes) {
    std::vector<point> points;
    const auto reference = http1_reference(sizes);
    for (const auto count : connections_of_nginx(sizes)) {
        points.push_back({counted(count, "connection"), {}, {.connections = count}, {"nginx"}, reference});
    }
    points.push_back(
        {"HTTP/1.1 to HTTP/2", {.http2 = true}, usual_load(sizes), {"ilpd-sqlite", "ilpd-memory"}, reference});
    points.push_back({multiplexed_name(sizes),
                      {.http2 = true},
                      multiplexed_load(sizes, false),
                      {"haproxy", "nghttpx", "ilpd-sqlite", "ilpd-memory"},
                      reference});
    return points;
}

std::vector<point> tls(const sizes& sizes) {
    std::vector<point> points;
    const auto reference = http1_reference(sizes);
    for (const auto count : connections_of_nginx(sizes)) {
        const bool is_usual = count == sizes.usual_connections;
        auto variants = std::vector<std::string_view>{"nginx"};
        if (is_usual) variants = {"nginx", "ilpd-sqlite", "ilpd-memory"};
        points.push_back(
            {counted(count, "connection"), {.tls = true}, {.connections = count, .tls = true}, variants, reference});
    }
    points.push_back({multiplexed_name(sizes),
                      {.tls = true, .http2 = true},
                      multiplexed_load(sizes, true),
                      {"ilpd-sqlite", "ilpd-memory"},
                      reference});
    return points;
}

/// As `idle`.
std::vector<point> idle_tls(const sizes& sizes) {
    auto points = idle(sizes);
    for (auto& point : points) {
        point.name += ", TLS";
        point.shape.tls = point.load.tls = true;
    }
    return points;
}

/// A peer beside a hostile one. Each flood has the name that flood.cpp gives it.
std::vector<point> floods(const sizes& sizes) {
    const auto add = [&sizes](std::vector<point>& to, std::string name, std::string_view flood, bool tls) {
        auto load = multiplexed_load(sizes, tls);
        load.flood = flood;
        to.push_back({std::move(name), {.senders = 2, .tls = tls, .http2 = true}, load});
    };
    std::vector<point> points;
    add(points, "no flood", {}, false);
    for (const auto kind : frame_floods) {
        add(points, std::string{kind}, kind, false);
        points.back().beside.point = "no flood";
    }
    add(points, "no handshakes", {}, true);
    add(points, fmt::format("{:.0f} handshakes/s", handshakes_per_second), "handshakes", true);
    points.back().beside.point = "no handshakes";
    return points;
}

}  // namespace

const std::vector<scenario> all_scenarios{
    {"connections",
     "1 to 1000 connections with one packet in flight each",
     {"nginx", "ilpd-sqlite", "ilpd-postgresql", "ilpd-memory"},
     comparison::with_variant,
     connections},
    {"data",
     "0 to 32767 octets of data in each Prepare",
     {"nginx", "ilpd-sqlite", "ilpd-memory"},
     comparison::with_variant,
     data},
    {"senders",
     "1 and 60 sending peers, each with a token and an account",
     {"ilpd-sqlite", "ilpd-memory"},
     comparison::with_first_point,
     senders},
    {"assets",
     "the receiver in the senders' asset, and in another one",
     {"ilpd-sqlite", "ilpd-memory"},
     comparison::with_first_point,
     assets},
    {"outcomes",
     "all fulfilled, all rejected by the next hop, all refused here (no route)",
     {"ilpd-sqlite", "ilpd-memory"},
     comparison::with_first_point,
     outcomes},
    {"routes",
     "10 and 1 000 000 routes, of 100 peers and of 100 000; packets to 10 next hops",
     {"ilpd-sqlite"},
     comparison::with_first_point,
     routes},
    {"peers",
     "10 and 100 000 peers besides those that packets go between",
     {"ilpd-sqlite"},
     comparison::with_first_point,
     peers},
    {"history", "no transfers and 10 million in the store", {"ilpd-sqlite"}, comparison::with_first_point, history},
    {"workers",
     "one worker on one core, and two that may use both",
     {"ilpd-sqlite", "ilpd-memory"},
     comparison::with_first_point,
     workers},
    {"idle",
     "none and 10 000 idle connections beside the busy ones",
     {"nginx", "ilpd-sqlite"},
     comparison::with_first_point,
     idle},
    {"mutations",
     "without an operator, and with one who does a mutation every 10 ms",
     {"ilpd-sqlite", "ilpd-postgresql"},
     comparison::with_first_point,
     mutations},
    {"http2",
     "HTTP/2 to the next hop, and on both sides, beside other proxies",
     {"nginx", "haproxy", "nghttpx", "ilpd-sqlite", "ilpd-memory"},
     comparison::as_points_say,
     http2},
    {"tls",
     "TLS on both sides, over HTTP/1.1 and over HTTP/2",
     {"nginx", "ilpd-sqlite", "ilpd-memory"},
     comparison::as_points_say,
     tls},
    {"idle-tls",
     "none and 10 000 idle connections with TLS beside the busy ones",
     {"ilpd-sqlite"},
     comparison::with_first_point,
     idle_tls},
    {"floods",
     "a peer alone, and beside one that floods the daemon with HTTP/2 or with handshakes",
     {"ilpd-sqlite"},
     comparison::as_points_say,
     floods},
};

sizes smoke_sizes() {
    return {.connections = {1, 10},
            .usual_connections = 10,
            .data = {0, 32767},
            .senders = 3,
            .few = 2,
            .routes = 200,
            .peers = 30,
            .history = 1000,
            .idle = 50,
            .http2_connections = 2,
            .streams = 5};
}

const scenario& find_scenario(std::string_view name) {
    return *std::ranges::find(all_scenarios, name, &scenario::name);
}

reference beside(const scenario& scenario, const std::vector<point>& points, const point& point,
                 std::string_view variant) {
    switch (scenario.beside) {
        case comparison::with_variant:
            return {point.name, find_variant(variant).beside};
        case comparison::with_first_point:
            if (point.name == points.front().name) return {};
            return {points.front().name, std::string{variant}};
        case comparison::as_points_say:
            break;
    }
    auto named = point.beside;
    if (!named.point.empty() && named.variant.empty()) named.variant = variant;
    // A row is not compared with itself.
    return named == reference{point.name, std::string{variant}} ? reference{} : named;
}

}  // namespace bench
