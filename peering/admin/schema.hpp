#pragma once

#include "peering/graphql/schema.hpp"

#include <string_view>

namespace peering::admin {

/// schema.graphql, word for word: all that the Admin API can be asked. It is compiled in.
extern const std::string_view schema_text;

/// The same, checked. The text is part of the program: that it is wrong is a bug, and throws std::logic_error.
graphql::schema load_schema();

}  // namespace peering::admin
