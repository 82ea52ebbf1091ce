#include "tests/bench/chain.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

constexpr std::string_view to_second = "token-from-the-first-to-the-second";
constexpr std::string_view to_first = "token-from-the-second-to-the-first";
constexpr std::uint64_t chain_liquidity = 1'000'000'000'000'000;  // of liquidity

/// What all peers of a chain have in common. `more` is further terms.
std::string chain_peer_yaml(std::string_view name, std::string_view incoming_token, std::uint16_t port,
                            std::string_view outgoing_token, bool http2, std::size_t connections,
                            std::string_view more) {
    return fmt::format(R"(  - name: {name}
    ilp_address: test.{name}
    asset: {{code: USD, scale: 9}}
    liquidity: {chain_liquidity}
{more}    http:
      incoming: {{auth_tokens: [{incoming_token}]}}
      outgoing:
        endpoint: "http://127.0.0.1:{port}/"
        auth_token: {outgoing_token}
        max_connections: {connections}
        protocol: {protocol}
)",
                       fmt::arg("name", name), fmt::arg("chain_liquidity", chain_liquidity), fmt::arg("more", more),
                       fmt::arg("incoming_token", incoming_token), fmt::arg("port", port),
                       fmt::arg("outgoing_token", outgoing_token), fmt::arg("connections", connections),
                       fmt::arg("protocol", http2 ? "http2" : "http1"));
}

/// Both daemons share the core of a proxy, so that the generator, which has the other one, keeps them busy.
proxy start_daemon(const setup& setup, std::string_view chain, std::string_view name, std::uint16_t port,
                   std::size_t connections, std::string_view peers) {
    const auto directory = setup.directory / chain / name;
    std::filesystem::create_directories(directory);
    const auto configuration = directory / "ilpd.yaml";
    const auto admin_port = support::free_port();
    const auto metrics_port = support::free_port();
    std::ofstream{configuration} << fmt::format(
        R"(ilp_address: test.{name}
connector:
  listen: 127.0.0.1:{port}
  workers: 1
  max_connections: {connections}
admin: {{listen: "127.0.0.1:{admin_port}"}}
metrics: {{listen: "127.0.0.1:{metrics_port}"}}
store: {{url: "memory:"}}
assets:
  - {{code: USD, scale: 9, liquidity: {chain_liquidity}}}
peers:
{peers}log: {{level: info, format: text}}
)",
        fmt::arg("name", name), fmt::arg("port", port), fmt::arg("connections", connections + 64),
        fmt::arg("admin_port", admin_port), fmt::arg("metrics_port", metrics_port),
        fmt::arg("chain_liquidity", chain_liquidity), fmt::arg("peers", peers));
    return start({.name = std::string{name},
                  .arguments = {setup.ilpd, "--config", configuration.string()},
                  .output = directory / "output",
                  .ready = " ready ",
                  .core = setup.proxy_core,
                  .port = port,
                  .metrics_port = metrics_port,
                  .admin_port = admin_port});
}

std::string link_terms(std::size_t max_parts) {
    std::string terms = fmt::format("    max_packet_amount: {}\n", chain::maximum);
    if (max_parts != 0) {
        terms += fmt::format("    split: {{max_total: {}, max_parts: {}}}\n", chain::maximum * max_parts, max_parts);
    }
    return terms;
}

}  // namespace

chain::chain(const setup& setup, std::string_view name, bool http2, std::size_t connections, std::size_t max_parts) {
    const std::uint16_t first_port = support::free_port();
    const std::uint16_t second_port = support::free_port();
    const std::string terms = link_terms(max_parts);
    const auto peer = [&](std::string_view peer_name, std::string_view incoming, std::uint16_t port,
                          std::string_view outgoing, std::string_view more) {
        return chain_peer_yaml(peer_name, incoming, port, outgoing, http2, connections, more);
    };
    daemons_.push_back(start_daemon(setup, name, "second", second_port, connections,
                                    peer("first", to_second, first_port, to_first, terms) +
                                        peer("bob", "token-that-is-never-used", setup.peer_port, "token-of-bob", "")));
    daemons_.push_back(
        start_daemon(setup, name, "first", first_port, connections,
                     peer("alice", token_of_sender(0), setup.peer_port, "token-of-alice", "") +
                         peer("second", to_first, second_port, to_second, terms + "    routes: [test.bob]\n")));
    auto& pids = daemons_.back().pids;
    pids.insert(pids.end(), daemons_.front().pids.begin(), daemons_.front().pids.end());
}

void chain::greet(const setup& setup, const constant_peers& next_hops) const {
    const auto output = generate(setup, daemons(), next_hops, {}, {"--packets", "1"});
    const auto& answers = output.at("whole_run");
    if (answers.at("right").to_number<std::uint64_t>() != 1) {
        throw std::runtime_error{"the first packet through the chain: " + boost::json::serialize(answers)};
    }
}

}  // namespace bench
