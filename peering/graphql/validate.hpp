#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/schema.hpp"

#include <vector>

namespace peering::graphql {

/// What is wrong with an executable document for this schema (section 5 of the specification), and the bounds on what
/// it asks for. Takes time in proportion to the document, but for the bounded comparison of fields that share a name.
std::vector<error> validate(const schema& schema, const document& document);

}  // namespace peering::graphql
