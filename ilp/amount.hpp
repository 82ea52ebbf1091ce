#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace ilp {

/// A count of the smallest units of one asset; uses the full range of u64 (RFC 27). It does not say which asset: the
/// holder of an amount knows the account it belongs to.
struct amount {
    std::uint64_t value = 0;

    static constexpr amount max() noexcept { return {std::numeric_limits<std::uint64_t>::max()}; }
    constexpr bool is_zero() const noexcept { return value == 0; }
    friend constexpr auto operator<=>(amount, amount) = default;
};

/// Returns nullopt on overflow.
constexpr std::optional<amount> try_add(amount a, amount b) noexcept {
    if (b.value > amount::max().value - a.value) return std::nullopt;
    return amount{a.value + b.value};
}

/// Returns nullopt if the difference would be negative.
constexpr std::optional<amount> try_subtract(amount a, amount b) noexcept {
    if (b > a) return std::nullopt;
    return amount{a.value - b.value};
}

/// Accepts decimal digits only: no sign, space or separator. Leading zeros are allowed. Returns nullopt above 2^64-1.
std::optional<amount> parse_amount(std::string_view digits) noexcept;

std::string to_string(amount value);

}  // namespace ilp
