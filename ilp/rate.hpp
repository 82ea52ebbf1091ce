#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ilp {

__extension__ typedef unsigned __int128 uint128;

inline constexpr int rate_digits_max = 34;
inline constexpr int rate_exponent_max = 255;  // an asset scale allows as many decimal places

/// The number of units of one currency that one unit of another buys: a positive decimal number, stored exactly as
/// written. Its value is digits * 10^exponent.
struct rate {
    uint128 digits = 1;  ///< at most rate_digits_max digits, the last not zero; 10'000 times the value still fits
    int exponent = 0;    ///< from -rate_exponent_max to rate_exponent_max
    friend bool operator==(const rate&, const rate&) = default;
};

/// Parses a number in JSON syntax, such as 0.813399 or 1.5e-7. Returns nullopt for anything else, for zero and negative
/// numbers, and for more digits than a rate can hold; leading and trailing zeros are not counted.
std::optional<rate> parse_rate(std::string_view text) noexcept;

/// Writes without an exponent; parse_rate() reads the result back.
std::string to_string(const rate& rate);

}  // namespace ilp
