#include "peering/directory/limits.hpp"

#include "peering/records/wide_amount.hpp"

#include <algorithm>

namespace peering {
namespace {

constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;
constexpr std::uint64_t burst_units_max = std::uint64_t{1} << 62;

}  // namespace

token_bucket::token_bucket(std::uint64_t rate, std::uint64_t burst) noexcept
    : rate_{std::max<std::uint64_t>(rate, 1)},
      burst_{burst},
      units_per_second_{rate_ < nanoseconds_per_second ? nanoseconds_per_second / rate_ * rate_
                                                       : nanoseconds_per_second},
      burst_units_{units_for(burst)} {}

std::uint64_t token_bucket::units_for(std::uint64_t tokens) const noexcept {
    const wide_amount units = (wide_amount{tokens} * units_per_second_ + rate_ - 1) / rate_;
    return static_cast<std::uint64_t>(std::min<wide_amount>(units, burst_units_max));
}

bool token_bucket::try_take(std::uint64_t tokens, ilp::steady_time now) noexcept {
    if (tokens > burst_) return false;
    const std::uint64_t cost = units_for(tokens);
    const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
    const auto now_units = static_cast<std::uint64_t>(wide_amount{static_cast<std::uint64_t>(elapsed)} *
                                                      units_per_second_ / nanoseconds_per_second);
    std::uint64_t full_at = full_at_.load(std::memory_order_relaxed);
    for (;;) {
        const std::uint64_t after = std::max(full_at, now_units) + cost;
        if (after - now_units > burst_units_) return false;
        if (full_at_.compare_exchange_weak(full_at, after, std::memory_order_relaxed)) return true;
    }
}

bool token_bucket::has_terms(std::uint64_t rate, std::uint64_t burst) const noexcept {
    return rate_ == std::max<std::uint64_t>(rate, 1) && burst_ == burst;
}

}  // namespace peering
