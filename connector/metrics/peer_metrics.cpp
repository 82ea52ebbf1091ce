#include "connector/metrics/peer_metrics.hpp"

#include "connector/metrics/packet_series.hpp"
#include "peering/records/text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace connector::metrics {
namespace {

void add_packets(families& out, const packet_counters& counted, std::string_view direction, const peering::peer& peer) {
    for_each_kind(counted, [&](double count, std::string_view type, std::string_view code) {
        out.add<metric::packets>(count, direction, peer.name(), type, code);
    });
    if (counted.amount > 0) {
        out.add<metric::packet_amount>(counted.amount, direction, peer.name(),
                                       peering::asset_text(peer.asset->code, peer.asset->scale));
    }
}

bool is_empty(const duration_histogram& histogram) {
    return std::ranges::all_of(histogram.buckets, [](std::uint64_t count) { return count == 0; });
}

}  // namespace

void add_liquidity(families& out, const peering::peer& peer) {
    const std::string asset = peering::asset_text(peer.asset->code, peer.asset->scale);
    out.add<metric::peer_liquidity>(static_cast<double>(peer.liquidity->available.load(std::memory_order_relaxed)),
                                    peer.name(), asset);
    if (peer.liquidity_threshold) {
        out.add<metric::peer_liquidity_threshold>(static_cast<double>(peer.liquidity_threshold->value), peer.name(),
                                                  asset);
    }
}

void add_doubt(families& out, const peering::peer& peer, std::uint64_t amount) {
    out.add<metric::books_in_doubt>(static_cast<double>(amount), peer.name(),
                                    peering::asset_text(peer.asset->code, peer.asset->scale));
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
    for (std::size_t i = 0; i < split_result_names.size(); ++i) {
        const std::uint64_t count = counters.splits.by_result[i];
        if (count != 0) out.add<metric::splits>(static_cast<double>(count), peer.name(), split_result_names[i]);
    }
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

}  // namespace connector::metrics
