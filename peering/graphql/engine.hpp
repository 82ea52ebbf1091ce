#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/resolver.hpp"
#include "peering/graphql/schema.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace peering::graphql {

/// How far a request got. From `validated` on, the HTTP status is 200 even if there are errors.
enum class progress : std::uint8_t {
    refused,    ///< not GraphQL, invalid for the schema, or no such operation: HTTP 400
    validated,  ///< the variables do not fit or ask for too much; nothing was executed
    executed,   ///< there is `data`, perhaps with errors
};

struct execution_result {
    progress reached = progress::refused;
    boost::json::object body;                  ///< `errors` if there are any, and `data` if it was executed
    std::vector<std::string> internal_errors;  ///< for the log: details that the answer does not disclose
};

/// A parsed and valid document, and the operation in it to execute.
struct prepared {
    std::unique_ptr<const document> source;
    const operation_definition* operation = nullptr;

    bool is_mutation() const { return operation->kind == operation_kind::mutation; }
};

/// Answers GraphQL requests (specification of October 2021) for one schema. It is immutable, so threads may share it if
/// the resolvers are thread-safe.
class engine {
public:
    /// Throws std::invalid_argument for a resolver of a field that the schema does not have.
    engine(graphql::schema schema, resolvers resolvers);
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    /// Does every check that needs no execution. The operation name may be empty if the document has only one
    /// operation.
    std::expected<prepared, execution_result> prepare(std::string_view query, std::string_view operation_name) const;

    /// Executes all fields one after the other; those of a mutation in document order.
    execution_result execute(const prepared& prepared, const boost::json::object& variables, context& context) const;

    /// Calls prepare() and execute().
    execution_result run(std::string_view query, std::string_view operation_name, const boost::json::object& variables,
                         context& context) const;

    const graphql::schema& schema() const { return schema_; }

private:
    graphql::schema schema_;
    resolvers resolvers_;
    std::unordered_map<const field*, const resolver*> resolver_of_;
};

}  // namespace peering::graphql
