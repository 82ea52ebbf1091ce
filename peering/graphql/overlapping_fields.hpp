#pragma once

#include "peering/graphql/typed_document.hpp"

namespace peering::graphql {

/// Finds fields with the same response name that cannot be merged (section 5.3.2 of the specification).
///
/// Precondition: no fragment spreads itself. Each pair of fields is compared once, no matter how many paths lead to it;
/// field_comparisons_max limits the number of pairs.
std::vector<error> find_overlapping_fields(const typed_document& in);

}  // namespace peering::graphql
