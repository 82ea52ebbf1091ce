#pragma once

#include "peering/graphql/engine.hpp"

namespace peering::graphql {

/// What execution needs to know (section 6 of the specification). Everything outlives it.
struct execution_plan {
    const schema& of;
    const std::unordered_map<const field*, const resolver*>& resolver_of;
    const document& source;
    const operation_definition& operation;
    const boost::json::object& variables;  ///< coerced
    graphql::context& context;
};

/// Precondition: the document is valid. The answer is cut short at answer_values_max.
answer execute(const execution_plan& plan);

}  // namespace peering::graphql
