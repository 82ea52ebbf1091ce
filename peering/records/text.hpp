#pragma once

#include "ilp/timestamp.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace peering {

/// Changes ASCII letters only.
void to_lower_case(std::string& text) noexcept;

/// Returns `text` without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text) noexcept;

/// The name of an asset for people and in metrics, such as USD/9.
std::string asset_text(std::string_view code, std::uint8_t scale);

/// ISO 8601 in UTC with milliseconds.
std::string iso_text(ilp::timestamp time);

/// The date alone, such as 2026-08-01.
std::string day_text(ilp::timestamp day);

}  // namespace peering
