#include "tests/support/metrics.hpp"

#include <cstdlib>
#include <stdexcept>

namespace support {
namespace {

bool matches(std::string_view series, std::string_view name, const metrics::labels& wanted) {
    if (!series.starts_with(name)) return false;
    const std::string_view rest = series.substr(name.size());
    if (!rest.empty() && !rest.starts_with('{')) return false;
    for (const auto& [key, value] : wanted) {
        const std::string label = std::string{key} + "=\"" + std::string{value} + "\"";
        if (!rest.contains("{" + label) && !rest.contains("," + label)) return false;
    }
    return true;
}

}  // namespace

metrics::metrics(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string line{text.substr(0, end)};
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.starts_with('#')) continue;
        const std::size_t brace = line.rfind('}');
        const std::size_t space = line.find(' ', brace == std::string::npos ? 0 : brace);
        if (space == std::string::npos) throw std::runtime_error{"not a metrics line: " + line};
        series_[line.substr(0, space)] = std::strtod(line.c_str() + space + 1, nullptr);
    }
}

bool metrics::has(std::string_view name, const labels& wanted) const {
    for (const auto& [series, value] : series_) {
        if (matches(series, name, wanted)) return true;
    }
    return false;
}

double metrics::sum(std::string_view name, const labels& wanted) const {
    double total = 0;
    for (const auto& [series, value] : series_) {
        if (matches(series, name, wanted)) total += value;
    }
    return total;
}

}  // namespace support
