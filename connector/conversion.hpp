#pragma once

#include "ilp/amount.hpp"
#include "ilp/rate.hpp"

#include <cstdint>

namespace connector {

/// What an incoming amount becomes in the asset of the next hop: times the rate, less the spread, in the other scale.
/// Exact: rounded down once, at the end; the largest incoming amounts are exact, too. No floating point, no allocation.
class conversion {
public:
    enum class outcome : std::uint8_t { converted, to_zero, overflow };

    struct result {
        outcome what;
        ilp::amount amount;  ///< of `converted`
    };

    /// The spread is what is kept, in basis points: at most 9999.
    conversion(const ilp::rate& rate, std::uint16_t spread, std::uint8_t incoming_scale,
               std::uint8_t outgoing_scale) noexcept;

    /// Between two scales of one currency: times or divided by a power of ten.
    static conversion between_scales(std::uint8_t incoming, std::uint8_t outgoing) noexcept {
        return {ilp::rate{}, 0, incoming, outgoing};
    }

    /// Zero stays zero; anything else that would become zero is `to_zero`.
    result convert(ilp::amount incoming) const noexcept;

    /// The largest incoming amount that converts to at most `outgoing`.
    ilp::amount largest_incoming(ilp::amount outgoing) const noexcept;

private:
    // An amount is multiplied by factor_ * 10^exponent_.
    ilp::uint128 factor_;
    int exponent_;
};

}  // namespace connector
