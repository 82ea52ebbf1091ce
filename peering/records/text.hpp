#pragma once

#include <string>
#include <string_view>

namespace peering {

/// Changes ASCII letters only.
void to_lower_case(std::string& text) noexcept;

/// Returns `text` without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace peering
