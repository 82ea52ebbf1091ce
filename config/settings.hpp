#pragma once

#include "config/http_endpoint.hpp"
#include "ilp/address.hpp"
#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "ilp/rate.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The contents of the configuration file as plain values. Names, defaults, bounds and descriptions are defined in
/// schema.cpp; no initializer here is a default visible to users.
namespace config {

/// The address a listener binds to: a literal IP address and a port. Port 0 lets the system choose one (tests).
struct listen_address {
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(const listen_address&, const listen_address&) = default;
};

/// A confidential value. It has no print function, so that neither a log nor --check-config can show it.
class secret {
public:
    secret() = default;
    explicit secret(std::string value) : value_{std::move(value)} {}
    const std::string& reveal() const noexcept { return value_; }
    friend bool operator==(const secret&, const secret&) = default;

private:
    std::string value_;
};

/// The path of a file. One that is relative in the file has been completed with the folder of the configuration file.
struct file_path {
    std::string text;
    friend bool operator==(const file_path&, const file_path&) = default;
};

/// Certificates that are trusted, and the file from which they were read.
struct trusted_certificates {
    std::string file;  ///< its path, completed as in file_path; empty for terms that came through the Admin API
    std::string pem;   ///< one certificate or more, and nothing else, in PEM
    friend bool operator==(const trusted_certificates&, const trusted_certificates&) = default;
};

// A listener with a certificate speaks TLS. A certificate and its key are either both set or both absent.

struct connector_settings {
    listen_address listen;
    std::optional<file_path> certificate_file;         ///< PEM
    std::optional<file_path> key_file;                 ///< PEM
    std::optional<file_path> client_certificate_file;  ///< shown to peers that ask for one; PEM
    std::optional<file_path> client_key_file;          ///< PEM
    std::optional<http_endpoint> callback_url;         ///< where peers post the answers to asynchronous packets
    std::uint32_t workers = 0;                         ///< 0: one per core
    std::chrono::milliseconds min_expiration_window{};
    std::chrono::milliseconds max_hold_time{};
    std::uint32_t max_packets_in_flight = 0;  ///< per worker
    std::uint32_t max_connections = 0;        ///< incoming, per worker
    std::uint64_t max_buffer_memory = 0;      ///< in bytes, per worker
    std::chrono::milliseconds request_timeout{};
    std::chrono::milliseconds idle_timeout{};
    std::chrono::milliseconds shutdown_grace{};
    std::chrono::milliseconds max_connection_age{};  ///< outgoing
    ilp::amount echo_max_amount;
    friend bool operator==(const connector_settings&, const connector_settings&) = default;
};

struct admin_settings {
    listen_address listen;
    std::optional<file_path> certificate_file;
    std::optional<file_path> key_file;
    std::optional<secret> api_secret;  ///< absent: requests need no signature
    std::string tenant_id;             ///< in lower case
    std::vector<std::string> hosts;    ///< in lower case; further names that the Host header may have
    bool console = true;               ///< whether the pages of the console are served
    friend bool operator==(const admin_settings&, const admin_settings&) = default;
};

struct metrics_settings {
    listen_address listen;
    std::optional<file_path> certificate_file;
    std::optional<file_path> key_file;
    friend bool operator==(const metrics_settings&, const metrics_settings&) = default;
};

/// A lease is longer than a packet is held by at least this much.
inline constexpr std::chrono::milliseconds lease_margin{10'000};
/// In the working directory.
inline constexpr std::string_view default_instance_file = "ilpd.instance";

struct store_settings {
    std::string url;
    std::optional<secret> key{};  ///< one or more keys that seal the secrets in the store, the current one first
    std::chrono::milliseconds startup_timeout{};
    std::optional<std::chrono::milliseconds> keep_history;  ///< absent: for ever
    std::optional<std::chrono::milliseconds> lease_time{};  ///< absent: connector.max_hold_time and lease_margin
    bool standby = false;
    std::optional<file_path> instance_file{};  ///< absent: default_instance_file
    friend bool operator==(const store_settings&, const store_settings&) = default;
};

struct webhook_settings {
    std::optional<http_endpoint> url;             ///< absent: events are logged but not sent
    std::optional<trusted_certificates> ca_file;  ///< absent: the certificates that the system trusts
    std::optional<config::secret> secret;
    std::chrono::milliseconds timeout{};  ///< per attempt
    std::uint32_t max_retry = 0;
    bool only_status_200 = false;  ///< other statuses of success count as failures
    friend bool operator==(const webhook_settings&, const webhook_settings&) = default;
};

/// The number of units of `quote` that one unit of `base` buys. It does not imply a rate for the opposite direction.
struct fixed_rate_settings {
    std::string base;
    std::string quote;
    ilp::rate rate;
    std::uint32_t line = 0;
};

/// The spread that is kept from packets converted from `base` to `quote`.
struct spread_settings {
    std::string base;
    std::string quote;
    std::uint16_t basis_points = 0;
    std::uint32_t line = 0;
};

struct rates_settings {
    std::optional<http_endpoint> url;
    std::optional<trusted_certificates> ca_file;  ///< absent: the certificates that the system trusts
    std::chrono::milliseconds lifetime{};         ///< a new rate is fetched before it expires
    std::chrono::milliseconds grace{};            ///< how long an expired rate stays usable while none can be fetched
    std::chrono::milliseconds timeout{};          ///< per fetch
    std::vector<fixed_rate_settings> fixed;
    std::vector<spread_settings> spreads;
};

/// Peers that join automatically, and requests to other nodes for their peering terms.
struct auto_peering_settings {
    bool enabled = false;  ///< whether requests from unknown nodes are answered; ours can be sent in either case
    listen_address listen;
    std::optional<file_path> certificate_file;
    std::optional<file_path> key_file;
    std::optional<http_endpoint> connector_url;    ///< where others send packets for us
    std::optional<std::string> name;               ///< the name we give ourselves; absent: our address
    ilp::amount initial_liquidity;                 ///< of a peer that joined automatically
    std::optional<ilp::amount> max_packet_amount;  ///< of such a peer, which may ask for less
    std::uint32_t max_peers = 0;                   ///< that joined automatically
    std::uint32_t max_peers_per_address = 0;       ///< of these, from one source; 0: no limit
    std::chrono::milliseconds unused_after{};      ///< age at which an unused peer makes room for a new one
    std::vector<ilp::address> further_assets;      ///< nodes that may join in a second asset without presenting a token
    std::uint32_t request_rate = 0;                ///< requests per second from all unknown nodes together
    std::uint32_t request_rate_per_address = 0;    ///< requests per minute from one source; 0: no limit
    bool allow_private_addresses = false;
    bool allow_plain_http = false;  ///< such a peer's endpoint may be an http:// URL at a public address
    friend bool operator==(const auto_peering_settings&, const auto_peering_settings&) = default;
};

/// Payment pointers to our accounts.
struct spsp_settings {
    bool enabled = false;
    listen_address listen;
    std::optional<file_path> certificate_file;
    std::optional<file_path> key_file;
    bool allow_plain_http = false;               ///< although other machines can reach the listener
    std::optional<std::string> default_account;  ///< the one that `$host` alone pays; absent: none
    std::optional<http_endpoint> public_url;     ///< where others find `listen`, as https_origin() has it
    std::uint32_t request_rate = 0;              ///< requests per second from everybody together
    std::uint32_t request_rate_per_address = 0;  ///< requests per minute from one source; 0: no limit
    friend bool operator==(const spsp_settings&, const spsp_settings&) = default;
};

struct asset_settings {
    std::string code;
    std::uint8_t scale = 0;
    ilp::amount liquidity;  ///< initial_liquidity in the file: deposited once, when the asset first appears
    std::optional<ilp::amount> liquidity_threshold;
    std::uint32_t line = 0;  ///< in the file, for messages after parsing
};

struct asset_reference {
    std::string code;
    std::uint8_t scale = 0;
    friend bool operator==(const asset_reference&, const asset_reference&) = default;
};

struct incoming_http_settings {
    std::vector<secret> auth_tokens;
    std::vector<secret> jwt_secrets{};
    std::vector<ilp::digest> client_keys;  ///< SHA-256 of the public keys of the peer's client certificates
};

/// Which versions of HTTP a link speaks. `automatic`: over TLS, what both sides prefer (ALPN); otherwise HTTP/1.1.
enum class http_protocol : std::uint8_t { automatic, http1, http2 };

/// How the answer to a Prepare comes (RFC 35): as the response to its request, or in a request of the peer's.
enum class answer_mode : std::uint8_t { synchronous, asynchronous };

struct outgoing_http_settings {
    http_endpoint endpoint;
    secret auth_token;                            ///< empty if `jwt_secret` is not
    secret jwt_secret{};                          ///< signs the tokens that are presented instead of `auth_token`
    std::string jwt_subject{};                    ///< their `sub`; empty in the file: our ILP address
    std::optional<trusted_certificates> ca_file;  ///< absent: the certificates that the system trusts
    std::uint32_t max_waiting = 0;                ///< packets per worker that wait for a connection
    std::uint16_t max_connections = 0;            ///< per worker
    http_protocol protocol = http_protocol::automatic;
    answer_mode mode = answer_mode::synchronous;
    bool allow_plain_http = false;       ///< packets may go unencrypted to a public address
    bool public_addresses_only = false;  ///< the endpoint came from a stranger and must not lead into private networks
    friend bool operator==(const outgoing_http_settings&, const outgoing_http_settings&) = default;
};

struct http_settings {
    incoming_http_settings incoming;
    outgoing_http_settings outgoing;
};

/// Says which packets cross the link with a peer in parts. They are larger than `max_packet_amount`
/// (docs/splitting.md).
struct split_settings {
    static constexpr std::uint32_t parts_limit = 1024;  ///< whatever the peers have agreed

    ilp::amount max_total;
    std::uint32_t max_parts = 0;  ///< 2 to `parts_limit`
    friend bool operator==(const split_settings&, const split_settings&) = default;
};

struct peer_settings {
    std::string name;
    ilp::address ilp_address = *ilp::address::parse("self.unset");
    asset_reference asset;
    std::vector<std::string> routes;  ///< prefixes besides its own address; the empty prefix is the default route
    std::optional<ilp::amount> max_packet_amount;
    std::optional<split_settings> split{};                   ///< absent: no packet is sent or accepted in parts
    std::optional<ilp::amount> max_in_flight_amount;         ///< sum over the peer's packets in flight
    std::optional<std::chrono::milliseconds> max_hold_time;  ///< of packets to the peer; absent: the connector's
    std::optional<std::uint16_t> spread;                     ///< basis points; absent: the spread of the currency pair
    std::optional<std::uint32_t> packet_rate;                ///< packets per second
    std::uint32_t packet_burst = 0;                  ///< packets at once; 0: as many as the rate allows in one second
    std::optional<ilp::amount> incoming_throughput;  ///< amount per second
    std::optional<ilp::amount> outgoing_throughput;  ///< amount per second
    bool return_to_source = false;
    ilp::amount liquidity;  ///< initial_liquidity in the file: deposited once, when the peer first appears
    std::optional<ilp::amount> liquidity_threshold;
    http_settings http;
    std::uint32_t line = 0;
};

struct receiving_settings {
    std::optional<config::secret> secret;           ///< one or more keys, the current one first; absent: a random one
    std::chrono::milliseconds address_lifetime{};   ///< of an address that is given to a sender
    std::chrono::milliseconds payment_idle_time{};  ///< after which a payment has ended
    friend bool operator==(const receiving_settings&, const receiving_settings&) = default;
};

/// Payments of our accounts.
struct sending_settings {
    bool allow_private_addresses = false;         ///< of receivers
    std::optional<trusted_certificates> ca_file;  ///< absent: the certificates that the system trusts
};

/// An account of ours to which payments are credited.
struct account_settings {
    std::string name;
    asset_reference asset;
    std::optional<std::string> public_name;  ///< shown to operators
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
    spsp_settings spsp;
    std::vector<asset_settings> assets;
    receiving_settings receiving;
    sending_settings sending;
    std::vector<account_settings> accounts;
    std::vector<peer_settings> peers;
    log_settings log;
    bool has_literal_secret = false;  ///< the file itself contains a token or secret, not only the name of a variable
    std::vector<std::string> secret_files{};  ///< the files from which secrets were read
};

}  // namespace config
