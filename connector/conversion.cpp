#include "connector/conversion.hpp"

#include <algorithm>
#include <cstdlib>

namespace connector {
namespace {

constexpr int exponent_max = 20;

}  // namespace

conversion conversion::between_scales(std::uint8_t incoming, std::uint8_t outgoing) noexcept {
    conversion made;
    wide& factor = outgoing > incoming ? made.multiplier_ : made.divisor_;
    for (int i = std::min(std::abs(outgoing - incoming), exponent_max); i > 0; --i) factor *= 10;
    return made;
}

conversion::result conversion::convert(ilp::amount incoming) const noexcept {
    // 2^64 * 10^20 needs 131 bits; an amount that could reach that overflows anyway.
    if (multiplier_ > 1 && incoming.value > ilp::amount::max().value / multiplier_) return {outcome::overflow, {}};
    const wide outgoing = incoming.value * multiplier_ / divisor_;
    if (outgoing == 0 && !incoming.is_zero()) return {outcome::to_zero, {}};
    return {outcome::converted, {static_cast<std::uint64_t>(outgoing)}};
}

ilp::amount conversion::largest_incoming(ilp::amount outgoing) const noexcept {
    if (multiplier_ > 1) return {static_cast<std::uint64_t>(outgoing.value / multiplier_)};
    const wide next = wide{outgoing.value} + 1;
    if (next > ilp::amount::max().value / divisor_ + 1) return ilp::amount::max();
    return {static_cast<std::uint64_t>(std::min<wide>(next * divisor_ - 1, ilp::amount::max().value))};
}

}  // namespace connector
