#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/postgres_server.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

inline constexpr std::string_view sender_token = "sender-token-of-the-bench-64-characters-long-as-real-ones-often";
inline constexpr std::string_view destination = "test.bob.jar";
inline constexpr std::string_view rejecting_destination = "test.carol.jar";  ///< beneath the peer that rejects
inline constexpr std::string_view unknown_destination = "test.nobody.jar";   ///< without a route

/// Of the sending peers, counted from 0.
std::string token_of_sender(std::size_t sender);

/// One that is beneath a route of one of shape::peers; peers and their routes count from 1.
std::string destination_beyond(std::size_t peer, std::size_t route);

/// What all measurements of one run share.
struct setup {
    std::filesystem::path programs;   ///< where load generator and constant peer are
    std::filesystem::path directory;  ///< of this run: configurations, logs and databases, on a real disk
    std::string nginx = "nginx";
    std::string ilpd = "ilpd";
    int proxy_core = 0;                ///< of the proxy under test, alone
    int load_core = 1;                 ///< of load generator and constant peer
    std::size_t connections_max = 1;   ///< of any measurement, idle ones apart
    std::uint16_t peer_port = 0;       ///< where the constant peer listens
    std::uint16_t rejecting_port = 0;  ///< where the one listens that rejects
    bool system_calls_by_name = true;  ///< else their sum only, which perf has sooner
};

/// What an ilpd of the bench has to carry besides the load.
struct shape {
    std::size_t senders = 1;
    std::size_t workers = 1;          ///< more than one may use all cores
    std::size_t idle = 0;             ///< connections that it must have room for
    std::size_t peers = 0;            ///< in the store, besides those that the packets go from and to
    std::size_t routes_per_peer = 1;  ///< of those
    std::uint64_t history = 0;        ///< transfers in the store
    bool cross_asset = false;         ///< the receiver's asset is another one than the senders'

    bool operator==(const shape&) const = default;
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

/// A proxy that can be started again and again: configuration, ports and store stay.
struct place {
    std::string name;
    std::vector<std::string> arguments;
    std::filesystem::path output;
    std::string ready;        ///< what it says when it can take packets; empty: its port tells
    std::optional<int> core;  ///< empty: it may use all
    std::uint16_t port = 0;
    std::uint16_t metrics_port = 0;
    std::uint16_t admin_port = 0;
    std::shared_ptr<support::postgres_server> database{};
};

/// One thing to compare, by the name that the tables show.
struct variant {
    std::string name;
    std::string beside;  ///< the variant that it is compared with
    place (*install)(const setup&, std::string_view name, const shape&);
};

extern const std::vector<variant> all_variants;

const variant& find_variant(std::string_view name);

/// `environment` comes on top of ours.
proxy start(const place& place, const std::vector<std::pair<std::string, std::string>>& environment = {});

/// Where the peers of an ilpd come from that has many.
enum class peer_source : std::uint8_t { sqlite, postgresql, file };

/// With `count` peers besides the usual ones. Those of the API are in the store already, those of a file are not: the
/// first start puts them there.
place prepare_peers(const setup& setup, std::string_view name, peer_source source, std::size_t count);

/// The next hops of all packets. They are no proxies, but run in the same way; the port is the one they listen on.
struct constant_peers {
    proxy fulfilling;
    proxy rejecting;
};

constant_peers start_constant_peers(const setup& setup);

/// What the programs say of themselves: "nginx/1.22.1", "ilpd 0.1.0".
std::vector<std::string> versions(const setup& setup);

}  // namespace bench
