#include "connector/ilpctl/rates.hpp"

#include "connector/ilpctl/session.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

namespace connector::ilpctl {
namespace {

namespace json = boost::json;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double longest_bound = 30;

/// A counter of the API, which is a string of digits.
double number_in(const json::object& object, std::string_view name) {
    return std::stod(field(object, name));
}

double number_at(const json::object& traffic, std::string_view direction, std::string_view name) {
    return number_in(part(traffic, direction), name);
}

double refused_in(const json::object& traffic) {
    double sum = 0;
    for (const json::value& each : traffic.at("refusals").as_array()) sum += number_in(each.as_object(), "count");
    return sum;
}

struct bucket {
    double bound = 0;  ///< seconds
    double count = 0;
};

std::vector<bucket> buckets_of(const json::object& traffic) {
    std::vector<bucket> all;
    for (const json::value& each : traffic.at("durations").as_array()) {
        const auto& bound = each.at("seconds");
        all.push_back({bound.is_null() ? infinite : bound.to_number<double>(), number_in(each.as_object(), "count")});
    }
    return all;
}

/// The bound of the first bucket up to which there is this share of all packets.
std::optional<double> bound_of(const std::vector<bucket>& buckets, double share) {
    double sum = 0;
    for (const bucket& each : buckets) sum += each.count;
    if (sum <= 0) return std::nullopt;
    double seen = 0;
    for (const bucket& each : buckets) {
        seen += each.count;
        if (seen >= sum * share) return each.bound;
    }
    return infinite;
}

bool has_begun_anew(const json::object& before, const json::object& after) {
    return number_at(after, "incoming", "prepares") < number_at(before, "incoming", "prepares") ||
           number_at(after, "outgoing", "prepares") < number_at(before, "outgoing", "prepares");
}

}  // namespace

peer_rates rates_between(const json::value& before, const json::object& after, double seconds) {
    const json::object* earlier = before.if_object();
    if (earlier != nullptr && has_begun_anew(*earlier, after)) earlier = nullptr;
    const auto rate = [&](std::string_view direction, std::string_view name) {
        const double start = earlier != nullptr ? number_at(*earlier, direction, name) : 0;
        return (number_at(after, direction, name) - start) / seconds;
    };
    auto buckets = buckets_of(after);
    if (earlier != nullptr) {
        const auto start = buckets_of(*earlier);
        for (std::size_t i = 0; i < buckets.size() && i < start.size(); ++i) buckets[i].count -= start[i].count;
    }
    return {.received = rate("incoming", "prepares"),
            .sent = rate("outgoing", "prepares"),
            .fulfilled = rate("incoming", "fulfills"),
            .rejected = rate("incoming", "rejects"),
            .refused = (refused_in(after) - (earlier != nullptr ? refused_in(*earlier) : 0)) / seconds,
            .median = bound_of(buckets, 0.5),
            .percentile_99 = bound_of(buckets, 0.99)};
}

std::string show_rate(double per_second) {
    if (per_second <= 0) return "0";
    if (per_second < 10) return fmt::format("{:.2g}", per_second);
    if (per_second < 100) return fmt::format("{:.1f}", per_second);
    if (per_second < 10'000) return fmt::format("{:.0f}", per_second);
    return fmt::format("{:.0f}k", per_second / 1000);
}

std::string show_bound(const std::optional<double>& seconds) {
    if (!seconds) return "-";
    if (std::isinf(*seconds)) return fmt::format(">{:.0f} s", longest_bound);
    return *seconds < 1 ? fmt::format("{:g} ms", *seconds * 1000) : fmt::format("{:g} s", *seconds);
}

}  // namespace connector::ilpctl
