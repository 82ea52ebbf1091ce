#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// One scrape in Prometheus' text format. Maps `name{label="value",...}`, spelled as in the scrape, to its value.
class metrics {
public:
    using labels = std::vector<std::pair<std::string_view, std::string_view>>;

    /// Throws std::runtime_error for a line that is neither a comment nor a sample.
    explicit metrics(std::string_view text);

    const std::map<std::string, double>& series() const noexcept { return series_; }

    bool has(std::string_view name, const labels& wanted = {}) const;
    /// The sum over all series of that name that have these labels, and possibly others. 0 if there is none.
    double sum(std::string_view name, const labels& wanted = {}) const;

private:
    std::map<std::string, double> series_;
};

}  // namespace support
