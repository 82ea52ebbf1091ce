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

/// Input coercion (sections 3.5 to 3.12 and 6.1.2 of the specification) turns what clients send into what resolvers
/// read. A number keeps its digits, an enum value becomes a string, an input object gets its defaults, and a single
/// value is accepted for a list.
namespace peering::graphql {

/// Coerces a literal of a document and substitutes the variables. Returns nullopt if the value is not of this type;
/// after validation, that can only be null where the type is non-null.
std::optional<boost::json::value> coerce_literal(const type& type, const literal& literal,
                                                 const boost::json::object& variables);

/// Coerces the given arguments and fills in defaults.
std::expected<boost::json::object, error> coerce_arguments(std::span<const parameter> parameters,
                                                           const std::vector<argument>& given,
                                                           const boost::json::object& variables, location at);

/// Coerces an operation's variables from the values sent with the request. A variable with neither a value nor a
/// default is absent from the result.
std::expected<boost::json::object, std::vector<error>> coerce_variables(const schema& schema,
                                                                        const operation_definition& operation,
                                                                        const boost::json::object& given);

/// Converts a literal given for a scalar or an enum.
scalar_input to_scalar_input(const literal& literal);

}  // namespace peering::graphql
