#include "connector/metrics/metrics.hpp"

#include "connector/metrics/daemon_metrics.hpp"
#include "connector/metrics/families.hpp"
#include "connector/metrics/peer_metrics.hpp"
#include "peering/records/text.hpp"

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <unordered_map>
#include <vector>

namespace connector {
namespace {

using metrics::families;
using metrics::metric;

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
        if (const auto doubt = scrape.doubts.find(peer->liquidity->id); doubt != scrape.doubts.end())
            add_doubt(out, *peer, doubt->second);
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

std::string expose(const start_figures& start) {
    families out;
    metrics::add_start(out, start);
    return out.text();
}

}  // namespace connector
