#pragma once

#include <string>
#include <string_view>

namespace peering {

/// ASCII letters only.
void to_lower_case(std::string& text) noexcept;

/// Without the spaces and tabs at both ends.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace peering
