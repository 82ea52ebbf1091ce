#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/schema.hpp"

#include <boost/json/object.hpp>

#include <cstddef>

namespace peering::graphql {

/// Returns the maximum number of nodes that an operation can ask for. Each field with an argument `first`, `last` or
/// `limit` is a page of that many nodes, and a nested page is multiplied by the size of the outer one. @skip and
/// @include are ignored. Counting stops at page_nodes_max + 1. Preconditions: the document is valid and the variables
/// are coerced.
std::size_t page_cost(const schema& schema, const document& document, const operation_definition& operation,
                      const boost::json::object& variables);

}  // namespace peering::graphql
