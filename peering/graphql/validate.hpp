#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/schema.hpp"

#include <vector>

namespace peering::graphql {

/// Returns the errors of an executable document for this schema (section 5 of the specification), and checks the bounds
/// on what it asks for. Takes time proportional to the document, except for the bounded comparison of fields with the
/// same response name.
std::vector<error> validate(const schema& schema, const document& document);

}  // namespace peering::graphql
