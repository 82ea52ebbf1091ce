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
    out.heading("Alerts",
                "What is worth an alert is in `deploy/prometheus/ilpd.rules.yaml`; [watching.md](watching.md) explains "
                "how to load it.");
    return out.take();
}

}  // namespace connector
