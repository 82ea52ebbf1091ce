#pragma once

#include "ilp/amount.hpp"

#include <cstdint>

namespace ilp {

/// How much arrives for how much is sent, in the smallest units of both assets: an exact fraction, so that no unit is
/// lost or invented by rounding. Neither number is zero.
struct exchange_ratio {
    std::uint64_t delivered = 1;
    std::uint64_t sent = 1;

    // The results stop at amount::max().

    /// What an amount sent delivers, rounded down as connectors do.
    amount delivered_for(amount sent_amount) const noexcept;
    /// The same rounded up: the least that an amount sent may deliver if the ratio is a minimum.
    amount minimum_for(amount sent_amount) const noexcept;
    /// The least amount sent for which delivered_for() is at least `delivered_amount`.
    amount sent_for(amount delivered_amount) const noexcept;

    friend bool operator==(const exchange_ratio&, const exchange_ratio&) = default;
};

inline constexpr unsigned slippage_max = 9'999;  ///< in basis points

/// The ratio that is worse than `quoted` by `slippage` basis points. If the exact fraction has numbers above 2^64-1,
/// the result is the next one above it that can be represented, so a minimum never becomes weaker than agreed.
/// Precondition: slippage <= slippage_max.
exchange_ratio with_slippage(const exchange_ratio& quoted, unsigned slippage) noexcept;

}  // namespace ilp
