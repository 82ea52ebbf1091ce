#pragma once

#include "peering/graphql/typed_document.hpp"

namespace peering::graphql {

/// Fields with one name in the answer can be merged (section 5.3.2 of the specification).
///
/// Precondition: no fragment spreads itself. Each pair of fields is compared once, whatever ways lead to it; the number
/// of pairs is bounded by field_comparisons_max.
std::vector<error> find_overlapping_fields(const typed_document& in);

}  // namespace peering::graphql
