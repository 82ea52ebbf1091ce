#pragma once

#include "ilp/amount.hpp"
#include "ilp/rate.hpp"

#include <cstdint>

namespace connector {

/// Converts an incoming amount to the asset of the next hop: multiplies it by the rate, deducts the spread and changes
/// the scale. The result is exact, rounded down once at the end, even for the largest incoming amounts. Uses no
/// floating point and allocates nothing.
class conversion {
public:
    enum class status : std::uint8_t { converted, to_zero, overflow };

    struct result {
        conversion::status status;
        ilp::amount amount;  ///< valid only for `converted`
    };

    /// `spread` is the share that this node keeps, in basis points, at most 9999.
    conversion(const ilp::rate& rate, std::uint16_t spread, std::uint8_t incoming_scale,
               std::uint8_t outgoing_scale) noexcept;

    /// Zero converts to zero. A non-zero amount that would be rounded down to zero is `to_zero`.
    result convert(ilp::amount incoming) const noexcept;

    /// The largest incoming amount that converts to at most `outgoing`.
    ilp::amount largest_incoming(ilp::amount outgoing) const noexcept;

private:
    // An incoming amount is multiplied by factor_ * 10^exponent_.
    ilp::uint128 factor_;
    int exponent_;
};

}  // namespace connector
