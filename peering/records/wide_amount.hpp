#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace peering {

/// Wide enough for the sum of 2^64 amounts.
__extension__ typedef unsigned __int128 wide_amount;

inline constexpr std::size_t wide_amount_digits_max = 39;

/// Buffer for the decimal form of one amount; stores bind the text without a copy.
using wide_amount_buffer = std::array<char, wide_amount_digits_max>;

/// Writes the form in which every store keeps amounts: decimal digits, no sign, no leading zero, "0" for zero. SQLite's
/// integers are signed 64-bit and its other numbers are floating point, so SQLite stores amounts as text.
std::string_view to_text(wide_amount value, wide_amount_buffer& buffer) noexcept;

/// Accepts exactly what to_text() writes; nullopt for anything else.
std::optional<wide_amount> parse_wide_amount(std::string_view text) noexcept;

}  // namespace peering
