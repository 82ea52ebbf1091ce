#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/schema.hpp"

#include <boost/json/object.hpp>

#include <cstddef>

namespace peering::graphql {

/// How many nodes an operation asks for at most: each field that has an argument `first`, `last` or `limit` is a page
/// of as many, and a page within a page comes that many times. As if nothing were skipped. Counts up to page_nodes_max
/// and one more. Preconditions: the document is valid, the variables are coerced.
std::size_t page_cost(const schema& schema, const document& document, const operation_definition& operation,
                      const boost::json::object& variables);

}  // namespace peering::graphql
