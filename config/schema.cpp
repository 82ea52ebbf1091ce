#include "config/schema.hpp"

#include "config/manual_page.hpp"
#include "config/reference_writer.hpp"
#include "config/section.hpp"
#include "config/value.hpp"

#include <chrono>
#include <cstdint>

namespace config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view about_key_file = "The private key of the certificate, in PEM form.";
constexpr auto no_tls = when_absent{"plain HTTP"};

section<connector_settings> define_connector() {
    using s = connector_settings;
    return {
        setting("listen", &s::listen, listener(), default_value{"127.0.0.1:3002"},
                "The address on which ILP packets are accepted, over HTTP."),
        setting("certificate_file", &s::certificate_file, path_of_file(), no_tls,
                "The certificate for `connector.listen`, which then speaks TLS only. PEM: our certificate first, "
                "followed by those that lead to a root, which itself is not needed. A path in this file may be "
                "relative to the folder of this file."),
        setting("key_file", &s::key_file, path_of_file(), no_tls, about_key_file),
        setting("client_certificate_file", &s::client_certificate_file, path_of_file(), when_absent{"none"},
                "The certificate that we show to a peer that asks for one when we connect to it. PEM."),
        setting("client_key_file", &s::client_key_file, path_of_file(), when_absent{"none"}, about_key_file),
        setting("callback_url", &s::callback_url, packet_url(), when_absent{"no asynchronous packets to peers"},
                "The URL at which peers post their answers to packets that we send them in asynchronous mode: "
                "`connector.listen` as seen from outside. Required if `peers[].http.outgoing.mode` of any peer is "
                "`asynchronous`."),
        setting("workers", &s::workers, integer<std::uint32_t>(0, 64), default_value{"0"},
                "The number of threads that handle packets; 0 means one per core."),
        setting("min_expiration_window", &s::min_expiration_window, duration(1ms, 30s), default_value{"1s"},
                "How much the expiry of a packet is shortened when it is forwarded: this leaves time to return its "
                "fulfillment. A packet needs at least twice this time on arrival, because the next hop shortens it, "
                "too, and a packet that reaches it with less would only be refused there; with less time it gets R02. "
                "Must be smaller than `connector.max_hold_time`."),
        setting("max_hold_time", &s::max_hold_time, hold_time(), default_value{"30s"},
                "The longest time until a forwarded packet expires; later expiries are shortened to it."),
        setting("max_packets_in_flight", &s::max_packets_in_flight, integer<std::uint32_t>(1, 1'000'000),
                default_value{"20000"},
                "The largest number of packets in flight per worker; further packets are refused."),
        setting(
            "max_connections", &s::max_connections, integer<std::uint32_t>(1, 1'000'000), default_value{"10000"},
            "The largest number of incoming connections per worker. For a further one, the oldest that has not shown a "
            "valid token is closed. If all have shown one, the peer that has most gives up one for a peer that has at "
            "least two fewer, and a new one of any other peer is refused. Up to 16 more may be open until they have "
            "shown a token."),
        setting(
            "max_buffer_memory", &s::max_buffer_memory, integer<std::uint64_t>(1 << 20, 1ULL << 40),
            default_value{"268435456"},
            "The memory, in bytes and per worker, that connections with peers may use for bytes that were received "
            "and not yet processed, or not yet accepted by the other side, and for handshakes of TLS, each of which "
            "counts as 192 KiB until it is complete. Beyond it the connections that use most are closed, unless they "
            "use at most 16 KiB. Prepares that wait for a connection may use a quarter of it in addition; beyond "
            "that they are refused. So may the answers to asynchronous packets; beyond that these packets are "
            "refused."),
        setting("request_timeout", &s::request_timeout, duration(100ms, 5min), default_value{"10s"},
                "The time in which a client must send a complete request once it has begun."),
        setting("idle_timeout", &s::idle_timeout, duration(1s, 1h), default_value{"75s"},
                "The time after which an incoming connection without a request is closed. A connection that has not "
                "shown a valid token 5 s after its start is closed in any case."),
        setting("shutdown_grace", &s::shutdown_grace, duration(0ms, 5min), default_value{"1s"},
                "How long incoming connections stay open after SIGTERM even if no packet is in flight: a Prepare that "
                "arrives meanwhile gets T03, and the answer ends its connection. If all of them are closed earlier, "
                "the daemon stops waiting."),
        setting(
            "max_connection_age", &s::max_connection_age, duration(1s, 24h), default_value{"60s"},
            "The age from which a connection to a peer carries no further packet. A new connection looks the name of "
            "the peer up again, so packets go to a host that the name has left for at most this time."),
        setting("echo_max_amount", &s::echo_max_amount, amount(), default_value{"1000"},
                "The largest amount of an echo request or ping that is answered."),
    };
}

section<admin_settings> define_admin() {
    using s = admin_settings;
    return {
        setting("listen", &s::listen, listener(), default_value{"127.0.0.1:3001"},
                "The address on which the Admin API (`/graphql`) and `/healthz` are served."),
        setting("certificate_file", &s::certificate_file, path_of_file(), no_tls,
                "The certificate for `admin.listen`, which then speaks TLS only, as `connector.certificate_file`."),
        setting("key_file", &s::key_file, path_of_file(), no_tls, about_key_file),
        setting("api_secret", &s::api_secret, signing_secret(),
                when_absent{"requests are not signed, and `admin.listen` must be a loopback address"},
                "The key with which requests to the Admin API must be signed; other requests are refused. If "
                "`admin.listen` is not a loopback address, it must have at least 16 characters."),
        setting("tenant_id", &s::tenant_id, uuid(), default_value{"00000000-0000-4000-8000-000000000001"},
                "The tenant that requests name in their `tenant-id` header. It is the operator, the only tenant."),
        settings_list("hosts", &s::hosts, host(),
                      "Further host names by which clients may address the Admin API while `admin.api_secret` is not "
                      "set. Loopback addresses, `localhost` and the host of `admin.listen` are always accepted; a "
                      "request with any other `Host` is refused, because a web page may have sent it."),
        setting("console", &s::console, boolean(), default_value{"true"},
                "Whether `admin.listen` serves the console, the pages for an operator's browser, at `/`."),
    };
}

section<metrics_settings> define_metrics() {
    using s = metrics_settings;
    return {
        setting("listen", &s::listen, listener(), default_value{"127.0.0.1:9464"},
                "The address on which `/metrics`, `/healthz` and `/readyz` are served."),
        setting("certificate_file", &s::certificate_file, path_of_file(), no_tls,
                "The certificate for `metrics.listen`, which then speaks TLS only, as `connector.certificate_file`."),
        setting("key_file", &s::key_file, path_of_file(), no_tls, about_key_file),
    };
}

section<store_settings> define_store() {
    using s = store_settings;
    return {
        setting("url", &s::url, store_url(), default_value{"sqlite:ilpd.db"},
                "Where balances are kept: a SQLite file, whose path may be relative to the working directory; a "
                "PostgreSQL database, as `postgresql://USER@HOST/DATABASE` with any parameters that libpq accepts; or "
                "`memory:`, which keeps nothing when the daemon ends and is meant for tests."),
        setting("key", &s::key, hex_keys(), when_absent{"secrets are kept as they are"},
                "The key that seals the secrets in the store, which are the tokens that we present to peers, and what "
                "is kept for idempotency keys. Further keys, which are older, open what they have sealed; a start "
                "seals it with the first one. Put it into a file, `key_file` (docs/operating/tokens.md)."),
        setting("startup_timeout", &s::startup_timeout, duration(0ms, 24h), default_value{"5m"},
                "How long the daemon waits at its start for a store that cannot be reached yet, for example because "
                "its server starts later; then it exits. Meanwhile `/readyz` returns 503."),
        setting("keep_history", &s::keep_history, duration(1s, 36'500 * 24h), when_absent{"every transfer is kept"},
                "How long the transfers of packets are kept one by one. Older ones are summed up, one sum per day and "
                "pair of accounts; balances and the audit stay exact, and deposits and withdrawals are kept. Events "
                "that have been delivered or given up are deleted after the same time. The details cannot be brought "
                "back: see [stores.md](stores.md#history) for how to export them first."),
        setting("lease_time", &s::lease_time, duration(1s, 24h), when_absent{"`connector.max_hold_time` and 10 s"},
                "With PostgreSQL: another daemon takes the database over when this one has given no sign of life for "
                "so long. At least 10 s more than `connector.max_hold_time`, so that no packet of this one is in "
                "flight then."),
        setting("standby", &s::standby, boolean(), default_value{"false"},
                "With PostgreSQL: while another daemon uses the database, wait for its end and take over then "
                "([stores.md](stores.md#a-standby-daemon)). Otherwise a second daemon exits."),
        setting("instance_file", &s::instance_file, path_of_file(),
                when_absent{"`ilpd.instance` in the working directory"},
                "With PostgreSQL: a file that the daemon writes at its first start and keeps locked while it runs. It "
                "has a name by which a restart after a crash is recognized, which takes over at once."),
    };
}

section<webhook_settings> define_webhooks() {
    using s = webhook_settings;
    return {
        setting(
            "url", &s::url, http_url(), when_absent{"nothing is sent"},
            "The URL to which events such as low liquidity are posted as JSON; without it, events are only logged."),
        setting("ca_file", &s::ca_file, path_of_certificates(), when_absent{"those that the system trusts"},
                "The certificates of the authorities that the receiver's certificate may come from. PEM."),
        setting("secret", &s::secret, signing_secret(), when_absent{"not signed"},
                "The key with which posted events are signed, so that the receiver can verify where they come from."),
        setting("timeout", &s::timeout, duration(100ms, 60s), default_value{"10s"},
                "The time in which the receiver must answer one attempt."),
        setting("max_retry", &s::max_retry, integer<std::uint32_t>(0, 10'000), default_value{"10"},
                "How often posting an event is retried before it is given up: after 10 s, 20 s, and so on up to every "
                "60 s."),
        setting("only_status_200", &s::only_status_200, boolean(), default_value{"false"},
                "Whether an event counts as delivered only if the receiver answers with status 200, as with Rafiki; "
                "otherwise any status from 200 to 299 will do."),
    };
}

constexpr std::uint16_t basis_points_max = 9'999;

section<fixed_rate_settings> define_fixed_rate() {
    using s = fixed_rate_settings;
    return {
        setting("base", &s::base, asset_code(), required, "The currency of the incoming packet."),
        setting("quote", &s::quote, asset_code(), required, "The currency of the outgoing packet."),
        setting("rate", &s::rate, exchange_rate(), required, "How many units of `quote` one unit of `base` buys."),
    };
}

section<spread_settings> define_spread() {
    using s = spread_settings;
    return {
        setting("base", &s::base, asset_code(), required, "The currency of the incoming packet."),
        setting("quote", &s::quote, asset_code(), required, "The currency of the outgoing packet."),
        setting("basis_points", &s::basis_points, integer<std::uint16_t>(0, basis_points_max), required,
                "The spread in hundredths of a percent of the amount."),
    };
}

section<rates_settings> define_rates() {
    using s = rates_settings;
    return {
        setting("url", &s::url, http_url(), when_absent{"only `rates.fixed`"},
                "The URL from which rates are fetched: `GET url?base=USD` answers `{\"base\": \"USD\", \"rates\": "
                "{\"EUR\": 0.813399}}` when one USD buys that many EUR."),
        setting("ca_file", &s::ca_file, path_of_certificates(), when_absent{"those that the system trusts"},
                "The certificates of the authorities that the source's certificate may come from. PEM."),
        setting("lifetime", &s::lifetime, duration(100ms, 24h), default_value{"15s"},
                "How long a fetched rate counts as fresh; it is fetched again when half of this time has passed."),
        setting("grace", &s::grace, duration(0ms, 24h), default_value{"60s"},
                "How much longer a fetched rate is used while no new one can be fetched; after that, packets that need "
                "it are refused."),
        setting("timeout", &s::timeout, duration(100ms, 1min), default_value{"5s"},
                "The longest time that one fetch may take."),
        group_list("fixed", &s::fixed, define_fixed_rate(),
                   "Fixed rates between currencies. A fixed rate takes precedence over a fetched one and does not "
                   "apply to the opposite direction."),
        group_list("spreads", &s::spreads, define_spread(),
                   "The share that we keep of packets from one currency to another; 0 for pairs that are not listed. "
                   "`peers[].spread` takes precedence."),
    };
}

section<auto_peering_settings> define_auto_peering() {
    using s = auto_peering_settings;
    return {
        setting("enabled", &s::enabled, boolean(), default_value{"false"},
                "Whether unknown nodes may add themselves as peers. The operator may ask other nodes to become peers "
                "(`createOrUpdatePeerByUrl`) in either case."),
        setting("listen", &s::listen, listener(), default_value{"127.0.0.1:3005"},
                "The address on which their requests are accepted; ilpd listens there only if `auto_peering.enabled`."),
        setting(
            "certificate_file", &s::certificate_file, path_of_file(), no_tls,
            "The certificate for `auto_peering.listen`, which then speaks TLS only, as `connector.certificate_file`."),
        setting("key_file", &s::key_file, path_of_file(), no_tls, about_key_file),
        setting("connector_url", &s::connector_url, packet_url(), when_absent{"no auto-peering"},
                "The URL to which the other node is to post packets for us: `connector.listen` as seen from outside. "
                "Required if `auto_peering.enabled`."),
        setting("name", &s::name, display_name(), when_absent{"our `ilp_address`"},
                "The name under which we introduce ourselves to the other node."),
        setting("initial_liquidity", &s::initial_liquidity, amount(), default_value{"0"},
                "The credit that we extend to each peer that adds itself; with 0 it cannot send anything until the "
                "operator has deposited liquidity."),
        setting("max_packet_amount", &s::max_packet_amount, amount(),
                when_absent{"what the peer asks for, or no limit"},
                "The largest amount of a packet from or to such a peer; the peer may ask for less."),
        setting("max_peers", &s::max_peers, integer<std::uint32_t>(0, 100'000), default_value{"1000"},
                "The largest number of peers that have added themselves; further requests are refused."),
        setting("max_peers_per_address", &s::max_peers_per_address, integer<std::uint32_t>(0, 100'000),
                default_value{"20"},
                "Of these peers, the largest number that were added by requests from one IPv4 address or one IPv6 /64 "
                "network; 0 means no limit. Use 0 behind a proxy, which sends all requests from its own address."),
        setting("unused_after", &s::unused_after, duration(1min, 8760h), default_value{"1h"},
                "The age from which a peer that has added itself, but has never paid or been paid, gives its place to "
                "a new one when there are no others left. Peers that the operator has disabled or given liquidity keep "
                "theirs."),
        settings_list("further_assets", &s::further_assets, node_address(),
                      "ILP addresses of nodes that have added themselves and may do so again in other assets without "
                      "presenting a token, if they name the same URL for packets. A Rafiki cannot present one."),
        setting("request_rate", &s::request_rate, integer<std::uint32_t>(1, 1'000), default_value{"10"},
                "The number of requests per second that are processed, over all requesters together; further requests "
                "are refused."),
        setting("request_rate_per_address", &s::request_rate_per_address, integer<std::uint32_t>(0, 60'000),
                default_value{"60"},
                "The number of requests per minute from one IPv4 address or one IPv6 /64 network that are processed; "
                "0 means no limit. Use 0 behind a proxy, and limit the rate there."),
        setting("allow_private_addresses", &s::allow_private_addresses, boolean(), default_value{"false"},
                "Whether URLs received from other nodes, and URLs that the operator gives for auto-peering, may lead "
                "to loopback, private and other non-public addresses. Enable this only in networks in which everyone "
                "who can send requests may also reach everything that this host reaches."),
        setting("allow_plain_http", &s::allow_plain_http, boolean(), default_value{"false"},
                "Whether the URL at which such a peer accepts packets may be an http:// URL at a public address: "
                "everybody on the way can then read its token, and send packets in its name."),
    };
}

section<spsp_settings> define_spsp() {
    using s = spsp_settings;
    return {
        setting(
            "enabled", &s::enabled, boolean(), default_value{"false"},
            "Whether senders can ask how to pay our accounts: at `/NAME` for the account of this name, whose payment "
            "pointer is then `$host/NAME`."),
        setting(
            "listen", &s::listen, listener(), default_value{"127.0.0.1:3004"},
            "The address on which they ask; ilpd listens there only if `spsp.enabled`. Payment pointers lead to port "
            "443, so a proxy or a redirection of ports is needed in front of any other."),
        setting("certificate_file", &s::certificate_file, path_of_file(), no_tls,
                "The certificate for `spsp.listen`, which then speaks TLS only, as `connector.certificate_file`."),
        setting("key_file", &s::key_file, path_of_file(), no_tls, about_key_file),
        setting("allow_plain_http", &s::allow_plain_http, boolean(), default_value{"false"},
                "Whether `spsp.listen` may do without a certificate although it is not a loopback address. Use it only "
                "if nothing but a TLS proxy can reach it: whoever is on the way could have others pay to himself."),
        setting("default_account", &s::default_account, account_name(), when_absent{"nobody is paid there"},
                "The account that is paid at `/.well-known/pay`, whose payment pointer is `$host`."),
        setting("public_url", &s::public_url, https_origin(), when_absent{"payment pointers are not shown"},
                "Where others find `spsp.listen`. The Admin API and `ilpctl` show payment pointers with this host, and "
                "the Admin API refuses to create a wallet address at another one."),
        setting("request_rate", &s::request_rate, integer<std::uint32_t>(1, 100'000), default_value{"200"},
                "The number of requests per second that are answered, over all senders together; further ones get "
                "status 429."),
        setting("request_rate_per_address", &s::request_rate_per_address, integer<std::uint32_t>(0, 600'000),
                default_value{"600"},
                "The number of requests per minute from one IPv4 address or one IPv6 /64 network that are answered; 0 "
                "means no limit, nor one on its connections. Use 0 behind a proxy, and limit the rate there."),
    };
}

section<asset_settings> define_asset() {
    using s = asset_settings;
    return {
        setting("code", &s::code, asset_code(), required, "The currency code, such as USD."),
        setting("scale", &s::scale, integer<std::uint8_t>(0, 255), required,
                "The number of decimal places of an amount: at scale 9, 1000000000 is one unit of the currency."),
        formerly(
            "liquidity",
            setting("initial_liquidity", &s::liquidity, amount(), default_value{"0"},
                    "The amount that is deposited into the asset's liquidity account once, when the asset is first "
                    "seen. A later change moves nothing and is only logged; deposit with `ilpctl liquidity "
                    "deposit`. The former name `liquidity` is accepted, too.")),
        setting("liquidity_threshold", &s::liquidity_threshold, amount(), when_absent{"no warning"},
                "The balance at or below which the asset's liquidity counts as low."),
    };
}

section<asset_reference> define_asset_reference(std::string_view about) {
    using s = asset_reference;
    return {
        setting("code", &s::code, asset_code(), required, about),
        setting("scale", &s::scale, integer<std::uint8_t>(0, 255), required,
                "The scale of the currency. Code and scale must be those of one of the `assets`."),
    };
}

section<incoming_http_settings> define_incoming_http() {
    using s = incoming_http_settings;
    return {
        settings_list("auth_tokens", &s::auth_tokens, bearer_token(),
                      "The bearer tokens that the peer may present to us. No two peers may share one. Two tokens allow "
                      "a change without interruption; without any token, the peer cannot send to us. If "
                      "`connector.listen` is not a loopback address, a token must have at least 16 characters."),
        settings_list("jwt_secrets", &s::jwt_secrets, signing_secret(),
                      "The secrets with which the peer may sign JSON Web Tokens (HS256, with `exp`), which it presents "
                      "instead of a token or beside one. No two peers may share one, and the same rule on the number "
                      "of characters holds."),
        settings_list("client_keys", &s::client_keys, key_hash(),
                      "The SHA-256 of the public keys of the client certificates that the peer may show us. If there "
                      "are any, its requests must come over TLS with one of these certificates, beside a token; a peer "
                      "without `auth_tokens` is known by its certificate alone. `openssl x509 -in cert.pem -noout "
                      "-pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256` shows it."),
    };
}

constexpr std::string_view max_connections_by_default = "256";
constexpr std::string_view max_waiting_by_default = "1024";
constexpr std::string_view protocol_by_default = "auto";
constexpr std::string_view mode_by_default = "synchronous";

section<outgoing_http_settings> define_outgoing_http() {
    using s = outgoing_http_settings;
    return {
        setting(
            "endpoint", &s::endpoint, packet_url(), required,
            "The URL to which packets for the peer are posted. Over https://, the peer's certificate must be for the "
            "URL's host name."),
        setting("auth_token", &s::auth_token, bearer_token(), when_absent{"required, unless `jwt_secret` is set"},
                "The bearer token that we present to the peer."),
        setting("jwt_secret", &s::jwt_secret, signing_secret(), when_absent{"`auth_token` is presented"},
                "The secret with which we sign JSON Web Tokens (HS256) for the peer, instead of `auth_token`. Each is "
                "valid for 5 minutes."),
        setting("jwt_subject", &s::jwt_subject, token_subject(), when_absent{"`ilp_address`"},
                "The subject (`sub`) of these tokens: the name by which the peer knows us."),
        setting("ca_file", &s::ca_file, path_of_certificates(), when_absent{"those that the system trusts"},
                "The certificates of the authorities that the peer's certificate may come from, or that certificate "
                "itself if it is self-signed. PEM."),
        setting("allow_plain_http", &s::allow_plain_http, boolean(), default_value{"false"},
                "Whether packets may be sent to the peer over http:// if its address is public: everybody on the way "
                "can then read them and the token, and change them. Loopback and private addresses do not need it."),
        setting(
            "protocol", &s::protocol, protocol(), default_value{protocol_by_default},
            "The version of HTTP in which packets are sent to the peer. HTTP/2 carries many packets at a time on one "
            "connection, and between two ilpd it costs much less. `auto`: over https:// the peer chooses (ALPN), and "
            "over http:// it is HTTP/1.1, which every peer speaks."),
        setting(
            "mode", &s::mode, mode(), default_value{mode_by_default},
            "How the peer answers our packets (RFC 35): in its response to the packet, or, if `asynchronous`, in a "
            "request of its own to `connector.callback_url`. What the peer sends to us is answered as its requests "
            "ask for; answers that it wants in requests of ours are posted to the host and port of `endpoint` only."),
        setting("max_connections", &s::max_connections, integer<std::uint16_t>(1, 65'535),
                default_value{max_connections_by_default},
                "The largest number of connections that one worker opens to the peer."),
        setting(
            "max_waiting", &s::max_waiting, integer<std::uint32_t>(0, 1'000'000), default_value{max_waiting_by_default},
            "The largest number of packets of one worker that may wait for a connection; further packets are refused."),
    };
}

section<http_settings> define_http() {
    using s = http_settings;
    return {
        group("incoming", &s::incoming, define_incoming_http()),
        group("outgoing", &s::outgoing, define_outgoing_http()),
    };
}

constexpr std::string_view max_parts_by_default = "16";

section<split_settings> define_split() {
    using s = split_settings;
    return {
        setting(
            "max_total", &s::max_total, amount(1), required,
            "The largest amount of a packet that is sent to the peer, or accepted from it, in parts. Must be larger "
            "than `max_packet_amount`, which bounds each part. One packet that is fulfilled too late can cost this "
            "much."),
        setting("max_parts", &s::max_parts, split_parts(), default_value{max_parts_by_default},
                "The largest number of parts of one packet."),
    };
}

section<peer_settings> define_peer() {
    using s = peer_settings;
    constexpr std::uint32_t packets_max = 1'000'000'000;
    return {
        setting("name", &s::name, peer_name(), required,
                "The name of the peer in logs, metrics and URLs. No two peers may share one."),
        setting("ilp_address", &s::ilp_address, node_address(), required,
                "The peer's ILP address. Packets to this address and to addresses below it are sent to the peer. Two "
                "peers may share an address only if their assets differ."),
        group("asset", &s::asset, define_asset_reference("The currency that is exchanged with the peer.")),
        settings_list("routes", &s::routes, route_prefix(),
                      "Further address prefixes that are routed to the peer. No two peers may share one."),
        setting("max_packet_amount", &s::max_packet_amount, amount(), when_absent{"no limit"},
                "The largest amount of a packet from or to the peer."),
        group("split", &s::split, define_split(), when_absent{"no packet crosses the link in parts"},
              "The terms on which a packet above `max_packet_amount` crosses the link with the peer in parts "
              "(docs/splitting.md). The peer needs `split` in its settings for us, too. Not with an "
              "`http.outgoing.mode` of `asynchronous`."),
        setting(
            "max_in_flight_amount", &s::max_in_flight_amount, amount(), when_absent{"no limit"},
            "The largest sum of the amounts of packets from the peer that are in flight at one time; a packet beyond "
            "it gets T04. It bounds what packets that are never answered can hold. A packet that comes in parts counts "
            "once, with its total."),
        setting("max_hold_time", &s::max_hold_time, hold_time(), when_absent{"`connector.max_hold_time`"},
                "The longest time until a packet forwarded to the peer expires, if shorter than "
                "`connector.max_hold_time`. Use 4s for a Rafiki, which gives up an incoming packet after 5 s. Must be "
                "larger than `connector.min_expiration_window`."),
        setting("spread", &s::spread, integer<std::uint16_t>(0, basis_points_max),
                when_absent{"that of `rates.spreads`"},
                "The share that we keep of packets from the peer, also within one currency, in hundredths of a percent "
                "of the amount."),
        setting("packet_rate", &s::packet_rate, integer<std::uint32_t>(1, packets_max), when_absent{"no limit"},
                "The number of packets per second that the peer may send."),
        setting("packet_burst", &s::packet_burst, integer<std::uint32_t>(0, packets_max), default_value{"0"},
                "The number of packets that the peer may send at once after a pause; 0 means the number that "
                "`packet_rate` allows in one second."),
        setting("incoming_throughput", &s::incoming_throughput, amount(1), when_absent{"no limit"},
                "The amount per second that the peer may send."),
        setting("outgoing_throughput", &s::outgoing_throughput, amount(1), when_absent{"no limit"},
                "The amount per second that may be sent to the peer."),
        setting("return_to_source", &s::return_to_source, boolean(), default_value{"false"},
                "Whether a packet from the peer may be routed back to it."),
        formerly("liquidity",
                 setting("initial_liquidity", &s::liquidity, amount(), default_value{"0"},
                         "The credit that we extend to the peer. It is deposited once, when the peer is first seen. A "
                         "later change moves nothing and is only logged; deposit with `ilpctl liquidity deposit`. "
                         "The former name `liquidity` is accepted, too.")),
        setting("liquidity_threshold", &s::liquidity_threshold, amount(), when_absent{"no warning"},
                "The balance at or below which the peer's liquidity counts as low."),
        group("http", &s::http, define_http()),
    };
}

section<receiving_settings> define_receiving() {
    using s = receiving_settings;
    return {
        setting(
            "secret", &s::secret, hex_keys(), when_absent{"a random one for each start"},
            "The key from which the addresses and shared secrets of payments are made, so that payments go on after "
            "a restart. Without it, addresses that were given out before a restart stop working. Further keys are "
            "former ones, whose addresses stay valid until they expire: to replace the key, put the new one before "
            "it. Nodes that answer for the same address need the same keys."),
        setting("address_lifetime", &s::address_lifetime, duration(1min, 365 * 24h), default_value{"24h"},
                "How long an address that was given to a sender takes payments."),
        setting("payment_idle_time", &s::payment_idle_time, duration(1s, 1h), default_value{"10s"},
                "After how long without a packet a payment has ended, if its sender has not closed it. Its webhook "
                "follows within seconds."),
    };
}

section<sending_settings> define_sending() {
    using s = sending_settings;
    return {
        setting(
            "allow_private_addresses", &s::allow_private_addresses, boolean(), default_value{"false"},
            "Whether a receiver may be at a loopback, private or other address that is not public. Enable this only "
            "where everyone who can have a payment made may also reach everything that this host reaches."),
        setting("ca_file", &s::ca_file, path_of_certificates(), when_absent{"those that the system trusts"},
                "The certificates of the authorities that a receiver's certificate may come from, or that certificate "
                "itself if it is self-signed. PEM."),
    };
}

section<account_settings> define_account() {
    using s = account_settings;
    return {
        setting("name", &s::name, account_name(), required,
                "The name of the account in payment pointers, logs and metrics. No two accounts may share one."),
        group("asset", &s::asset,
              define_asset_reference("The currency of the account. Money that comes in another one is converted.")),
        setting(
            "public_name", &s::public_name, display_name(), when_absent{"none"},
            "The name of the account's owner, for operators. Those who pay do not see it: SPSP has no place for it."),
    };
}

section<log_settings> define_log() {
    using s = log_settings;
    return {
        setting("level", &s::level,
                choice<log_level>({{"trace", log_level::trace},
                                   {"debug", log_level::debug},
                                   {"info", log_level::info},
                                   {"warn", log_level::warn},
                                   {"error", log_level::error}}),
                default_value{"info"}, "The lowest level of messages that are logged."),
        setting("format", &s::format, choice<log_format>({{"text", log_format::text}, {"json", log_format::json}}),
                default_value{"text"}, "The format of the log: lines of text for people, or one JSON object per line."),
    };
}

section<settings> define_settings() {
    using s = settings;
    return {
        setting("ilp_address", &s::ilp_address, node_address(), required,
                "This node's own address in the Interledger network."),
        group("connector", &s::connector, define_connector(), "The settings of packet handling."),
        group("admin", &s::admin, define_admin(), "The Admin API, which operators' tools use."),
        group("metrics", &s::metrics, define_metrics(), "Metrics and health checks for monitoring."),
        group("store", &s::store, define_store(), "The store, which holds the durable state."),
        group("webhooks", &s::webhooks, define_webhooks(), "Notification of the operator's own programs about events."),
        group("rates", &s::rates, define_rates(), "Exchange rates between currencies."),
        group("auto_peering", &s::auto_peering, define_auto_peering(),
              "Peers that add themselves (docs/operating/auto-peering.md)."),
        group("spsp", &s::spsp, define_spsp(), "Payment pointers to our accounts (docs/operating/payments.md)."),
        group_list("assets", &s::assets, define_asset(),
                   "The assets that are exchanged with peers. No two may have the same code and scale."),
        group("receiving", &s::receiving, define_receiving(), "Payments over STREAM to the receiving accounts."),
        group("sending", &s::sending, define_sending(), "Payments of our accounts to payment pointers."),
        group_list(
            "accounts", &s::accounts, define_account(),
            "The receiving accounts: accounts of ours to which payments over STREAM are credited. An account that "
            "is removed here takes no more payments and keeps its balance: withdraw it with `ilpctl account "
            "withdraw`."),
        group_list("peers", &s::peers, define_peer(),
                   "The nodes with which packets are exchanged, and the terms for each."),
        group("log", &s::log, define_log(), "The log, which is written to standard error."),
    };
}

}  // namespace

const section<settings>& schema() {
    static const auto defined = define_settings();
    return defined;
}

outgoing_http_settings initial_outgoing_http() {
    outgoing_http_settings initial;
    initial.max_connections = static_cast<std::uint16_t>(*parse_digits(max_connections_by_default));
    initial.max_waiting = static_cast<std::uint32_t>(*parse_digits(max_waiting_by_default));
    return initial;
}

std::uint32_t split_parts_by_default() {
    return static_cast<std::uint32_t>(*parse_digits(max_parts_by_default));
}

std::vector<std::string> differences(const settings& a, const settings& b) {
    auto keys = std::vector<std::string>{};
    schema().compare(a, b, {}, keys);
    return keys;
}

std::string to_yaml(const settings& settings) {
    auto out = yaml_writer{};
    schema().write(settings, out);
    return out.take();
}

namespace {

/// A reference in Markdown: a table for each section.
class settings_page final : public settings_reference {
public:
    settings_page() { out_.columns({"Setting", "Value", "Default", "Meaning"}); }
    void paragraph(std::string_view text) override { out_.paragraph(text); }
    void heading(std::string_view key, std::string_view about) override { out_.heading(key, about); }
    void row(const setting_row& row) override { out_.row({row.key, row.value, row.initial, row.about}); }
    std::string take() { return out_.take(); }

private:
    reference_writer out_;
};

void describe_file(settings_reference& out) {
    out.paragraph(
        "The settings are in one YAML file, given with `ilpd --config FILE`. `ilpd --config FILE --check-config`\n"
        "checks the file and prints the effective settings, with secrets hidden. A key that is not listed here, a\n"
        "value of the wrong type or out of bounds, and two values that contradict each other are errors. ilpd\n"
        "reports the file, line and key of each error and does not start (exit status 2). `config/ilpd.yaml` is a\n"
        "sample.");
    out.paragraph(
        "Durations are written as `500ms`, `1s`, `2m`, `1h` or `1d`. Amounts are whole numbers of an asset's\n"
        "smallest unit, in decimal digits, with or without quotes. `${NAME}` in a value is replaced by the "
        "environment\n"
        "variable of that name, which must be set; a literal `${` is written `$${`. YAML tags, anchors and aliases\n"
        "are not accepted.");
    out.paragraph(
        "A secret can be in a file of its own: `NAME_file: PATH` takes the place of the setting `NAME`, for each\n"
        "setting that is marked as secret. The path is relative to the configuration file, and may contain\n"
        "`${CREDENTIALS_DIRECTORY}`. The file has at most 4096 bytes; a line break at its end is ignored, and nothing\n"
        "in it is replaced. For a list of secrets, it has one in each line. It is read again on SIGHUP.");
}

}  // namespace

std::string reference_markdown() {
    auto out = settings_page{};
    out.paragraph("# Settings");
    out.paragraph(
        "This page is generated from the definitions in `config/schema.cpp`. Change them there, then run\n"
        "`ilpd --settings-reference > docs/operating/settings.md`.");
    describe_file(out);
    schema().describe({}, out);
    return out.take();
}

std::string reference_manual_page() {
    auto out = manual_page{};
    out.lines(".\\\" Generated from config/schema.cpp: ilpd --settings-manual-page > deploy/man/ilpd.yaml.5");
    out.lines(".TH ILPD.YAML 5 \"\" ilpd \"File Formats\"");
    out.lines(".SH NAME\nilpd.yaml \\- settings of ilpd");
    out.lines(".SH DESCRIPTION");
    describe_file(out);
    out.lines(".SH SETTINGS");
    out.lines("A list is marked with []: its settings are given for each of its elements.");
    schema().describe({}, out);
    out.lines(".SH FILES\n.TP\n.I /etc/ilpd/ilpd.yaml\nThe settings, at the path that the systemd unit uses.");
    out.lines(".TP\n.I /usr/share/doc/ilpd/examples/ilpd.yaml\nA sample.");
    out.lines(".SH SEE ALSO\n.BR ilpd (1),\n.BR ilpctl (1)");
    return out.text();
}

}  // namespace config
