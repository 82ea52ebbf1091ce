#pragma once

#include <string>
#include <string_view>

namespace peering {

/// A random UUID (version 4) from the operating system's secure source, as 36 characters.
std::string new_uuid();

/// 36 characters, of version 4; hexadecimal digits in either case.
bool is_uuid_v4(std::string_view text) noexcept;

/// ASCII letters alone: the form in which UUIDs are kept and compared.
void to_lower_case(std::string& text) noexcept;

}  // namespace peering
