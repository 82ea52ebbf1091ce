#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ilp {

__extension__ typedef unsigned __int128 uint128;

inline constexpr int rate_digits_max = 34;
inline constexpr int rate_exponent_max = 255;  // as many decimal places as an asset's scale can have

/// How many units of one currency a unit of another buys: a decimal number above zero, exactly as it was written. Its
/// value is digits * 10^exponent.
struct rate {
    uint128 digits = 1;  ///< at most rate_digits_max of them, the last not zero; times 10'000 it still fits
    int exponent = 0;    ///< from -rate_exponent_max to rate_exponent_max
    friend bool operator==(const rate&, const rate&) = default;
};

/// A number as JSON writes it, such as 0.813399 or 1.5e-7. Empty for anything else, for zero and what is below it, and
/// for what has more digits than a rate can keep; zeros at both ends are not counted.
std::optional<rate> parse_rate(std::string_view text) noexcept;

/// Without an exponent; parse_rate() takes it back.
std::string to_string(const rate& rate);

}  // namespace ilp
