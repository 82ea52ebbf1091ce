#pragma once

#include "peering/graphql/schema.hpp"

#include <string_view>

namespace peering::admin {

/// The exact text of schema.graphql, which defines the Admin API. It is compiled in.
extern const std::string_view schema_text;

/// Parses and checks the schema. Because the text is part of the program, an error in it is a bug and throws
/// std::logic_error.
graphql::schema load_schema();

}  // namespace peering::admin
