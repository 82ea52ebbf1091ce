#include "peering/parts/part_amounts.hpp"

#include "peering/parts/places.hpp"

#include <algorithm>

namespace peering {
namespace {

constexpr std::uint64_t first_packets = 64;
constexpr std::uint64_t least_packets = 4;
constexpr std::uint64_t sinking_share = 8;  // an eighth each second

/// A return is worth its transaction if it is at least this share of the target: a quarter.
constexpr std::uint64_t worthwhile_share = 4;

std::uint64_t times(std::uint64_t factor, std::uint64_t amount) noexcept {
    return amount > part_max / factor ? part_max : factor * amount;
}

}  // namespace

void part_use::observe(std::uint64_t debited, std::uint64_t held) noexcept {
    const std::uint64_t bounded = std::min(debited, part_max);
    const std::uint64_t used = bounded + std::min(held, part_max - bounded);
    if (used >= per_second_) {
        per_second_ = used;
    } else {
        // Rounded up, so that it reaches the bottom.
        const std::uint64_t above = per_second_ - used;
        per_second_ -= above / sinking_share + (above % sinking_share == 0 ? 0 : 1);
    }
}

std::uint64_t part_target(const part_use& use, std::uint64_t packet_max) noexcept {
    return std::max(times(2, use.per_second()), times(least_packets, packet_max));
}

std::uint64_t first_target(std::uint64_t packet_max) noexcept {
    return times(first_packets, packet_max);
}

lease_request request_for(std::uint64_t amount, std::uint64_t available, std::uint64_t target) noexcept {
    const std::uint64_t lacking = amount > available ? amount - available : 0;
    const std::uint64_t missing = target > available ? target - available : 0;
    return {lacking, std::max(lacking, missing)};
}

std::uint64_t granted_lease(std::uint64_t vault, const lease_request& request) noexcept {
    if (request.lacking > vault) return 0;
    return std::min(request.wanted, std::max(vault / 2, request.lacking));
}

std::uint64_t surplus(std::uint64_t available, std::uint64_t target) noexcept {
    if (available <= target) return 0;
    const std::uint64_t above = available - target;
    return above >= target / worthwhile_share ? above : 0;
}

std::uint64_t released_for_others(std::uint64_t available, const part_use& use, std::uint64_t wanted) noexcept {
    return available > use.per_second() ? std::min(available - use.per_second(), wanted) : 0;
}

}  // namespace peering
