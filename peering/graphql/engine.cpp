#include "peering/graphql/engine.hpp"

#include "peering/graphql/bounds.hpp"
#include "peering/graphql/coerce.hpp"
#include "peering/graphql/execute.hpp"
#include "peering/graphql/introspection.hpp"
#include "peering/graphql/page_cost.hpp"
#include "peering/graphql/parser.hpp"
#include "peering/graphql/validate.hpp"

#include <boost/json/array.hpp>

#include <stdexcept>
#include <utility>

namespace peering::graphql {
namespace {

execution_result refuse(progress reached, const std::vector<error>& errors) {
    auto result = execution_result{};
    result.reached = reached;
    auto list = boost::json::array{};
    for (const auto& error : errors) list.push_back(to_json(error));
    result.body["errors"] = std::move(list);
    return result;
}

std::expected<const operation_definition*, std::string> choose(const document& document, std::string_view name) {
    if (name.empty()) {
        if (document.operations.size() == 1) return &document.operations.front();
        return std::unexpected{document.operations.empty()
                                   ? "Must provide an operation."
                                   : "Must provide operation name if query contains multiple operations."};
    }
    for (const auto& operation : document.operations)
        if (operation.name.text == name) return &operation;
    return std::unexpected{"Unknown operation named \"" + std::string{name} + "\"."};
}

}  // namespace

engine::engine(graphql::schema schema, resolvers resolvers)
    : schema_{std::move(schema)}, resolvers_{std::move(resolvers)} {
    resolvers_.merge(introspection_resolvers(schema_));
    for (const auto& [name, resolver] : resolvers_) {
        const auto dot = std::min(name.find('.'), name.size());
        const auto type_name = std::string_view{name}.substr(0, dot);
        const auto field_name = std::string_view{name}.substr(std::min(dot + 1, name.size()));
        const auto* type = type_name == "__Meta" ? &schema_.query() : schema_.find_type(type_name);
        const auto* field = type == nullptr ? nullptr : schema_.find_field(*type, field_name);
        if (field == nullptr) throw std::invalid_argument{"the schema has no field " + name};
        resolver_of_.emplace(field, &resolver);
    }
}

std::expected<prepared, execution_result> engine::prepare(std::string_view query,
                                                          std::string_view operation_name) const {
    auto parsed = parse(query);
    if (!parsed) return std::unexpected{refuse(progress::refused, {parsed.error()})};
    auto result = prepared{std::make_unique<const document>(*std::move(parsed)), nullptr};
    if (const auto errors = validate(schema_, *result.source); !errors.empty())
        return std::unexpected{refuse(progress::refused, errors)};
    auto problem = error{{}, {}, std::string{code::operation_resolution_failure}, {}};
    if (const auto chosen = choose(*result.source, operation_name)) {
        result.operation = *chosen;
        const auto kind = result.operation->kind;
        if (kind == operation_kind::query || (kind == operation_kind::mutation && schema_.mutation() != nullptr))
            return result;
        problem.message = "Schema is not configured to execute " + std::string{to_string(kind)} + " operation.";
        problem.locations = {result.operation->at};
    } else {
        problem.message = chosen.error();
    }
    return std::unexpected{refuse(progress::refused, {problem})};
}

execution_result engine::execute(const prepared& prepared, const boost::json::object& variables,
                                 context& context) const {
    const auto coerced = coerce_variables(schema_, *prepared.operation, variables);
    if (!coerced) return refuse(progress::validated, coerced.error());
    if (page_cost(schema_, *prepared.source, *prepared.operation, *coerced) > page_nodes_max) {
        const auto message = "The document asks for more than " + std::to_string(page_nodes_max) +
                             " nodes, because nested pages multiply: request smaller pages.";
        return refuse(progress::validated,
                      {{message, {prepared.operation->at}, std::string{code::bad_user_input}, {}}});
    }
    return graphql::execute({.of = schema_,
                             .resolver_of = resolver_of_,
                             .source = *prepared.source,
                             .operation = *prepared.operation,
                             .variables = *coerced,
                             .context = context});
}

execution_result engine::run(std::string_view query, std::string_view operation_name,
                             const boost::json::object& variables, context& context) const {
    auto ready = prepare(query, operation_name);
    return ready ? execute(*ready, variables, context) : std::move(ready).error();
}

}  // namespace peering::graphql
