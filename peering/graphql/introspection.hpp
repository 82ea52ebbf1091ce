#pragma once

#include "peering/graphql/resolver.hpp"
#include "peering/graphql/schema.hpp"

#include <string_view>

/// Introspection: what a schema reports about itself (section 4 of the specification).
namespace peering::graphql {

/// The types, scalars and directives that every schema has.
extern const std::string_view built_in_definition;

/// Returns the resolvers of `__Schema`, `__Type` and the other introspection types, and under "__Meta.__schema" and
/// "__Meta.__type" those of the two fields that lead to them. They read `of`, which must outlive them.
resolvers introspection_resolvers(const schema& of);

}  // namespace peering::graphql
