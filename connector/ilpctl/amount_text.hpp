#pragma once

#include "ilp/amount.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace connector::ilpctl {

struct asset_unit {
    std::string code;
    std::uint8_t scale = 0;
    friend bool operator==(const asset_unit&, const asset_unit&) = default;
};

/// Formats a unit, such as "USD/9".
std::string to_string(const asset_unit& unit);

/// Returns nullopt if the text is not a code, a slash and a scale. The code itself may contain slashes.
std::optional<asset_unit> parse_asset_unit(std::string_view text);

/// The notation in which amounts are entered and shown.
enum class amount_form : std::uint8_t {
    units,  ///< in units of the asset: "12.50", or "12.50 USD"
    raw,    ///< in its smallest unit: "12500000000"
};

/// Parses what a person typed, using its digits only. The error is a complete sentence that says what is accepted.
std::expected<ilp::amount, std::string> parse_amount(std::string_view text, const asset_unit& unit, amount_form form);

/// Formats an amount with the asset's code. Shows all significant decimals, and at least two if the scale is 2 or more,
/// one if it is 1, and none if it is 0.
std::string show_amount(ilp::amount amount, const asset_unit& unit, amount_form form);

/// The same for decimal digits without a leading zero, however many.
std::string show_amount(std::string_view digits, const asset_unit& unit, amount_form form);

}  // namespace connector::ilpctl
