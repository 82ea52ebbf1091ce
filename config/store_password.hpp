#pragma once

#include <string_view>

namespace config {

/// True if the URL of a store contains a password, or something that may be one.
bool has_password(std::string_view store_url) noexcept;

}  // namespace config
