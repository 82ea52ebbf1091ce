#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/postgres_server.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline constexpr std::string_view sender_token = "sender-token-of-the-bench-64-characters-long-as-real-ones-often";
inline constexpr std::string_view destination = "test.bob.jar";

/// What all measurements of one run share.
struct setup {
    std::filesystem::path programs;   ///< where load generator and constant peer are
    std::filesystem::path directory;  ///< of this run: configurations, logs and databases, on a real disk
    std::string nginx = "nginx";
    std::string ilpd = "ilpd";
    int proxy_core = 0;               ///< of the proxy under test, alone
    int load_core = 1;                ///< of load generator and constant peer
    std::size_t connections_max = 1;  ///< of any measurement
    std::uint64_t history = 0;        ///< transfers in the stores of the variants with a history
    std::uint16_t peer_port = 0;      ///< where the constant peer listens
};

/// A program that takes the generator's POSTs on its port and passes them on to the constant peer.
struct proxy {
    std::string name;
    std::uint16_t port = 0;
    support::child_process process;
    std::vector<pid_t> pids;                               ///< every process whose CPU time is the price of its packets
    std::uint16_t metrics_port = 0;                        ///< 0: it has none
    std::uint16_t admin_port = 0;                          ///< 0: it has none
    std::shared_ptr<support::postgres_server> database{};  ///< that it keeps its balances in
};

/// One thing to compare, by the name that the tables show.
struct variant {
    std::string name;
    std::string beside;  ///< the variant that it is compared with
    bool by_default;
    proxy (*start)(const setup&, std::string_view name);
    bool mutated = false;  ///< measured while an operator changes it by the Admin API
};

extern const std::vector<variant> all_variants;

const variant& find_variant(std::string_view name);

/// Where the peers of an ilpd come from that has many.
enum class peer_source : std::uint8_t { sqlite, postgresql, file };

/// An ilpd that can be started again and again: configuration, ports and store stay.
struct ilpd_place {
    std::string name;
    std::filesystem::path configuration;
    std::filesystem::path output;
    std::uint16_t port = 0;
    std::uint16_t metrics_port = 0;
    std::uint16_t admin_port = 0;
    std::shared_ptr<support::postgres_server> database{};
};

proxy start(const setup& setup, const ilpd_place& place);

/// With `count` peers besides the two that the packets go from and to. Those of the API are in the store already, those
/// of a file are not: the first start puts them there.
ilpd_place prepare_peers(const setup& setup, std::string_view name, peer_source source, std::size_t count);

/// The constant peer is no proxy, but runs in the same way; its port is the one it listens on.
proxy start_constant_peer(const setup& setup);

/// What the programs behind these variants say of themselves: "nginx/1.22.1", "ilpd 0.1.0".
std::vector<std::string> versions(const setup& setup, const std::vector<std::string>& variants);

}  // namespace bench
