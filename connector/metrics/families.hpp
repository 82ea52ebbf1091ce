#pragma once

#include "connector/metrics/definitions.hpp"
#include "ilp/timestamp.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace connector::metrics {

/// Collects the series of one scrape.
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
        prometheus::ClientMetric& made = make<id>(values...);
        made.counter.value = made.gauge.value = value;
    }

    template <metric id, typename... texts>
    void add_histogram(std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum,
                       const texts&... values) {
        prometheus::ClientMetric::Histogram& histogram = make<id>(values...).histogram;
        histogram.sample_sum = sum;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            histogram.sample_count += counts[i];
            const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
            histogram.bucket.push_back({histogram.sample_count, bound});
        }
    }

    std::string text() {
        std::erase_if(families_, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
        std::ostringstream out;
        prometheus::TextSerializer{}.Serialize(out, families_);
        return std::move(out).str();
    }

private:
    template <metric id, typename... texts>
    prometheus::ClientMetric& make(const texts&... values) {
        constexpr const label_list& labels = definition_of(id).labels;
        static_assert(sizeof...(values) == labels.size(), "each label of the metric needs a value");
        auto& made = families_[static_cast<std::size_t>(id)].metric.emplace_back();
        made.label.reserve(labels.size());
        [[maybe_unused]] const label* next = labels.begin();
        (made.label.push_back({definition_of(*next++).name, std::string{values}}), ...);
        return made;
    }

    std::vector<prometheus::MetricFamily> families_;
};

inline double seconds_since_1970(ilp::timestamp time) {
    return static_cast<double>(time.time_since_epoch().count()) / 1e3;
}

}  // namespace connector::metrics
