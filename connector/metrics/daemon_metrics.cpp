#include "connector/metrics/daemon_metrics.hpp"

#include "connector/metrics/packet_series.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace connector::metrics {
namespace {

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

void add_cluster(families& out, const cluster_figures& cluster) {
    out.add<metric::active>(cluster.is_active ? 1 : 0);
    out.add<metric::store_takeovers>(cluster.has_taken_over ? 1 : 0);
    if (cluster.epoch != 0) out.add<metric::store_epoch>(static_cast<double>(cluster.epoch));
    if (cluster.lease_left) out.add<metric::store_lease_seconds>(cluster.lease_left->count());
    if (!cluster.holder.empty()) out.add<metric::store_holder_info>(1, cluster.holder);
}

void add_program(families& out, const std::string& version, ilp::timestamp started_at, const process_figures& process) {
    out.add<metric::build_info>(1, version);
    out.add<metric::process_start_time_seconds>(seconds_since_1970(started_at));
    add_process(out, process);
}

}  // namespace

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
    if (daemon.cluster) add_cluster(out, *daemon.cluster);
    add_program(out, daemon.version, daemon.started_at, daemon.process);
}

void add_start(families& out, const start_figures& start) {
    add_cluster(out, start.cluster);
    add_program(out, start.version, start.started_at, start.process);
}

}  // namespace connector::metrics
