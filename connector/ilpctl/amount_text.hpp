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

/// "USD/9".
std::string to_string(const asset_unit& unit);

/// Empty: it is not a code, a slash and a scale. A code may have slashes of its own.
std::optional<asset_unit> parse_asset_unit(std::string_view text);

/// How people type and read amounts.
enum class amount_form : std::uint8_t {
    units,  ///< of the asset: "12.50", or "12.50 USD"
    raw,    ///< of its smallest unit: "12500000000"
};

/// Reads what a person typed, from its digits alone. The error is a whole sentence that says what would fit.
std::expected<ilp::amount, std::string> parse_amount(std::string_view text, const asset_unit& unit, amount_form form);

/// With the asset's code. All decimals that are not zero are shown, and at least two where the scale has two; a scale
/// of 1 has one, and a scale of 0 none.
std::string show_amount(ilp::amount amount, const asset_unit& unit, amount_form form);

}  // namespace connector::ilpctl
