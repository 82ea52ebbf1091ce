#include "connector/metrics/metrics_page.hpp"

#include "config/reference_writer.hpp"
#include "connector/metrics/definitions.hpp"

#include <fmt/format.h>

#include <string_view>

namespace connector {
namespace {

constexpr std::string_view name_of(prometheus::MetricType type) {
    switch (type) {
        case prometheus::MetricType::Counter:
            return "counter";
        case prometheus::MetricType::Gauge:
            return "gauge";
        case prometheus::MetricType::Histogram:
            return "histogram";
        default:
            return "";
    }
}

}  // namespace

std::string metrics_markdown() {
    config::reference_writer out;
    out.paragraph("# Metrics and health");
    out.paragraph(
        "Generated from the definitions in `connector/metrics/definitions.hpp`: change them there, then run\n"
        "`ilpd --metrics-reference > docs/operating/metrics.md`.");
    out.paragraph(
        "On `metrics.listen` (127.0.0.1:9464 by default) ilpd answers three requests: `/metrics` in the text format "
        "of\n"
        "Prometheus; `/healthz` with 200 while the process lives; `/readyz` with 200 while packets are accepted, and "
        "with\n"
        "503 while it starts or stops, or the store does not accept transfers.");
    out.columns({"Metric", "Type", "Labels", "Meaning"});
    for (const metrics::definition& metric : metrics::definitions) {
        std::string labels;
        for (const metrics::label label : metric.labels) {
            labels += fmt::format("{}{}", labels.empty() ? "" : ", ", metrics::definition_of(label).name);
        }
        const std::string_view condition = metric.condition;
        out.row({fmt::format("`{}`", metric.name), name_of(metric.type), labels,
                 fmt::format("{}{}{}", metric.help, condition.empty() ? "" : " ", condition)});
    }
    out.columns({"Label", "Values"});
    for (const metrics::label_definition& label : metrics::label_definitions)
        out.row({fmt::format("`{}`", label.name), label.values});
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
