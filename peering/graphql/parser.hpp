#pragma once

#include "peering/graphql/document.hpp"

#include <expected>
#include <string_view>

namespace peering::graphql {

/// Executable documents, and the definitions that a schema is made of; extensions (`extend type`) are not taken. The
/// text is bounded by document_size_max, token_count_max and nesting_max.
std::expected<document, error> parse(std::string_view text);

}  // namespace peering::graphql
