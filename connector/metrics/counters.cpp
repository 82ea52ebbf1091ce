#include "connector/metrics/counters.hpp"

#include <tuple>
#include <type_traits>

namespace connector {
namespace {

// Visits all counters of each struct. A structured binding must name every member, so a new member that is missing here
// does not compile.

template <typename T, typename counters>
concept is_const_or_not = std::is_same_v<std::remove_const_t<T>, counters>;

auto numbers_of(is_const_or_not<duration_histogram> auto& counters) {
    auto& [buckets, sum] = counters;
    return std::tie(buckets, sum);
}

auto numbers_of(is_const_or_not<packet_counters> auto& counters) {
    auto& [prepares, fulfills, rejects, amount] = counters;
    return std::tie(prepares, fulfills, rejects, amount);
}

auto numbers_of(is_const_or_not<reply_counters> auto& counters) {
    auto& [fulfills, rejects] = counters;
    return std::tie(fulfills, rejects);
}

auto numbers_of(is_const_or_not<split_counters> auto& counters) {
    auto& [by_result] = counters;
    return std::tie(by_result);
}

auto numbers_of(is_const_or_not<peer_counters> auto& counters) {
    auto& [incoming, outgoing, packets_in_flight, amount_in_flight, duration, answers, refusals, undelivered, splits] =
        counters;
    return std::tie(incoming, outgoing, packets_in_flight, amount_in_flight, duration, answers, refusals, undelivered,
                    splits);
}

template <typename T>
void add_to(T& to, const T& from) {
    if constexpr (std::is_arithmetic_v<T>) {
        to += from;
    } else if constexpr (std::is_same_v<T, refusal_counters>) {
        to.add(from);
    } else if constexpr (requires { to.size(); }) {
        for (std::size_t i = 0; i < to.size(); ++i) add_to(to[i], from[i]);
    } else {
        const auto from_numbers = numbers_of(from);
        const auto add_each = [&]<std::size_t... i>(std::index_sequence<i...>, const auto& to_numbers) {
            (add_to(std::get<i>(to_numbers), std::get<i>(from_numbers)), ...);
        };
        add_each(std::make_index_sequence<std::tuple_size_v<decltype(from_numbers)>>{}, numbers_of(to));
    }
}

}  // namespace

refusal_counters::refusal_counters(const refusal_counters& other)
    : counts_{other.counts_ ? std::make_unique<counts>(*other.counts_) : nullptr} {}

void refusal_counters::add(const refusal_counters& other) {
    if (!other.counts_) return;
    if (!counts_) counts_ = std::make_unique<counts>();
    add_to(*counts_, *other.counts_);
}

void packet_counters::add(const packet_counters& other) noexcept {
    add_to(*this, other);
}

void peer_counters::add(const peer_counters& other) {
    add_to(*this, other);
}

}  // namespace connector
