#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace ilp {

/// A number of the smallest units of one asset; the whole range of u64 (RFC 27). It says nothing about which asset:
/// whoever holds an amount knows the account that it belongs to.
struct amount {
    std::uint64_t value = 0;

    static constexpr amount max() noexcept { return {std::numeric_limits<std::uint64_t>::max()}; }
    constexpr bool is_zero() const noexcept { return value == 0; }
    friend constexpr auto operator<=>(amount, amount) = default;
};

/// Empty when the sum does not fit.
constexpr std::optional<amount> try_add(amount a, amount b) noexcept {
    if (b.value > amount::max().value - a.value) return std::nullopt;
    return amount{a.value + b.value};
}

/// Empty when the difference would be negative.
constexpr std::optional<amount> try_subtract(amount a, amount b) noexcept {
    if (b > a) return std::nullopt;
    return amount{a.value - b.value};
}

/// Decimal digits only: no sign, no space, no separator. Leading zeros are allowed. Empty above 2^64-1.
std::optional<amount> parse_amount(std::string_view digits) noexcept;

std::string to_string(amount value);

}  // namespace ilp
