#pragma once

#include "peering/graphql/document.hpp"

#include <expected>
#include <string_view>

namespace peering::graphql {

/// Parses executable documents and schema definitions; extensions (`extend type`) are not supported. The text is
/// limited by document_size_max, token_count_max and nesting_max.
std::expected<document, error> parse(std::string_view text);

}  // namespace peering::graphql
