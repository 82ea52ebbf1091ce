#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/schema.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// Inputs (sections 3.5 to 3.12 and 6.1.2 of the specification): what clients give becomes what resolvers read. A
/// number keeps its digits, an enum's value is a string, an input object has its defaults; a single value may stand for
/// a list.
namespace peering::graphql {

/// A value that stands in a document, with the variables put in. Empty: it is not of this type, which validation has
/// excluded but for null in the place of something non-null.
std::optional<boost::json::value> coerce_literal(const type& type, const literal& literal,
                                                 const boost::json::object& variables);

/// The arguments as they stand, defaults filled in.
std::expected<boost::json::object, error> coerce_arguments(std::span<const parameter> parameters,
                                                           const std::vector<argument>& given,
                                                           const boost::json::object& variables, location at);

/// The variables of an operation, from what came with the request. Those that nobody gave and that have no default are
/// absent from the result.
std::expected<boost::json::object, std::vector<error>> coerce_variables(const schema& schema,
                                                                        const operation_definition& operation,
                                                                        const boost::json::object& given);

/// What a document says in one place for a scalar or an enum.
scalar_input to_scalar_input(const literal& literal);

}  // namespace peering::graphql
