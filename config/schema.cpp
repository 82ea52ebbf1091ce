#include "config/schema.hpp"

#include "config/section.hpp"
#include "config/value.hpp"

#include <chrono>
#include <cstdint>

namespace config {
namespace {

using namespace std::chrono_literals;

section<connector_settings> define_connector() {
    using s = connector_settings;
    return {
        setting("listen", &s::listen, listener(), initially{"127.0.0.1:3002"},
                "Where ILP packets are accepted, over HTTP."),
        setting("workers", &s::workers, integer<std::uint32_t>(0, 64), initially{"0"},
                "Threads that handle packets; 0 is one per core."),
        setting("min_expiration_window", &s::min_expiration_window, duration(1ms, 30s), initially{"1s"},
                "How much earlier a forwarded packet expires than it did on arrival: the time to pass its fulfillment "
                "back. Smaller than `connector.max_hold_time`."),
        setting("max_hold_time", &s::max_hold_time, duration(100ms, 60s), initially{"30s"},
                "How far ahead a forwarded packet may expire; later expiries are brought forward to it."),
        setting("max_packets_in_flight", &s::max_packets_in_flight, integer<std::uint32_t>(1, 1'000'000),
                initially{"20000"}, "Packets that one worker has under way at a time; further ones are rejected."),
        setting("max_connections", &s::max_connections, integer<std::uint32_t>(1, 1'000'000), initially{"10000"},
                "Incoming connections that one worker holds at a time; further ones are closed."),
        setting("request_timeout", &s::request_timeout, duration(100ms, 5min), initially{"10s"},
                "The time that a client has to send a whole request once it has begun."),
        setting("idle_timeout", &s::idle_timeout, duration(1s, 1h), initially{"75s"},
                "The time after which an incoming connection without a request is closed."),
        setting("echo_max_amount", &s::echo_max_amount, amount(), initially{"1000"},
                "The largest amount of an echo request or ping that is answered."),
    };
}

section<admin_settings> define_admin() {
    using s = admin_settings;
    return {
        setting("listen", &s::listen, listener(), initially{"127.0.0.1:3001"},
                "Where the Admin API is served, at `/graphql`, and `/healthz`."),
        setting("api_secret", &s::api_secret, signing_secret(),
                otherwise{"requests are not signed, and `admin.listen` must be a loopback address"},
                "Signs requests to the Admin API; others are refused."),
        setting("tenant_id", &s::tenant_id, uuid(), initially{"00000000-0000-4000-8000-000000000001"},
                "The tenant that requests name in their `tenant-id` header: the operator, the only one there is."),
    };
}

section<metrics_settings> define_metrics() {
    using s = metrics_settings;
    return {
        setting("listen", &s::listen, listener(), initially{"127.0.0.1:9464"},
                "Where `/metrics`, `/healthz` and `/readyz` are served."),
    };
}

section<store_settings> define_store() {
    using s = store_settings;
    return {
        setting("url", &s::url, store_url(), initially{"sqlite:ilpd.db"},
                "Where balances are kept: a SQLite file, a relative path counting from the working directory; a "
                "PostgreSQL database, as `postgresql://USER@HOST/DATABASE` with the parameters that libpq takes; or "
                "`memory:`, which forgets everything at the end and is for tests."),
    };
}

section<webhook_settings> define_webhooks() {
    using s = webhook_settings;
    return {
        setting("url", &s::url, http_url(), otherwise{"nothing is sent"},
                "Where events such as low liquidity are posted as JSON; without it they are logged alone."),
        setting("secret", &s::secret, signing_secret(), otherwise{"not signed"},
                "Signs what is posted, so that the receiver knows that it comes from here."),
        setting("timeout", &s::timeout, duration(100ms, 60s), initially{"10s"},
                "The time that the receiver has to answer one attempt."),
        setting(
            "max_retry", &s::max_retry, integer<std::uint32_t>(0, 10'000), initially{"10"},
            "How often an event is posted again before it is given up: after 10 s, 20 s, and so on up to every 60 s."),
    };
}

constexpr std::uint16_t basis_points_max = 9'999;

section<fixed_rate_settings> define_fixed_rate() {
    using s = fixed_rate_settings;
    return {
        setting("base", &s::base, asset_code(), required, "The currency of the packet that comes in."),
        setting("quote", &s::quote, asset_code(), required, "The currency of the packet that goes out."),
        setting("rate", &s::rate, exchange_rate(), required, "How many units of `quote` one unit of `base` buys."),
    };
}

section<spread_settings> define_spread() {
    using s = spread_settings;
    return {
        setting("base", &s::base, asset_code(), required, "The currency of the packet that comes in."),
        setting("quote", &s::quote, asset_code(), required, "The currency of the packet that goes out."),
        setting("basis_points", &s::basis_points, integer<std::uint16_t>(0, basis_points_max), required,
                "Hundredths of a percent of the amount."),
    };
}

section<rates_settings> define_rates() {
    using s = rates_settings;
    return {
        setting("url", &s::url, http_url(), otherwise{"only `rates.fixed`"},
                "Where rates are fetched: `GET url?base=USD` answers "
                "`{\"base\": \"USD\", \"rates\": {\"EUR\": 0.813399}}` when one USD buys that many EUR."),
        setting("lifetime", &s::lifetime, duration(100ms, 24h), initially{"15s"},
                "How long a fetched rate is fresh; it is fetched again when half of that has passed."),
        setting("grace", &s::grace, duration(0ms, 24h), initially{"60s"},
                "How long it is used beyond that while no new one can be fetched; then packets are rejected."),
        setting("timeout", &s::timeout, duration(100ms, 1min), initially{"5s"}, "The time that one fetch may take."),
        group_list("fixed", &s::fixed, define_fixed_rate(),
                   "Rates between currencies that do not change; one goes before a fetched one, and says "
                   "nothing about the other direction."),
        group_list("spreads", &s::spreads, define_spread(),
                   "What is kept of packets from one currency to another; 0 where nothing is said. "
                   "`peers[].spread` goes before it."),
    };
}

section<auto_peering_settings> define_auto_peering() {
    using s = auto_peering_settings;
    return {
        setting("enabled", &s::enabled, boolean(), initially{"false"},
                "Whether nodes that nobody knows here may make themselves peers. The operator may ask other nodes "
                "(`createOrUpdatePeerByUrl`) in either case."),
        setting("listen", &s::listen, listener(), initially{"127.0.0.1:3005"},
                "Where they ask for it; nothing listens there unless `auto_peering.enabled`."),
        setting("connector_url", &s::connector_url, http_url(), otherwise{"nobody is asked"},
                "Where the other node shall post packets for us: `connector.listen` as it is reached from outside. "
                "Required when `auto_peering.enabled`."),
        setting("name", &s::name, display_name(), otherwise{"our `ilp_address`"},
                "What we call ourselves to the other node."),
        setting("initial_liquidity", &s::initial_liquidity, amount(), initially{"0"},
                "The credit that we extend to whoever asks; 0: such a peer sends nothing until the operator has "
                "deposited liquidity."),
        setting("max_packet_amount", &s::max_packet_amount, amount(), otherwise{"what the peer asks for, or no limit"},
                "The largest amount of one packet, from such a peer and to it; it may ask for less."),
        setting("max_peers", &s::max_peers, integer<std::uint32_t>(0, 100'000), initially{"1000"},
                "Peers that have come by themselves; further ones are refused."),
        setting("request_rate", &s::request_rate, integer<std::uint32_t>(1, 1'000), initially{"10"},
                "Requests per second that are looked at, of all who ask together; further ones are refused."),
        setting("allow_private_addresses", &s::allow_private_addresses, boolean(), initially{"false"},
                "Whether URLs that come from others, and the URL that the operator has asked, may lead to loopback, "
                "private and other addresses that are not public. Only for networks in which whoever may ask may reach "
                "everything that this host reaches."),
    };
}

section<asset_settings> define_asset() {
    using s = asset_settings;
    return {
        setting("code", &s::code, asset_code(), required, "The currency, such as USD."),
        setting("scale", &s::scale, integer<std::uint8_t>(0, 255), required,
                "The decimal places of an amount: at scale 9, 1000000000 is one unit of the currency."),
        setting("liquidity", &s::liquidity, amount(), initially{"0"},
                "Deposited into the asset's liquidity account once, when the asset is first seen."),
        setting("liquidity_threshold", &s::liquidity_threshold, amount(), otherwise{"no warning"},
                "The balance at which the asset's liquidity counts as low."),
    };
}

section<asset_reference> define_asset_reference() {
    using s = asset_reference;
    return {
        setting("code", &s::code, asset_code(), required, "The currency that is exchanged with the peer."),
        setting("scale", &s::scale, integer<std::uint8_t>(0, 255), required,
                "Its scale; the pair must be one of `assets`."),
    };
}

section<incoming_http_settings> define_incoming_http() {
    using s = incoming_http_settings;
    return {
        settings_list("auth_tokens", &s::auth_tokens, bearer_token(),
                      "The bearer tokens by which we know the peer; no two peers share one. Several allow a change "
                      "without a gap; without any, the peer cannot send to us."),
    };
}

constexpr std::string_view max_connections_initially = "256";
constexpr std::string_view max_waiting_initially = "1024";

section<outgoing_http_settings> define_outgoing_http() {
    using s = outgoing_http_settings;
    return {
        setting("endpoint", &s::endpoint, http_url(), required, "Where packets to the peer are posted."),
        setting("auth_token", &s::auth_token, bearer_token(), required, "The bearer token by which the peer knows us."),
        setting("max_connections", &s::max_connections, integer<std::uint16_t>(1, 65'535),
                initially{max_connections_initially}, "Connections that one worker opens to the peer."),
        setting("max_waiting", &s::max_waiting, integer<std::uint32_t>(0, 1'000'000), initially{max_waiting_initially},
                "Packets of one worker that may wait for a connection; further ones are rejected."),
    };
}

section<http_settings> define_http() {
    using s = http_settings;
    return {
        group("incoming", &s::incoming, define_incoming_http()),
        group("outgoing", &s::outgoing, define_outgoing_http()),
    };
}

section<peer_settings> define_peer() {
    using s = peer_settings;
    constexpr std::uint32_t packets_max = 1'000'000'000;
    return {
        setting("name", &s::name, peer_name(), required,
                "What logs, metrics and URLs call the peer; no two peers share one."),
        setting("ilp_address", &s::ilp_address, node_address(), required,
                "The peer's address, to which packets at or below it are sent. Two peers may share it in different "
                "assets only."),
        group("asset", &s::asset, define_asset_reference()),
        settings_list("routes", &s::routes, route_prefix(),
                      "Further address prefixes that the peer serves; no two peers share one."),
        setting("max_packet_amount", &s::max_packet_amount, amount(), otherwise{"no limit"},
                "The largest amount of one packet, from the peer and to it."),
        setting("spread", &s::spread, integer<std::uint16_t>(0, basis_points_max), otherwise{"that of `rates.spreads`"},
                "What is kept of packets from the peer, within one currency too, in hundredths of a percent of the "
                "amount."),
        setting("packet_rate", &s::packet_rate, integer<std::uint32_t>(1, packets_max), otherwise{"no limit"},
                "Packets per second that the peer may send."),
        setting("packet_burst", &s::packet_burst, integer<std::uint32_t>(0, packets_max), initially{"0"},
                "Packets that the peer may send at once after a pause; 0 is what `packet_rate` allows in one second."),
        setting("incoming_throughput", &s::incoming_throughput, amount(1), otherwise{"no limit"},
                "Amount per second that the peer may send."),
        setting("outgoing_throughput", &s::outgoing_throughput, amount(1), otherwise{"no limit"},
                "Amount per second that is sent to the peer."),
        setting("return_to_source", &s::return_to_source, boolean(), initially{"false"},
                "Whether a packet from the peer may be routed back to it."),
        setting("liquidity", &s::liquidity, amount(), initially{"0"},
                "The credit that we extend to the peer: deposited once, when the peer is first seen."),
        setting("liquidity_threshold", &s::liquidity_threshold, amount(), otherwise{"no warning"},
                "The balance at which the peer's liquidity counts as low."),
        group("http", &s::http, define_http()),
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
                initially{"info"}, "The least important message that is logged."),
        setting("format", &s::format, choice<log_format>({{"text", log_format::text}, {"json", log_format::json}}),
                initially{"text"}, "Lines for people, or one JSON object per line."),
    };
}

section<settings> define_settings() {
    using s = settings;
    return {
        setting("ilp_address", &s::ilp_address, node_address(), required,
                "This node's own address in the Interledger network."),
        group("connector", &s::connector, define_connector(), "The packet side of the daemon."),
        group("admin", &s::admin, define_admin(), "What operators' tools talk to."),
        group("metrics", &s::metrics, define_metrics(), "What monitoring reads."),
        group("store", &s::store, define_store(), "The durable state."),
        group("webhooks", &s::webhooks, define_webhooks(), "How the operator's own programs are told of events."),
        group("rates", &s::rates, define_rates(), "What one currency costs in another."),
        group("auto_peering", &s::auto_peering, define_auto_peering(),
              "Peers that tell their terms themselves (docs/operating/auto-peering.md)."),
        group_list("assets", &s::assets, define_asset(),
                   "The currencies that are exchanged with peers; no two have the same code and scale."),
        group_list("peers", &s::peers, define_peer(), "Whom packets are exchanged with, and on what terms."),
        group("log", &s::log, define_log(), "The log, on standard error."),
    };
}

}  // namespace

const section<settings>& schema() {
    static const auto defined = define_settings();
    return defined;
}

outgoing_http_settings initial_outgoing_http() {
    outgoing_http_settings initial;
    initial.max_connections = static_cast<std::uint16_t>(*parse_digits(max_connections_initially));
    initial.max_waiting = static_cast<std::uint32_t>(*parse_digits(max_waiting_initially));
    return initial;
}

std::string to_yaml(const settings& settings) {
    auto out = yaml_writer{};
    schema().write(settings, out);
    return out.take();
}

std::string reference_markdown() {
    auto out = reference_writer{};
    out.paragraph("# Settings");
    out.paragraph(
        "Generated from the definitions in `config/schema.cpp`: change them there, then run\n"
        "`ilpd --settings-reference > docs/operating/settings.md`.");
    out.paragraph(
        "The settings stand in one YAML file, given with `ilpd --config FILE`; `ilpd --config FILE --check-config`\n"
        "checks it and prints the effective settings, with secrets hidden. A key that is not listed here, a value of\n"
        "another kind or out of its bounds, and two values that contradict each other are errors: ilpd names file,\n"
        "line and key of each, and does not start (exit status 2). `config/ilpd.yaml` is a sample.");
    out.paragraph(
        "Durations are written `500ms`, `1s`, `2m` or `1h`. Amounts are whole numbers of an asset's smallest unit,\n"
        "in decimal digits, quoted or not. `${NAME}` in a value is replaced by the environment variable of that\n"
        "name, which must be set; a literal `${` is written `$${`. Tags, anchors and aliases of YAML are not taken.");
    out.columns({"Setting", "Value", "Default", "Meaning"});
    schema().describe({}, out);
    return out.take();
}

}  // namespace config
