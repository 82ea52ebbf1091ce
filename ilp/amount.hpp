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

/// Accepts decimal digits only: no sign, space or separator. Leading zeros are allowed. Returns nullopt above 2^64-1.
std::optional<amount> parse_amount(std::string_view digits) noexcept;

std::string to_string(amount value);

}  // namespace ilp
