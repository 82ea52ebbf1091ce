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
inline constexpr std::string_view rejecting_destination = "test.carol.jar";  ///< routed to the peer that rejects
inline constexpr std::string_view unknown_destination = "test.nobody.jar";   ///< has no route

/// The token of a sending peer; senders count from 0.
std::string token_of_sender(std::size_t sender);

/// A destination below a route of one of shape::peers. Peers and their routes count from 1.
std::string destination_beyond(std::size_t peer, std::size_t route);

/// Files for TLS on 127.0.0.1, which the proxies and the constant peer share.
struct tls_files {
    std::string roots;  ///< the certificate of the authority
    std::string certificate;
    std::string key;
};

/// Settings shared by all measurements of one run.
struct setup {
    std::filesystem::path programs;   ///< the directory of load generator and constant peer
    std::filesystem::path directory;  ///< the run's configurations, logs and databases, on a real disk
    std::string nginx = "nginx";
    std::string ilpd = "ilpd";
    std::string haproxy = "haproxy";
    std::string nghttpx = "nghttpx";
    tls_files tls{};
    int proxy_core = 0;                ///< for the proxy under test alone
    int load_core = 1;                 ///< for load generator and constant peer
    std::size_t connections_max = 1;   ///< the most in any measurement, without idle ones
    std::uint16_t peer_port = 0;       ///< where the constant peer listens
    std::uint16_t tls_peer_port = 0;   ///< where it speaks TLS
    std::uint16_t rejecting_port = 0;  ///< where the rejecting peer listens
    bool system_calls_by_name = true;  ///< otherwise only their total, which perf provides sooner
};

/// The size of an ilpd of the bench, apart from the load.
struct shape {
    std::size_t senders = 1;
    std::size_t workers = 1;          ///< with more than one, all cores may be used
    std::size_t idle = 0;             ///< idle connections that it must have room for
    std::size_t peers = 0;            ///< in the store, in addition to those that send and receive packets
    std::size_t routes_per_peer = 1;  ///< of these additional peers
    std::uint64_t history = 0;        ///< transfers in the store
    std::uint64_t packet_rate = 0;    ///< that the last of several senders may have; 0: no limit
    bool cross_asset = false;         ///< the receiver's asset differs from the senders'
    bool tls = false;                 ///< on both sides
    bool http2 = false;               ///< to the next hop

    bool operator==(const shape&) const = default;
};

/// A program that accepts the generator's POSTs on its port and forwards them to the constant peer.
struct proxy {
    std::string name;
    std::uint16_t port = 0;
    support::child_process process;
    std::vector<pid_t> pids;                               ///< the processes whose CPU time is attributed to packets
    std::uint16_t metrics_port = 0;                        ///< 0: none
    std::uint16_t admin_port = 0;                          ///< 0: none
    std::shared_ptr<support::postgres_server> database{};  ///< holds its balances
};

/// A proxy that can be started repeatedly. Configuration, ports and store persist.
struct place {
    std::string name;
    std::vector<std::string> arguments;
    std::filesystem::path output;
    std::string ready;           ///< output that shows that it can accept packets; empty: wait for its port
    bool has_worker = false;     ///< a child process does the work
    bool has_usual_heap = true;  ///< that of the C library, which a preloaded library can count
    std::optional<int> core;     ///< empty: it may use all cores
    std::uint16_t port = 0;
    std::uint16_t metrics_port = 0;
    std::uint16_t admin_port = 0;
    std::shared_ptr<support::postgres_server> database{};
};

/// Makes an authority and a certificate that it has signed.
tls_files make_certificates(const std::filesystem::path& directory);

/// A program to compare, with its name in the tables.
struct variant {
    std::string name;
    std::string beside;  ///< the variant that it is compared with
    place (*install)(const setup&, std::string_view name, const shape&);
};

extern const std::vector<variant> all_variants;

const variant& find_variant(std::string_view name);

/// `environment` is added to our own.
proxy start(const place& place, const std::vector<std::pair<std::string, std::string>>& environment = {});

/// The source of the peers of an ilpd that has many.
enum class peer_source : std::uint8_t { sqlite, postgresql, file };

/// Prepares a daemon with `count` additional peers. API peers are in the store already. Peers of a file are not: the
/// first start stores them.
place prepare_peers(const setup& setup, std::string_view name, peer_source source, std::size_t count);

/// The next hops of all packets. They are not proxies but are run in the same way; the port is the one that they listen
/// on.
struct constant_peers {
    proxy fulfilling;
    proxy rejecting;
    std::uint16_t tls_port = 0;  ///< of the fulfilling one
};

constant_peers start_constant_peers(const setup& setup);

/// The versions that the programs report: "nginx/1.22.1", "ilpd 0.1.0".
std::vector<std::string> versions(const setup& setup);

}  // namespace bench
