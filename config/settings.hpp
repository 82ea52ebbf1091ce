#pragma once

#include "config/http_endpoint.hpp"
#include "ilp/address.hpp"
#include "ilp/amount.hpp"
#include "ilp/rate.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the configuration file says, as plain values. Names, defaults, bounds and texts stand in schema.cpp; nothing
/// here has a default of its own that a reader of the file would see.
namespace config {

/// Where a listener binds: a literal IP address and a port. Port 0 lets the system choose (tests).
struct listen_address {
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(const listen_address&, const listen_address&) = default;
};

/// A value that must not be seen: nothing prints it, so that no log and no --check-config can.
class secret {
public:
    secret() = default;
    explicit secret(std::string value) : value_{std::move(value)} {}
    const std::string& reveal() const noexcept { return value_; }
    friend bool operator==(const secret&, const secret&) = default;

private:
    std::string value_;
};

struct connector_settings {
    listen_address listen;
    std::uint32_t workers = 0;  ///< 0: one per core
    std::chrono::milliseconds min_expiration_window{};
    std::chrono::milliseconds max_hold_time{};
    std::uint32_t max_packets_in_flight = 0;  ///< of one worker
    std::uint32_t max_connections = 0;        ///< incoming, of one worker
    std::chrono::milliseconds request_timeout{};
    std::chrono::milliseconds idle_timeout{};
    ilp::amount echo_max_amount;
    friend bool operator==(const connector_settings&, const connector_settings&) = default;
};

struct admin_settings {
    listen_address listen;
    std::optional<secret> api_secret;  ///< absent: requests need no signature
    std::string tenant_id;             ///< in lower case
    friend bool operator==(const admin_settings&, const admin_settings&) = default;
};

struct metrics_settings {
    listen_address listen;
    friend bool operator==(const metrics_settings&, const metrics_settings&) = default;
};

struct store_settings {
    std::string url;
    friend bool operator==(const store_settings&, const store_settings&) = default;
};

struct webhook_settings {
    std::optional<http_endpoint> url;  ///< absent: events are logged and nothing is sent
    std::optional<config::secret> secret;
    std::chrono::milliseconds timeout{};  ///< of one attempt
    std::uint32_t max_retry = 0;
    friend bool operator==(const webhook_settings&, const webhook_settings&) = default;
};

/// What a unit of the currency `base` buys of the currency `quote`; nothing about the other direction.
struct fixed_rate_settings {
    std::string base;
    std::string quote;
    ilp::rate rate;
    std::uint32_t line = 0;
};

/// What is kept of packets from `base` to `quote`.
struct spread_settings {
    std::string base;
    std::string quote;
    std::uint16_t basis_points = 0;
    std::uint32_t line = 0;
};

struct rates_settings {
    std::optional<http_endpoint> url;
    std::chrono::milliseconds lifetime{};  ///< a newer rate is fetched before its end
    std::chrono::milliseconds grace{};     ///< beyond the lifetime, while none can be fetched
    std::chrono::milliseconds timeout{};   ///< of one fetch
    std::vector<fixed_rate_settings> fixed;
    std::vector<spread_settings> spreads;
};

/// Peers that come by themselves, or that are asked for their terms.
struct auto_peering_settings {
    bool enabled = false;  ///< whether strangers are answered; the operator may ask others in either case
    listen_address listen;
    std::optional<http_endpoint> connector_url;    ///< where others shall send packets for us
    std::optional<std::string> name;               ///< what we call ourselves; absent: our address
    ilp::amount initial_liquidity;                 ///< of a peer that came by itself
    std::optional<ilp::amount> max_packet_amount;  ///< of such a peer; it may ask for less
    std::uint32_t max_peers = 0;                   ///< that came by themselves
    std::uint32_t request_rate = 0;                ///< requests per second, of all strangers together
    bool allow_private_addresses = false;
    friend bool operator==(const auto_peering_settings&, const auto_peering_settings&) = default;
};

struct asset_settings {
    std::string code;
    std::uint8_t scale = 0;
    ilp::amount liquidity;  ///< deposited once, when the asset is first seen
    std::optional<ilp::amount> liquidity_threshold;
    std::uint32_t line = 0;  ///< in the file, for messages that come later than the parser
};

struct asset_reference {
    std::string code;
    std::uint8_t scale = 0;
    friend bool operator==(const asset_reference&, const asset_reference&) = default;
};

struct incoming_http_settings {
    std::vector<secret> auth_tokens;
};

struct outgoing_http_settings {
    http_endpoint endpoint;
    secret auth_token;
    std::uint32_t max_waiting = 0;       ///< packets of one worker that wait for a connection
    std::uint16_t max_connections = 0;   ///< of one worker
    bool public_addresses_only = false;  ///< the endpoint is a stranger's word: it must not lead into private networks
    friend bool operator==(const outgoing_http_settings&, const outgoing_http_settings&) = default;
};

struct http_settings {
    incoming_http_settings incoming;
    outgoing_http_settings outgoing;
};

struct peer_settings {
    std::string name;
    ilp::address ilp_address = *ilp::address::parse("self.unset");
    asset_reference asset;
    std::vector<std::string> routes;  ///< prefixes besides its own address; the empty one is the default route
    std::optional<ilp::amount> max_packet_amount;
    std::optional<std::uint16_t> spread;             ///< basis points; absent: that of the currencies
    std::optional<std::uint32_t> packet_rate;        ///< packets per second
    std::uint32_t packet_burst = 0;                  ///< packets at once; 0: what the rate allows in one second
    std::optional<ilp::amount> incoming_throughput;  ///< amount per second
    std::optional<ilp::amount> outgoing_throughput;  ///< amount per second
    bool return_to_source = false;
    ilp::amount liquidity;  ///< deposited once, when the peer is first seen
    std::optional<ilp::amount> liquidity_threshold;
    http_settings http;
    std::uint32_t line = 0;
};

enum class log_level : std::uint8_t { trace, debug, info, warn, error };
enum class log_format : std::uint8_t { text, json };

struct log_settings {
    log_level level = log_level::info;
    log_format format = log_format::text;
    friend bool operator==(const log_settings&, const log_settings&) = default;
};

struct settings {
    ilp::address ilp_address = *ilp::address::parse("self.unset");
    connector_settings connector;
    admin_settings admin;
    metrics_settings metrics;
    store_settings store;
    webhook_settings webhooks;
    rates_settings rates;
    auto_peering_settings auto_peering;
    std::vector<asset_settings> assets;
    std::vector<peer_settings> peers;
    log_settings log;
};

}  // namespace config
