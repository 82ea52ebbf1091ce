#include "peering/graphql/page_cost.hpp"

#include "peering/graphql/bounds.hpp"
#include "peering/graphql/coerce.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace peering::graphql {
namespace {

class page_counter {
public:
    page_counter(const schema& schema, const document& document, const boost::json::object& variables)
        : schema_{schema}, variables_{variables} {
        for (const auto& fragment : document.fragments) fragments_.emplace(fragment.name.text, &fragment);
    }

    /// Counts the nodes of a selection set that is answered `times` times.
    void count(const selection_set& set, const named_type& of, std::size_t times) {
        for (const auto& selection : set.selections) {
            if (nodes > page_nodes_max) return;
            switch (selection.kind) {
                case selection_kind::field:
                    count_field(selection, *schema_.find_field(of, selection.name.text), times);
                    break;
                case selection_kind::inline_fragment:
                    count(selection.set, selection.name.text.empty() ? of : *schema_.find_type(selection.name.text),
                          times);
                    break;
                case selection_kind::fragment_spread: {
                    const auto& fragment = *fragments_.at(selection.name.text);
                    count(fragment.set, *schema_.find_type(fragment.type.text), times);
                    break;
                }
            }
        }
    }

    std::size_t nodes = 0;

private:
    void count_field(const selection& node, const field& field, std::size_t times) {
        if (const auto size = page_size(node, field)) {
            times = std::min(times * *size, page_nodes_max + 1);
            nodes = std::min(nodes + times, page_nodes_max + 1);
        }
        if (!node.set.selections.empty()) count(node.set, *field.of.named, times);
    }

    /// Returns nullopt if the field is not a page, or if its arguments will be refused during execution.
    std::optional<std::size_t> page_size(const selection& node, const field& field) const {
        constexpr std::string_view arguments[]{"first", "last", "limit"};
        if (std::ranges::none_of(arguments, [&](auto name) { return find(field.arguments, name) != nullptr; }))
            return std::nullopt;
        const auto given = coerce_arguments(field.arguments, node.arguments, variables_, node.at);
        if (!given) return std::nullopt;
        auto size = std::optional<std::size_t>{};
        for (const auto name : arguments) {
            const auto* value = given->if_contains(name);
            if (value == nullptr || !value->is_number()) continue;
            boost::json::error_code is_negative;
            const auto wanted = std::min(value->to_number<std::size_t>(is_negative), page_nodes_max + 1);
            if (is_negative) continue;
            size = std::max(size.value_or(0), name == "limit" ? wanted : std::min(wanted, page_size_max));
        }
        return size.value_or(page_size_default);
    }

    const schema& schema_;
    const boost::json::object& variables_;
    std::map<std::string_view, const fragment_definition*> fragments_;
};

}  // namespace

std::size_t page_cost(const schema& schema, const document& document, const operation_definition& operation,
                      const boost::json::object& variables) {
    auto counter = page_counter{schema, document, variables};
    const auto is_mutation = operation.kind == operation_kind::mutation;
    counter.count(operation.set, is_mutation ? *schema.mutation() : schema.query(), 1);
    return counter.nodes;
}

}  // namespace peering::graphql
