#include "peering/directory/limits.hpp"

#include "ilp/invariant.hpp"
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

void token_bucket::give_back(std::uint64_t tokens) noexcept {
    // Every unit of `full_at_` that is subtracted here was added by try_take(), so this never wraps.
    full_at_.fetch_sub(units_for(tokens), std::memory_order_relaxed);
}

std::chrono::nanoseconds token_bucket::fill_time() const noexcept {
    return std::chrono::nanoseconds{
        static_cast<std::int64_t>(wide_amount{burst_units_} * nanoseconds_per_second / units_per_second_)};
}

bool token_bucket::has_terms(std::uint64_t rate, std::uint64_t burst) const noexcept {
    return rate_ == std::max<std::uint64_t>(rate, 1) && burst_ == burst;
}

amount_in_use amount_in_use::with_max(ilp::amount max) const noexcept {
    amount_in_use changed = *this;
    changed.max_ = max.value;
    return changed;
}

std::optional<amount_in_use> with_max(const std::optional<amount_in_use>& before, std::optional<ilp::amount> max) {
    if (!max) return std::nullopt;
    return before ? before->with_max(*max) : amount_in_use{*max};
}

bool amount_in_use::try_take(ilp::amount amount) noexcept {
    std::uint64_t used = used_->load(std::memory_order_relaxed);
    do {
        // More than the maximum is in use after the maximum was lowered.
        if (amount.value > max_ - std::min(used, max_)) return false;
    } while (!used_->compare_exchange_weak(used, used + amount.value, std::memory_order_relaxed));
    return true;
}

void amount_in_use::give_back(ilp::amount amount) noexcept {
    const std::uint64_t before = used_->fetch_sub(amount.value, std::memory_order_relaxed);
    ilp::require(before >= amount.value, "no packet gives back more than was taken");
}

taken_limits::shortage taken_limits::try_take(const std::shared_ptr<peer_limits>& sender, ilp::amount incoming,
                                              const std::shared_ptr<peer_limits>* next_hop, ilp::amount outgoing,
                                              ilp::steady_time now) {
    const auto from_bucket = [now](const std::shared_ptr<token_bucket>& bucket, ilp::amount amount) {
        return !bucket || bucket->try_take(amount.value, now);
    };
    auto& in_flight = sender->in_flight_amount;
    if (in_flight && !in_flight->try_take(incoming)) return shortage::in_flight_amount;
    const auto& throughput = sender->incoming_throughput;
    if (!from_bucket(throughput, incoming)) {
        if (in_flight) in_flight->give_back(incoming);
        return shortage::incoming_throughput;
    }
    if (next_hop != nullptr && !from_bucket((*next_hop)->outgoing_throughput, outgoing)) {
        if (throughput) throughput->give_back(incoming.value);
        if (in_flight) in_flight->give_back(incoming);
        return shortage::outgoing_throughput;
    }
    // Only limits that exist are worth two atomic operations on their counter.
    if (in_flight || throughput) sender_ = sender;
    if (next_hop != nullptr && (*next_hop)->outgoing_throughput) next_hop_ = *next_hop;
    return shortage::none;
}

void taken_limits::give_back_throughput(ilp::amount incoming, ilp::amount outgoing,
                                        std::chrono::nanoseconds held_for) const noexcept {
    const auto give_back = [held_for](token_bucket& bucket, ilp::amount amount) {
        if (held_for < bucket.fill_time()) bucket.give_back(amount.value);
    };
    if (sender_ && sender_->incoming_throughput) give_back(*sender_->incoming_throughput, incoming);
    if (next_hop_) give_back(*next_hop_->outgoing_throughput, outgoing);
}

void taken_limits::end(ilp::amount incoming) noexcept {
    if (sender_ && sender_->in_flight_amount) sender_->in_flight_amount->give_back(incoming);
    sender_.reset();
    next_hop_.reset();
}

}  // namespace peering
