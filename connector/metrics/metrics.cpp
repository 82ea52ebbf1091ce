#include "connector/metrics/metrics.hpp"

#include "config/reference_writer.hpp"
#include "peering/records/text.hpp"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace connector {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

enum class label : std::uint8_t {
    direction,
    peer,
    type,
    code,
    reason,
    asset,
    base,
    result,
    version,
    waits_for,
    listener,
    kind,
    account,
    outcome
};

struct label_definition {
    label id;
    const char* name;
    const char* values;
};

// All labels. Their values come from closed sets: configured peers and assets, packet types, the error codes of RFC 27,
// and this node's reject reasons.
constexpr std::array label_definitions{
    label_definition{
        label::direction, "direction",
        "Seen from this node: `incoming` is what the peer sent, `outgoing` what this node sent to it. A Prepare "
        "that a peer sends is incoming; the answer to it is an outgoing fulfill or reject."},
    label_definition{
        label::peer, "peer",
        "The peer's name. A peer created through the Admin API appears under its id there when it has no name, "
        "when its name has characters other than letters, digits, `.`, `_` and `-`, or when another peer has "
        "that name. So two peers never share a label; renaming a peer begins new series."},
    label_definition{label::type, "type", "`prepare`, `fulfill` or `reject`."},
    label_definition{label::code, "code",
                     "The error code of a Reject; `other` when it is not one of RFC 27. Empty for other packets."},
    label_definition{
        label::reason, "reason",
        "Why this node refused the packet: an identifier from [reject-reasons.md](reject-reasons.md). For "
        "connections: `no_token`, the oldest one without a valid token gave way to a new one; `idle` and "
        "`busy`, one of the peer that had most gave way to one of a peer that had fewer, at once or with its "
        "next answer; `too_many`, a new one was answered with 503, because its peer had as many as others; "
        "`no_place`, a new one was closed unheard."},
    label_definition{label::asset, "asset", "Code and scale, as in `USD/9`."},
    label_definition{label::base, "base", "The code of the currency that the rates were fetched for."},
    label_definition{label::result, "result", "`delivered` or `failed`."},
    label_definition{label::version, "version", "The version of ilpd."},
    label_definition{label::waits_for, "waits_for",
                     "`connection`: the Prepare waits to be sent to the next hop. `store`: the packet is fulfilled and "
                     "waits until its transfer is durable."},
    label_definition{label::listener, "listener",
                     "The section of the settings that names the certificate: `connector`, `admin`, `auto_peering`, "
                     "`metrics` or `spsp`; `connector.client` for the one that is shown to peers."},
    label_definition{label::kind, "kind",
                     "What came too often or was too long: `resets_received`, streams that the other side opened and "
                     "gave up; `resets_sent`, streams that its frames made this node reset; `empty_data`; `pings`; "
                     "`settings`; `window_updates`; `ignored_frames`, frames without a meaning for this node; "
                     "`header_blocks`, heads of messages."},
    label_definition{label::account, "account", "The name of a receiving account."},
    label_definition{label::outcome, "outcome",
                     "`answered`: the sender got an address and a secret; `unknown_receiver`: 404; `too_many`: 429; "
                     "`refused`: another status, because it was not a query of SPSP; `too_many_handshakes`: the "
                     "connection was closed before TLS."},
};

constexpr const label_definition& definition_of(label id) {
    return label_definitions[static_cast<std::size_t>(id)];
}

/// The labels of one metric in output order.
class label_list {
public:
    constexpr label_list(std::initializer_list<label> labels) : size_{labels.size()} {
        std::ranges::copy(labels, labels_.begin());
    }
    constexpr const label* begin() const { return labels_.data(); }
    constexpr const label* end() const { return labels_.data() + size_; }
    constexpr std::size_t size() const { return size_; }

private:
    std::array<label, 4> labels_{};
    std::size_t size_;
};

enum class metric : std::uint8_t {
    packets,
    packets_refused,
    replies_undelivered,
    packet_amount,
    packet_duration,
    packets_in_flight,
    amount_in_flight,
    peer_liquidity,
    peer_liquidity_threshold,
    asset_liquidity,
    asset_liquidity_threshold,
    account_liquidity,
    link_connections,
    peer_reachable,
    peer_refusing,
    peer_reachability_timestamp_seconds,
    peer_last_answer_timestamp_seconds,
    peer_round_trip_seconds,
    peers_not_reachable,
    rate_age_seconds,
    store_commit_seconds,
    store_commit_transfers,
    store_commit_failures,
    store_log_bytes,
    webhooks_pending,
    webhook_attempts,
    webhooks_given_up,
    spsp_requests,
    unauthenticated_requests,
    log_lines_dropped,
    next_hop_duration,
    peers_with_low_liquidity,
    assets_with_low_liquidity,
    packets_pending,
    packets_pending_max,
    packets_waiting,
    oldest_hold_seconds,
    incoming_connections,
    incoming_connections_max,
    replies_pending,
    payments_in_progress,
    payment_packets,
    buffered_bytes,
    connections_closed_for_memory,
    connections_closed_for_room,
    http2_floods,
    pending_withdrawals,
    store_bytes,
    store_history_rows_summed,
    ready,
    last_reload_success,
    last_reload_timestamp_seconds,
    certificate_expiry_timestamp_seconds,
    build_info,
    process_start_time_seconds,
    process_cpu_seconds,
    process_resident_memory_bytes,
    process_virtual_memory_bytes,
    process_open_fds,
    process_max_fds,
};

struct definition {
    metric id;
    MetricType type;
    const char* name;
    label_list labels;
    const char* help;
    const char* condition = "";  ///< when the metric has series, if not always; shown on the page only
};

// All metrics.
constexpr std::array definitions{
    definition{metric::packets,
               MetricType::Counter,
               "ilp_packets_total",
               {label::direction, label::peer, label::type, label::code},
               "ILP packets, by peer and direction. Pings that this node sends itself are not counted."},
    definition{metric::packets_refused,
               MetricType::Counter,
               "ilp_packets_refused_total",
               {label::peer, label::reason},
               "Prepares that this node refused itself, by the peer that sent them. Those of its own payments have the "
               "peer `payments of this node`.",
               "A reason that has not occurred has no series."},
    definition{
        metric::replies_undelivered,
        MetricType::Counter,
        "ilp_replies_undelivered_total",
        {label::peer, label::type},
        "Answers to packets in asynchronous mode that the peer did not take at its callback URL. A fulfill among "
        "them is a payment that our book has, and the peer may not know it.",
        "A type that has not occurred has no series."},
    definition{metric::packet_amount,
               MetricType::Counter,
               "ilp_packet_amount_total",
               {label::direction, label::peer, label::asset},
               "Amounts of fulfilled Prepares, in the smallest unit of the asset."},
    definition{metric::packet_duration,
               MetricType::Histogram,
               "ilp_packet_duration_seconds",
               {label::peer},
               "Time from a peer's Prepare to our answer."},
    definition{metric::packets_in_flight,
               MetricType::Gauge,
               "ilp_packets_in_flight",
               {label::peer},
               "Prepares sent to the peer and not answered yet."},
    definition{metric::amount_in_flight,
               MetricType::Gauge,
               "ilp_amount_in_flight",
               {label::peer},
               "Amounts of the Prepares in flight to the peer."},
    definition{metric::peer_liquidity,
               MetricType::Gauge,
               "ilp_peer_liquidity",
               {label::peer, label::asset},
               "What the peer can still send through us; packets in flight are subtracted."},
    definition{metric::peer_liquidity_threshold,
               MetricType::Gauge,
               "ilp_peer_liquidity_threshold",
               {label::peer, label::asset},
               "Liquidity of the peer that counts as low.",
               "Only for peers with a threshold."},
    definition{metric::asset_liquidity,
               MetricType::Gauge,
               "ilp_asset_liquidity",
               {label::asset},
               "Liquidity of the asset itself, for packets between two assets."},
    definition{metric::asset_liquidity_threshold,
               MetricType::Gauge,
               "ilp_asset_liquidity_threshold",
               {label::asset},
               "Liquidity of the asset that counts as low.",
               "Only for assets with a threshold."},
    definition{metric::account_liquidity,
               MetricType::Gauge,
               "ilp_account_liquidity",
               {label::account, label::asset},
               "What a receiving account has received and can be withdrawn."},
    definition{metric::link_connections,
               MetricType::Gauge,
               "ilp_link_connections",
               {label::peer},
               "Open connections of ours to the peer."},
    definition{metric::peer_reachable,
               MetricType::Gauge,
               "ilp_peer_reachable",
               {label::peer},
               "1 if the peer takes our packets, by the latest of them; 0 if it cannot be reached, leaves several in a "
               "row unanswered, or refuses them.",
               "Nothing is sent just to find out, so this is as old as the latest packet or ping to the peer. Only for "
               "peers to which a packet has been sent since the start or the last change of endpoint or token."},
    definition{metric::peer_refusing,
               MetricType::Gauge,
               "ilp_peer_refusing",
               {label::peer},
               "1 if the peer can be reached but refuses our packets, with an HTTP status such as 401 or 503; "
               "otherwise 0.",
               "For the same peers."},
    definition{metric::peer_reachability_timestamp_seconds,
               MetricType::Gauge,
               "ilp_peer_reachability_timestamp_seconds",
               {label::peer},
               "Since when `ilp_peer_reachable` has had its value, in seconds since 1970.",
               "For the same peers."},
    definition{metric::peer_last_answer_timestamp_seconds,
               MetricType::Gauge,
               "ilp_peer_last_answer_timestamp_seconds",
               {label::peer},
               "When the peer last answered a packet, in seconds since 1970.",
               "Only for peers that have answered."},
    definition{metric::peer_round_trip_seconds,
               MetricType::Gauge,
               "ilp_peer_round_trip_seconds",
               {label::peer},
               "Smoothed time from sending a packet to the peer's answer; it includes the time that the peer waits for "
               "its own next hop.",
               "Only for peers that have answered."},
    definition{metric::peers_not_reachable,
               MetricType::Gauge,
               "ilp_peers_not_reachable",
               {},
               "Enabled peers that cannot be reached or refuse our packets."},
    definition{metric::rate_age_seconds,
               MetricType::Gauge,
               "ilp_rate_age_seconds",
               {label::base},
               "Age of the rates of the currency; infinite if none have been fetched.",
               "Only for currencies whose rates are fetched."},
    definition{metric::store_commit_seconds,
               MetricType::Histogram,
               "ilp_store_commit_seconds",
               {},
               "Time to make one batch of transfers durable."},
    definition{metric::store_commit_transfers,
               MetricType::Histogram,
               "ilp_store_commit_transfers",
               {},
               "Transfers in one batch."},
    definition{metric::store_commit_failures,
               MetricType::Counter,
               "ilp_store_commit_failures_total",
               {},
               "Batches that the store did not accept; they are retried."},
    definition{metric::store_log_bytes,
               MetricType::Gauge,
               "ilp_store_log_bytes",
               {},
               "Size of the file that holds the latest commits (`-wal`), as of the last second.",
               "Only with an SQLite store."},
    definition{metric::webhooks_pending,
               MetricType::Gauge,
               "ilp_webhooks_pending",
               {},
               "Events that are still to be delivered.",
               "Only with `webhooks.url`."},
    definition{metric::webhook_attempts,
               MetricType::Counter,
               "ilp_webhook_attempts_total",
               {label::result},
               "Attempts to deliver an event, by how they ended.",
               "Only with `webhooks.url`."},
    definition{metric::webhooks_given_up,
               MetricType::Counter,
               "ilp_webhooks_given_up_total",
               {},
               "Events that were never delivered, after the last attempt.",
               "Only with `webhooks.url`."},
    definition{metric::spsp_requests,
               MetricType::Counter,
               "ilp_spsp_requests_total",
               {label::outcome},
               "Requests of senders for an address to which they can pay, and connections for them.",
               "Only with `spsp.enabled`."},
    definition{metric::unauthenticated_requests,
               MetricType::Counter,
               "ilp_unauthenticated_requests_total",
               {},
               "Requests for packets that were refused because no peer has their token or certificate."},
    definition{
        metric::log_lines_dropped,
        MetricType::Counter,
        "ilp_log_lines_dropped_total",
        {},
        "Lines of the log that were dropped, because standard error was read too slowly or could not be written."},
    definition{metric::next_hop_duration,
               MetricType::Histogram,
               "ilp_next_hop_duration_seconds",
               {label::peer},
               "Time from the arrival of a Prepare to the answer of the next hop, by next hop.",
               "Only for peers that have answered. Prepares that were not answered in time are refused with "
               "`next_hop_timed_out`."},
    definition{metric::peers_with_low_liquidity,
               MetricType::Gauge,
               "ilp_peers_with_low_liquidity",
               {},
               "Peers whose liquidity is at their threshold or below."},
    definition{metric::assets_with_low_liquidity,
               MetricType::Gauge,
               "ilp_assets_with_low_liquidity",
               {},
               "Assets whose liquidity is at their threshold or below."},
    definition{metric::packets_pending,
               MetricType::Gauge,
               "ilp_packets_pending",
               {},
               "Packets from their arrival until their answer may be sent."},
    definition{metric::packets_pending_max,
               MetricType::Gauge,
               "ilp_packets_pending_max",
               {},
               "The largest number of pending packets; further ones are refused.",
               "`connector.max_packets_in_flight`, times the number of workers."},
    definition{metric::packets_waiting,
               MetricType::Gauge,
               "ilp_packets_waiting",
               {label::waits_for},
               "Pending packets by what they wait for in this daemon."},
    definition{metric::oldest_hold_seconds,
               MetricType::Gauge,
               "ilp_oldest_hold_seconds",
               {},
               "Time since the oldest packet that holds liquidity arrived; 0 if there is none."},
    definition{metric::incoming_connections,
               MetricType::Gauge,
               "ilp_incoming_connections",
               {},
               "Open connections from peers."},
    definition{metric::incoming_connections_max,
               MetricType::Gauge,
               "ilp_incoming_connections_max",
               {},
               "The largest number of open connections from peers; fewer are possible if file descriptors are short.",
               "`connector.max_connections`, times the number of workers."},
    definition{
        metric::replies_pending,
        MetricType::Gauge,
        "ilp_replies_pending",
        {},
        "Packets in asynchronous mode whose answer the sender has not taken yet, including those to packets that have "
        "no answer yet."},
    definition{metric::payments_in_progress,
               MetricType::Gauge,
               "ilp_payments_in_progress",
               {},
               "Payments that this node makes at present, and requests how much would arrive."},
    definition{metric::payment_packets,
               MetricType::Counter,
               "ilp_payment_packets_total",
               {label::type, label::code},
               "Packets of payments that this node makes, and the answers to them. Requests how much would arrive are "
               "answered with F99, and so is the packet that closes a connection.",
               "A type or code that has not occurred has no series."},
    definition{
        metric::buffered_bytes,
        MetricType::Gauge,
        "ilp_buffered_bytes",
        {},
        "Memory of the buffers of connections with peers, and of TLS handshakes that are not complete. An idle "
        "connection may keep 4 KiB.",
        "Beyond `connector.max_buffer_memory` in one worker, its connections with the largest buffers, or the oldest "
        "handshakes, are closed."},
    definition{metric::connections_closed_for_memory,
               MetricType::Counter,
               "ilp_connections_closed_for_memory_total",
               {},
               "Connections with peers that were closed because the buffers of a worker exceeded their bound.",
               "See `connector.max_buffer_memory`."},
    definition{metric::connections_closed_for_room,
               MetricType::Counter,
               "ilp_connections_closed_for_room_total",
               {label::reason},
               "Connections with peers that were closed because a worker had too many.",
               "See `connector.max_connections`."},
    definition{metric::http2_floods,
               MetricType::Counter,
               "ilp_http2_floods_total",
               {label::kind},
               "Connections over HTTP/2 that were ended because the other side, a peer or a stranger, sent too much of "
               "what costs it nothing.",
               "The log names the address or the peer."},
    definition{metric::pending_withdrawals,
               MetricType::Gauge,
               "ilp_pending_withdrawals",
               {},
               "Withdrawals that wait to be posted or voided."},
    definition{metric::store_bytes,
               MetricType::Gauge,
               "ilp_store_bytes",
               {},
               "Size of the store, with its log; looked up once a minute.",
               "Not with the store `memory:`."},
    definition{metric::store_history_rows_summed,
               MetricType::Counter,
               "ilp_store_history_rows_summed_total",
               {},
               "Rows of old transfers that were summed up since the start.",
               "Only with `store.keep_history`."},
    definition{metric::ready,
               MetricType::Gauge,
               "ilp_ready",
               {},
               "1 while packets are accepted, as `/readyz` says; otherwise 0."},
    definition{metric::last_reload_success,
               MetricType::Gauge,
               "ilp_last_reload_success",
               {},
               "1 if the settings were accepted when they were last read, at the start or on SIGHUP; otherwise 0."},
    definition{metric::last_reload_timestamp_seconds,
               MetricType::Gauge,
               "ilp_last_reload_timestamp_seconds",
               {},
               "When the settings were last read, in seconds since 1970."},
    definition{metric::certificate_expiry_timestamp_seconds,
               MetricType::Gauge,
               "ilp_certificate_expiry_timestamp_seconds",
               {label::listener},
               "When a certificate of ours in use, or one of its chain, expires, in seconds since 1970.",
               "Only with certificates."},
    definition{metric::build_info, MetricType::Gauge, "ilp_build_info", {label::version}, "Always 1."},
    definition{metric::process_start_time_seconds,
               MetricType::Gauge,
               "process_start_time_seconds",
               {},
               "When the daemon started, in seconds since 1970."},
    definition{metric::process_cpu_seconds,
               MetricType::Counter,
               "process_cpu_seconds_total",
               {},
               "User and system time of the process."},
    definition{metric::process_resident_memory_bytes,
               MetricType::Gauge,
               "process_resident_memory_bytes",
               {},
               "Memory of the process that is in RAM."},
    definition{metric::process_virtual_memory_bytes,
               MetricType::Gauge,
               "process_virtual_memory_bytes",
               {},
               "Address space of the process."},
    definition{metric::process_open_fds, MetricType::Gauge, "process_open_fds", {}, "Open file descriptors."},
    definition{metric::process_max_fds,
               MetricType::Gauge,
               "process_max_fds",
               {},
               "The largest number of file descriptors that may be open."},
};

constexpr const definition& definition_of(metric id) {
    return definitions[static_cast<std::size_t>(id)];
}

constexpr bool definitions_match_their_enum(const auto& table) {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (static_cast<std::size_t>(table[i].id) != i) return false;
    }
    return true;
}
static_assert(definitions_match_their_enum(label_definitions));
static_assert(definitions_match_their_enum(definitions));

constexpr std::string_view name_of(MetricType type) {
    switch (type) {
        case MetricType::Counter:
            return "counter";
        case MetricType::Gauge:
            return "gauge";
        case MetricType::Histogram:
            return "histogram";
        default:
            return "";
    }
}

class families {
public:
    families() {
        for (const definition& definition : definitions) {
            families_.push_back({definition.name, definition.help, definition.type, {}});
        }
    }

    /// `values` are the label values, in the order of the metric's definition.
    template <metric id, typename... texts>
    void add(double value, const texts&... values) {
        ClientMetric& made = make<id>(values...);
        made.counter.value = made.gauge.value = value;
    }

    template <metric id, typename... texts>
    void add_histogram(std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum,
                       const texts&... values) {
        ClientMetric::Histogram& histogram = make<id>(values...).histogram;
        histogram.sample_sum = sum;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            histogram.sample_count += counts[i];
            const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
            histogram.bucket.push_back({histogram.sample_count, bound});
        }
    }

    std::string text() {
        std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
        std::ostringstream out;
        prometheus::TextSerializer{}.Serialize(out, families_);
        return std::move(out).str();
    }

private:
    template <metric id, typename... texts>
    ClientMetric& make(const texts&... values) {
        constexpr const label_list& labels = definition_of(id).labels;
        static_assert(sizeof...(values) == labels.size(), "each label of the metric needs a value");
        auto& made = families_[static_cast<std::size_t>(id)].metric.emplace_back();
        made.label.reserve(labels.size());
        [[maybe_unused]] const label* next = labels.begin();
        (made.label.push_back({definition_of(*next++).name, std::string{values}}), ...);
        return made;
    }

    std::vector<MetricFamily> families_;
};

/// Calls `add(count, type, code)` for each kind of packet that has occurred.
template <typename Add>
void for_each_kind(const packet_counters& counted, const Add& add_any) {
    const auto add = [&](std::uint64_t count, std::string_view type, std::string_view code) {
        if (count != 0) add_any(static_cast<double>(count), type, code);
    };
    add(counted.prepares, "prepare", "");
    add(counted.fulfills, "fulfill", "");
    for (std::size_t i = 0; i < counted.rejects.size(); ++i) {
        const bool known = i < static_cast<std::size_t>(ilp::error_code_count);
        add(counted.rejects[i], "reject", known ? ilp::code_text(static_cast<ilp::error_code>(i)) : "other");
    }
}

void add_packets(families& out, const packet_counters& counted, std::string_view direction, const peering::peer& peer) {
    for_each_kind(counted, [&](double count, std::string_view type, std::string_view code) {
        out.add<metric::packets>(count, direction, peer.name(), type, code);
    });
    if (counted.amount > 0) {
        out.add<metric::packet_amount>(counted.amount, direction, peer.name(),
                                       peering::asset_text(peer.asset->code, peer.asset->scale));
    }
}

void add_refusals(families& out, const refusal_counters& refusals, std::string_view sender) {
    if (refusals.empty()) return;
    for (int i = 0; i < reject_reason_count; ++i) {
        const auto reason = static_cast<reject_reason>(i);
        const std::uint64_t count = refusals[reason];
        if (count == 0) continue;
        out.add<metric::packets_refused>(static_cast<double>(count), sender, describe(reason).identifier);
    }
}

void add_liquidity(families& out, const peering::peer& peer) {
    const std::string asset = peering::asset_text(peer.asset->code, peer.asset->scale);
    out.add<metric::peer_liquidity>(static_cast<double>(peer.liquidity->available.load(std::memory_order_relaxed)),
                                    peer.name(), asset);
    if (peer.liquidity_threshold) {
        out.add<metric::peer_liquidity_threshold>(static_cast<double>(peer.liquidity_threshold->value), peer.name(),
                                                  asset);
    }
}

bool is_empty(const duration_histogram& histogram) {
    return std::ranges::all_of(histogram.buckets, [](std::uint64_t count) { return count == 0; });
}

void add_traffic(families& out, const peering::peer& peer, const peer_counters& counters, std::size_t connections) {
    add_packets(out, counters.incoming, "incoming", peer);
    add_packets(out, counters.outgoing, "outgoing", peer);
    add_refusals(out, counters.refusals, peer.name());
    const auto add_undelivered = [&](std::uint64_t count, std::string_view type) {
        if (count != 0) out.add<metric::replies_undelivered>(static_cast<double>(count), peer.name(), type);
    };
    add_undelivered(counters.undelivered.fulfills, "fulfill");
    add_undelivered(counters.undelivered.rejects, "reject");
    out.add_histogram<metric::packet_duration>(duration_bounds, counters.duration.buckets, counters.duration.sum,
                                               peer.name());
    if (!is_empty(counters.answers)) {
        out.add_histogram<metric::next_hop_duration>(duration_bounds, counters.answers.buckets, counters.answers.sum,
                                                     peer.name());
    }
    out.add<metric::packets_in_flight>(static_cast<double>(counters.packets_in_flight), peer.name());
    out.add<metric::amount_in_flight>(counters.amount_in_flight, peer.name());
    out.add<metric::link_connections>(static_cast<double>(connections), peer.name());
}

double seconds_since_1970(ilp::timestamp time) {
    return static_cast<double>(time.time_since_epoch().count()) / 1e3;
}

void add_reachability(families& out, const peering::peer& peer, const peering::peer_reachability& found) {
    out.add<metric::peer_reachable>(found.is_down() ? 0 : 1, peer.name());
    out.add<metric::peer_refusing>(found.state == peering::reachability_state::refusing ? 1 : 0, peer.name());
    if (found.since) {
        out.add<metric::peer_reachability_timestamp_seconds>(seconds_since_1970(found.since->wall), peer.name());
    }
    if (found.last_answer) {
        out.add<metric::peer_last_answer_timestamp_seconds>(seconds_since_1970(found.last_answer->wall), peer.name());
    }
    if (found.round_trip) {
        out.add<metric::peer_round_trip_seconds>(std::chrono::duration<double>(*found.round_trip).count(), peer.name());
    }
}

void add_commits(families& out, const peering::committer::counters& commits) {
    const auto copy = [](const auto& atomics) {
        std::vector<std::uint64_t> values;
        values.reserve(atomics.size());
        for (const auto& value : atomics) values.push_back(value.load(std::memory_order_relaxed));
        return values;
    };
    out.add_histogram<metric::store_commit_seconds>(peering::committer::counters::seconds_bounds, copy(commits.seconds),
                                                    static_cast<double>(commits.nanoseconds_total.load()) / 1e9);
    out.add_histogram<metric::store_commit_transfers>(peering::committer::counters::transfers_bounds,
                                                      copy(commits.transfers),
                                                      static_cast<double>(commits.transfers_total.load()));
    out.add<metric::store_commit_failures>(static_cast<double>(commits.failures_total.load()));
    if (const std::int64_t bytes = commits.log_bytes.load(); bytes >= 0) {
        out.add<metric::store_log_bytes>(static_cast<double>(bytes));
    }
}

void add_webhooks(families& out, const webhooks::statistics& events) {
    out.add<metric::webhooks_pending>(static_cast<double>(events.pending));
    out.add<metric::webhook_attempts>(static_cast<double>(events.delivered), "delivered");
    out.add<metric::webhook_attempts>(static_cast<double>(events.failed), "failed");
    out.add<metric::webhooks_given_up>(static_cast<double>(events.given_up));
}

void add_spsp(families& out, const spsp_server::counters& requests) {
    const auto add = [&out](std::uint64_t count, const char* outcome) {
        out.add<metric::spsp_requests>(static_cast<double>(count), outcome);
    };
    add(requests.answered, "answered");
    add(requests.unknown_receiver, "unknown_receiver");
    add(requests.refused, "refused");
    add(requests.too_many, "too_many");
    add(requests.too_many_handshakes, "too_many_handshakes");
}

void add_workers(families& out, const daemon_figures& daemon) {
    worker_figures sum;
    std::chrono::nanoseconds oldest{};
    for (const worker_figures& worker : daemon.workers) {
        sum.incoming_connections += worker.incoming_connections;
        sum.packets += worker.packets;
        sum.waiting_for_store += worker.waiting_for_store;
        sum.waiting_for_a_connection += worker.waiting_for_a_connection;
        sum.replies += worker.replies;
        sum.payments += worker.payments;
        sum.payment_packets.add(worker.payment_packets);
        sum.payment_refusals.add(worker.payment_refusals);
        sum.buffered_bytes += worker.buffered_bytes;
        sum.connections_closed_for_memory += worker.connections_closed_for_memory;
        for (std::size_t i = 0; i < room_reason_names.size(); ++i) {
            sum.connections_closed_for_room[i] += worker.connections_closed_for_room[i];
        }
        for (std::size_t i = 0; i < http2::flood_kinds; ++i) sum.http2_floods[i] += worker.http2_floods[i];
        oldest = std::max(oldest, worker.oldest_hold.value_or(std::chrono::nanoseconds{}));
    }
    out.add<metric::packets_pending>(static_cast<double>(sum.packets));
    out.add<metric::packets_pending_max>(static_cast<double>(daemon.packets_max));
    out.add<metric::packets_waiting>(static_cast<double>(sum.waiting_for_a_connection), "connection");
    out.add<metric::packets_waiting>(static_cast<double>(sum.waiting_for_store), "store");
    out.add<metric::oldest_hold_seconds>(std::chrono::duration<double>(oldest).count());
    out.add<metric::incoming_connections>(static_cast<double>(sum.incoming_connections));
    out.add<metric::incoming_connections_max>(static_cast<double>(daemon.connections_max));
    out.add<metric::replies_pending>(static_cast<double>(sum.replies));
    out.add<metric::payments_in_progress>(static_cast<double>(sum.payments));
    for_each_kind(sum.payment_packets, [&out](double count, std::string_view type, std::string_view code) {
        out.add<metric::payment_packets>(count, type, code);
    });
    add_refusals(out, sum.payment_refusals, payments_of_this_node);
    out.add<metric::buffered_bytes>(static_cast<double>(sum.buffered_bytes));
    out.add<metric::connections_closed_for_memory>(static_cast<double>(sum.connections_closed_for_memory));
    for (std::size_t i = 0; i < room_reason_names.size(); ++i) {
        out.add<metric::connections_closed_for_room>(static_cast<double>(sum.connections_closed_for_room[i]),
                                                     room_reason_names[i]);
    }
    for (std::size_t i = 0; i < http2::flood_kinds; ++i) {
        out.add<metric::http2_floods>(static_cast<double>(sum.http2_floods[i]),
                                      http2::name_of(static_cast<http2::flood>(i)));
    }
}

template <metric id, typename Number>
void add_if_known(families& out, const std::optional<Number>& number) {
    if (number) out.add<id>(static_cast<double>(*number));
}

void add_process(families& out, const process_figures& process) {
    add_if_known<metric::process_cpu_seconds>(out, process.cpu_seconds);
    add_if_known<metric::process_resident_memory_bytes>(out, process.resident_bytes);
    add_if_known<metric::process_virtual_memory_bytes>(out, process.virtual_bytes);
    add_if_known<metric::process_open_fds>(out, process.open_descriptors);
    add_if_known<metric::process_max_fds>(out, process.max_descriptors);
}

void add_daemon(families& out, const daemon_figures& daemon) {
    add_workers(out, daemon);
    out.add<metric::pending_withdrawals>(static_cast<double>(daemon.pending_withdrawals));
    add_if_known<metric::store_bytes>(out, daemon.store_size);
    add_if_known<metric::store_history_rows_summed>(out, daemon.history_rows_summed);
    out.add<metric::ready>(daemon.ready ? 1 : 0);
    out.add<metric::last_reload_success>(daemon.last_reload_succeeded ? 1 : 0);
    out.add<metric::last_reload_timestamp_seconds>(seconds_since_1970(daemon.last_reload_at));
    for (const certificate_expiry& each : daemon.certificates) {
        out.add<metric::certificate_expiry_timestamp_seconds>(seconds_since_1970(each.at), each.listener);
    }
    out.add<metric::build_info>(1, daemon.version);
    out.add<metric::process_start_time_seconds>(seconds_since_1970(daemon.started_at));
    add_process(out, daemon.process);
}

bool is_low(const peering::liquidity_account& account, const std::optional<ilp::amount>& threshold) {
    return threshold && account.available.load(std::memory_order_relaxed) <= threshold->value;
}

}  // namespace

std::string expose(const scrape& scrape) {
    struct total {
        peer_counters counters;
        std::size_t connections = 0;
    };
    std::unordered_map<std::uint32_t, total> totals;  // by peer id
    for (const peer_sample& sample : scrape.samples) {
        total& counted = totals[sample.peer];
        counted.counters.add(sample.counters);
        counted.connections += sample.link_connections;
    }

    families out;
    std::size_t low_peers = 0;
    std::size_t low_assets = 0;
    std::size_t peers_not_reachable = 0;
    for (const auto& peer : scrape.directory.peers()) {
        add_liquidity(out, *peer);
        if (is_low(*peer->liquidity, peer->liquidity_threshold)) ++low_peers;
        // Peers without packets have nothing to show, and there may be many of them.
        const auto counted = totals.find(peer->id);
        if (counted != totals.end()) add_traffic(out, *peer, counted->second.counters, counted->second.connections);
        if (const auto found = scrape.reachability.find(peer->id); found != scrape.reachability.end()) {
            add_reachability(out, *peer, found->second);
            if (found->second.is_down() && peer->enabled) ++peers_not_reachable;
        }
    }
    for (const peering::asset_entry& entry : scrape.directory.assets()) {
        const peering::asset& asset = *entry.asset;
        const std::string name = peering::asset_text(asset.code, asset.scale);
        if (is_low(*asset.liquidity, entry.terms.liquidity_threshold)) ++low_assets;
        out.add<metric::asset_liquidity>(
            static_cast<double>(asset.liquidity->available.load(std::memory_order_relaxed)), name);
        if (entry.terms.liquidity_threshold) {
            out.add<metric::asset_liquidity_threshold>(static_cast<double>(entry.terms.liquidity_threshold->value),
                                                       name);
        }
    }
    for (const auto& receiver : scrape.directory.receiving_accounts()) {
        out.add<metric::account_liquidity>(
            static_cast<double>(receiver->liquidity->available.load(std::memory_order_relaxed)), receiver->name,
            peering::asset_text(receiver->asset->code, receiver->asset->scale));
    }
    for (const rate_age& rates : scrape.rate_ages) {
        const double age =
            rates.age ? std::chrono::duration<double>(*rates.age).count() : std::numeric_limits<double>::infinity();
        out.add<metric::rate_age_seconds>(age, rates.base);
    }
    out.add<metric::peers_with_low_liquidity>(static_cast<double>(low_peers));
    out.add<metric::peers_not_reachable>(static_cast<double>(peers_not_reachable));
    out.add<metric::assets_with_low_liquidity>(static_cast<double>(low_assets));
    if (scrape.daemon) add_daemon(out, *scrape.daemon);
    add_commits(out, scrape.commits);
    if (scrape.events) add_webhooks(out, *scrape.events);
    if (scrape.spsp) add_spsp(out, *scrape.spsp);
    out.add<metric::unauthenticated_requests>(static_cast<double>(scrape.unauthenticated_requests));
    out.add<metric::log_lines_dropped>(static_cast<double>(scrape.log_lines_dropped));
    return out.text();
}

std::string metrics_markdown() {
    config::reference_writer out;
    out.paragraph("# Metrics and health");
    out.paragraph(
        "Generated from the definitions in `connector/metrics/metrics.cpp`: change them there, then run\n"
        "`ilpd --metrics-reference > docs/operating/metrics.md`.");
    out.paragraph(
        "On `metrics.listen` (127.0.0.1:9464 by default) ilpd answers three requests: `/metrics` in the text format "
        "of\n"
        "Prometheus; `/healthz` with 200 while the process lives; `/readyz` with 200 while packets are accepted, and "
        "with\n"
        "503 while it starts or stops, or the store does not accept transfers.");
    out.columns({"Metric", "Type", "Labels", "Meaning"});
    for (const definition& metric : definitions) {
        std::string labels;
        for (const label label : metric.labels) {
            labels += fmt::format("{}{}", labels.empty() ? "" : ", ", definition_of(label).name);
        }
        const std::string_view condition = metric.condition;
        out.row({fmt::format("`{}`", metric.name), name_of(metric.type), labels,
                 fmt::format("{}{}{}", metric.help, condition.empty() ? "" : " ", condition)});
    }
    out.columns({"Label", "Values"});
    for (const label_definition& label : label_definitions) out.row({fmt::format("`{}`", label.name), label.values});
    out.paragraph(
        "Amounts are in the smallest unit of the asset. Prometheus keeps numbers as doubles: above 2^53 the last "
        "digits are\n"
        "rounded on the way, in the metrics only.");
    out.paragraph(
        "A peer that has exchanged no packet since the start has `ilp_peer_liquidity` and its threshold, and no other "
        "series:\n"
        "100 000 silent peers therefore cost 5 MB per scrape, not 114 MB.");
    out.heading("Alerts", "These are worth an alert:");
    out.paragraph(
        "- `ilp_peers_with_low_liquidity > 0`: some peers will soon be refused with T04;\n"
        "  `ilp_peer_liquidity <= ilp_peer_liquidity_threshold` says which. The same for "
        "`ilp_assets_with_low_liquidity`.\n"
        "- `ilp_peers_not_reachable > 0` for longer than a moment: `ilp_peer_reachable == 0` says which,\n"
        "  `ilp_peer_reachability_timestamp_seconds` since when, and `ilpctl peer show` or the log why. It stays until "
        "a\n"
        "  packet or a ping gets through: `ilpctl ping PEER`.\n"
        "- `ilp_ready == 0`, or `absent(ilp_ready)`: while the daemon starts, there are no metrics.\n"
        "- `ilp_last_reload_success == 0`.\n"
        "- `ilp_certificate_expiry_timestamp_seconds - time() < 14 * 86400`: renew the certificate, and reload.\n"
        "- `ilp_packets_pending`, `ilp_incoming_connections` or `process_open_fds` near its maximum.\n"
        "- `ilp_oldest_hold_seconds` above `connector.max_hold_time`: answers wait for the store.\n"
        "- A rise of `ilp_packets_total{type=\"reject\",code=~\"T00|T01\",direction=\"outgoing\"}`.\n"
        "  `ilp_packets_refused_total` shows why: `no_rate` and `store_unavailable`, for example, are both T00.\n"
        "- Any `ilp_store_commit_failures_total`.\n"
        "- `ilp_store_log_bytes` above 20 MB: a program keeps the SQLite database open for reading.\n"
        "- Any `ilp_webhooks_given_up_total`.\n"
        "- `ilp_rate_age_seconds` above `rates.lifetime`.\n"
        "- A rise of `ilp_unauthenticated_requests_total`: somebody is guessing tokens, or a peer has a wrong one.\n"
        "- Any `ilp_log_lines_dropped_total`.");
    return out.take();
}

}  // namespace connector
