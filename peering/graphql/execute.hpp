#pragma once

#include "peering/graphql/engine.hpp"

namespace peering::graphql {

/// The inputs of execution (section 6 of the specification). All must outlive it.
struct execution_plan {
    const schema& of;
    const std::unordered_map<const field*, const resolver*>& resolver_of;
    const document& source;
    const operation_definition& operation;
    const boost::json::object& variables;  ///< coerced
    graphql::context& context;
};

/// Precondition: the document is valid. Execution stops with an error once the answer exceeds answer_values_max; `data`
/// is then null.
execution_result execute(const execution_plan& plan);

}  // namespace peering::graphql
