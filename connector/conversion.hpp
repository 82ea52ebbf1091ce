#pragma once

#include "ilp/amount.hpp"

#include <cstdint>

namespace connector {

/// What an incoming amount becomes in the asset of the next hop. Exact: rounded down once, at the end; the largest
/// incoming amounts are exact, too.
class conversion {
public:
    enum class outcome : std::uint8_t { converted, to_zero, overflow };

    struct result {
        outcome what;
        ilp::amount amount;  ///< of `converted`
    };

    /// Between two scales of one currency: times or divided by a power of ten.
    static conversion between_scales(std::uint8_t incoming, std::uint8_t outgoing) noexcept;

    /// Zero stays zero; anything else that would become zero is `to_zero`.
    result convert(ilp::amount incoming) const noexcept;

    /// The largest incoming amount that converts to at most `outgoing`.
    ilp::amount largest_incoming(ilp::amount outgoing) const noexcept;

private:
    __extension__ typedef unsigned __int128 wide;

    // 10^20 does not fit 64 bits: powers above 19 are cut to it, and already give zero or overflow for every amount.
    wide multiplier_ = 1;
    wide divisor_ = 1;
};

}  // namespace connector
