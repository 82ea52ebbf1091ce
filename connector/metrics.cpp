#include "connector/metrics.hpp"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
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

enum class metric : std::uint8_t {
    packets,
    packet_amount,
    packet_duration,
    packets_in_flight,
    amount_in_flight,
    peer_liquidity,
    peer_liquidity_threshold,
    asset_liquidity,
    asset_liquidity_threshold,
    link_connections,
    rate_age_seconds,
    store_commit_seconds,
    store_commit_transfers,
    store_commit_failures,
    webhooks_pending,
    webhook_attempts,
    webhooks_given_up,
};

struct definition {
    metric id;
    MetricType type;
    const char* name;
    const char* help;
};

// All metrics. direction: incoming is what a peer sent us, outgoing what we sent it. Label values come from closed
// sets: configured peers and assets, packet types, the error codes of RFC 27 and "other".
constexpr std::array definitions{
    definition{metric::packets, MetricType::Counter, "ilp_packets_total", "ILP packets, by peer and direction."},
    definition{metric::packet_amount, MetricType::Counter, "ilp_packet_amount_total",
               "Amounts of fulfilled Prepares, in the smallest unit of the asset."},
    definition{metric::packet_duration, MetricType::Histogram, "ilp_packet_duration_seconds",
               "Time from a peer's Prepare to our answer."},
    definition{metric::packets_in_flight, MetricType::Gauge, "ilp_packets_in_flight",
               "Prepares sent to the peer and not answered yet."},
    definition{metric::amount_in_flight, MetricType::Gauge, "ilp_amount_in_flight",
               "Amounts of the Prepares in flight to the peer."},
    definition{metric::peer_liquidity, MetricType::Gauge, "ilp_peer_liquidity",
               "What the peer can still send through us; packets in flight are taken off."},
    definition{metric::peer_liquidity_threshold, MetricType::Gauge, "ilp_peer_liquidity_threshold",
               "Liquidity of the peer that counts as low."},
    definition{metric::asset_liquidity, MetricType::Gauge, "ilp_asset_liquidity",
               "Liquidity of the asset itself, for packets between two assets."},
    definition{metric::asset_liquidity_threshold, MetricType::Gauge, "ilp_asset_liquidity_threshold",
               "Liquidity of the asset that counts as low."},
    definition{metric::link_connections, MetricType::Gauge, "ilp_link_connections",
               "Open connections of ours to the peer."},
    definition{metric::rate_age_seconds, MetricType::Gauge, "ilp_rate_age_seconds",
               "Age of the rates of the currency; infinite when none were ever fetched."},
    definition{metric::store_commit_seconds, MetricType::Histogram, "ilp_store_commit_seconds",
               "Time to make one batch of transfers durable."},
    definition{metric::store_commit_transfers, MetricType::Histogram, "ilp_store_commit_transfers",
               "Transfers in one batch."},
    definition{metric::store_commit_failures, MetricType::Counter, "ilp_store_commit_failures_total",
               "Batches that the store did not take; they are tried again."},
    definition{metric::webhooks_pending, MetricType::Gauge, "ilp_webhooks_pending",
               "Events that are still to be delivered."},
    definition{metric::webhook_attempts, MetricType::Counter, "ilp_webhook_attempts_total",
               "Attempts to deliver an event, by how they ended."},
    definition{metric::webhooks_given_up, MetricType::Counter, "ilp_webhooks_given_up_total",
               "Events that were never delivered, after the last attempt."},
};

constexpr bool definitions_stand_in_the_order_of_the_enum() {
    for (std::size_t i = 0; i < definitions.size(); ++i) {
        if (static_cast<std::size_t>(definitions[i].id) != i) return false;
    }
    return true;
}
static_assert(definitions_stand_in_the_order_of_the_enum());

using labels = std::vector<ClientMetric::Label>;

class families {
public:
    families() {
        for (const definition& definition : definitions) {
            families_.push_back({definition.name, definition.help, definition.type, {}});
        }
    }

    void add(metric metric, double value, labels labels) {
        ClientMetric& made = make(metric, std::move(labels));
        made.counter.value = made.gauge.value = value;
    }

    void add_histogram(metric metric, std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum,
                       labels labels) {
        ClientMetric::Histogram& histogram = make(metric, std::move(labels)).histogram;
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
    ClientMetric& make(metric metric, labels labels) {
        auto& made = families_[static_cast<std::size_t>(metric)].metric.emplace_back();
        made.label = std::move(labels);
        return made;
    }

    std::vector<MetricFamily> families_;
};

std::string asset_label(const peering::asset& asset) {
    return fmt::format("{}/{}", asset.code, asset.scale);
}

void add_packets(families& out, const packet_counters& counted, const char* direction, const peering::peer& peer) {
    const auto add = [&](std::uint64_t count, const char* type, std::string_view code) {
        if (count == 0) return;
        out.add(metric::packets, static_cast<double>(count),
                {{"direction", direction},
                 {"peer", std::string{peer.name()}},
                 {"type", type},
                 {"code", std::string{code}}});
    };
    add(counted.prepares, "prepare", "");
    add(counted.fulfills, "fulfill", "");
    for (std::size_t i = 0; i < counted.rejects.size(); ++i) {
        const bool known = i < static_cast<std::size_t>(ilp::error_code_count);
        add(counted.rejects[i], "reject", known ? ilp::code_text(static_cast<ilp::error_code>(i)) : "other");
    }
    if (counted.amount > 0) {
        out.add(metric::packet_amount, counted.amount,
                {{"direction", direction}, {"peer", std::string{peer.name()}}, {"asset", asset_label(*peer.asset)}});
    }
}

void add_liquidity(families& out, const peering::peer& peer) {
    const labels of_peer_and_asset{{"peer", std::string{peer.name()}}, {"asset", asset_label(*peer.asset)}};
    out.add(metric::peer_liquidity, static_cast<double>(peer.liquidity->available.load(std::memory_order_relaxed)),
            of_peer_and_asset);
    if (peer.liquidity_threshold) {
        out.add(metric::peer_liquidity_threshold, static_cast<double>(peer.liquidity_threshold->value),
                of_peer_and_asset);
    }
}

void add_traffic(families& out, const peering::peer& peer, const peer_counters& counters, std::size_t connections) {
    add_packets(out, counters.incoming, "incoming", peer);
    add_packets(out, counters.outgoing, "outgoing", peer);
    const labels of_peer{{"peer", std::string{peer.name()}}};
    out.add_histogram(metric::packet_duration, duration_bounds, counters.duration.buckets, counters.duration.sum,
                      of_peer);
    out.add(metric::packets_in_flight, static_cast<double>(counters.packets_in_flight), of_peer);
    out.add(metric::amount_in_flight, counters.amount_in_flight, of_peer);
    out.add(metric::link_connections, static_cast<double>(connections), of_peer);
}

void add_commits(families& out, const peering::committer::counters& commits) {
    const auto copy = [](const auto& atomics) {
        std::vector<std::uint64_t> values;
        for (const auto& value : atomics) values.push_back(value.load(std::memory_order_relaxed));
        return values;
    };
    out.add_histogram(metric::store_commit_seconds, peering::committer::counters::seconds_bounds, copy(commits.seconds),
                      static_cast<double>(commits.nanoseconds_total.load()) / 1e9, {});
    out.add_histogram(metric::store_commit_transfers, peering::committer::counters::transfers_bounds,
                      copy(commits.transfers), static_cast<double>(commits.transfers_total.load()), {});
    out.add(metric::store_commit_failures, static_cast<double>(commits.failures_total.load()), {});
}

void add_webhooks(families& out, const webhooks::figures& events) {
    out.add(metric::webhooks_pending, static_cast<double>(events.pending), {});
    out.add(metric::webhook_attempts, static_cast<double>(events.delivered), {{"result", "delivered"}});
    out.add(metric::webhook_attempts, static_cast<double>(events.failed), {{"result", "failed"}});
    out.add(metric::webhooks_given_up, static_cast<double>(events.given_up), {});
}

}  // namespace

std::string expose(const scrape& scrape) {
    struct total {
        peer_counters counters;
        std::size_t connections = 0;
    };
    std::unordered_map<std::uint32_t, total> totals;  // by the id of the peer
    for (const peer_sample& sample : scrape.samples) {
        total& counted = totals[sample.peer];
        counted.counters.add(sample.counters);
        counted.connections += sample.link_connections;
    }

    families out;
    for (const auto& peer : scrape.directory.peers()) {
        add_liquidity(out, *peer);
        // Of peers that are silent there may be many, and nothing to tell.
        const auto counted = totals.find(peer->id);
        if (counted != totals.end()) add_traffic(out, *peer, counted->second.counters, counted->second.connections);
    }
    for (const peering::asset_entry& entry : scrape.directory.assets()) {
        const peering::asset& asset = *entry.asset;
        const labels of_asset{{"asset", asset_label(asset)}};
        out.add(metric::asset_liquidity,
                static_cast<double>(asset.liquidity->available.load(std::memory_order_relaxed)), of_asset);
        if (entry.terms.liquidity_threshold) {
            out.add(metric::asset_liquidity_threshold, static_cast<double>(entry.terms.liquidity_threshold->value),
                    of_asset);
        }
    }
    for (const rate_age& rates : scrape.rate_ages) {
        out.add(metric::rate_age_seconds,
                rates.age ? std::chrono::duration<double>(*rates.age).count() : std::numeric_limits<double>::infinity(),
                {{"base", rates.base}});
    }
    add_commits(out, scrape.commits);
    if (scrape.events) add_webhooks(out, *scrape.events);
    return out.text();
}

}  // namespace connector
