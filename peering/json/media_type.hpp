#pragma once

#include <string_view>

namespace peering {

/// True for the value of a Content-Type header that names application/json. A charset, if given, must be UTF-8; other
/// parameters are ignored.
bool is_json_type(std::string_view content_type);

}  // namespace peering
