#include "connector/control/source_rates.hpp"

#include <chrono>

namespace connector {
namespace {

constexpr std::uint64_t seconds_per_minute = 60;
constexpr std::chrono::minutes full_again{1};  // a source that has been silent for so long has its whole allowance
constexpr std::chrono::seconds sweep_pause{1};

}  // namespace

/// The bucket counts in sixtieths of a request, so that a rate per minute is a whole number per second.
source_rates::allowance::allowance(std::uint32_t per_minute) : bucket{per_minute, seconds_per_minute * per_minute} {}

bool source_rates::try_take(const source_key& source, ilp::steady_time now) {
    if (per_minute_ == 0) return true;
    allowance& asked = allowance_of(source, now);
    asked.last_asked = now;
    return asked.bucket.try_take(seconds_per_minute, now);
}

source_rates::allowance& source_rates::allowance_of(const source_key& source, ilp::steady_time now) {
    if (const auto found = known_.find(source); found != known_.end()) return found->second;
    if (known_.size() >= sources_max && now - last_swept_ >= sweep_pause) {
        last_swept_ = now;
        std::erase_if(known_, [now](const auto& each) { return now - each.second.last_asked >= full_again; });
    }
    return known_.size() < sources_max ? known_.try_emplace(source, per_minute_).first->second : others_;
}

}  // namespace connector
