#include "peering/graphql/typed_document.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace peering::graphql {
namespace {

/// Visits the definitions one after the other, tracking the type that belongs to each position.
class walker {
public:
    explicit walker(typed_document& into) : into_{into} {}

    void visit(const operation_definition& operation) {
        contents_ = &into_.in_operation[&operation];
        constexpr std::string_view locations[]{"QUERY", "MUTATION", "SUBSCRIPTION"};
        for (const auto& variable : operation.variables) {
            if (variable.default_value) visit(*variable.default_value, into_.schema.resolve(variable.type), false);
            visit(variable.directives, "VARIABLE_DEFINITION");
        }
        visit(operation.directives, locations[static_cast<std::size_t>(operation.kind)]);
        visit(operation.set, root(operation.kind));
    }

    void visit(const fragment_definition& fragment) {
        contents_ = &into_.in_fragment[&fragment];
        visit(fragment.directives, "FRAGMENT_DEFINITION");
        visit(fragment.set, composite(fragment.type.text));
    }

private:
    const named_type* root(operation_kind kind) const {
        if (kind == operation_kind::query) return &into_.schema.query();
        return kind == operation_kind::mutation ? into_.schema.mutation() : nullptr;
    }

    const named_type* composite(std::string_view name) const {
        const auto* type = into_.schema.find_type(name);
        return type != nullptr && type->is_composite() ? type : nullptr;
    }

    void visit(const selection_set& set, const named_type* parent) {
        into_.sets.push_back({&set, parent});
        for (const auto& selection : set.selections) visit(selection, parent);
    }

    void visit(const selection& node, const named_type* parent) {
        switch (node.kind) {
            case selection_kind::field:
                return visit_field(node, parent);
            case selection_kind::fragment_spread:
                contents_->spreads.push_back(&node);
                into_.fragments_used.push_back({&node, parent, into_.find_fragment(node.name.text)});
                return visit(node.directives, "FRAGMENT_SPREAD");
            case selection_kind::inline_fragment:
                into_.fragments_used.push_back({&node, parent, nullptr});
                visit(node.directives, "INLINE_FRAGMENT");
                return visit(node.set, node.name.text.empty() ? parent : composite(node.name.text));
        }
    }

    void visit_field(const selection& node, const named_type* parent) {
        const auto* definition = parent == nullptr ? nullptr : into_.schema.find_field(*parent, node.name.text);
        into_.fields.push_back({&node, parent, definition});
        if (definition == nullptr) {
            visit_unknown(node.arguments);
        } else {
            const auto full_name = std::string{parent->name} + "." + node.name.text;
            visit(
                node.arguments,
                {{}, definition->arguments, "field \"" + full_name + '"', "Field \"" + node.name.text + '"', node.at});
        }
        visit(node.directives, "FIELD");
        if (node.set.selections.empty()) return;
        const bool selects = definition != nullptr && definition->of.named->is_composite();
        visit(node.set, selects ? definition->of.named : nullptr);
    }

    void visit(const std::vector<directive>& directives, std::string_view location) {
        if (directives.empty()) return;
        into_.directives.push_back({&directives, location});
        for (const auto& directive : directives) {
            const auto* definition = into_.schema.find_directive(directive.name.text);
            if (definition == nullptr) {
                visit_unknown(directive.arguments);
            } else {
                const auto name = "\"@" + directive.name.text + '"';
                visit(directive.arguments,
                      {{}, definition->arguments, "directive " + name, "Directive " + name, directive.at});
            }
        }
    }

    /// Visits the arguments of something unknown to the schema, because the variables in them still count as used.
    void visit_unknown(const std::vector<argument>& arguments) { visit(arguments, {}); }

    void visit(const std::vector<argument>& arguments, used_arguments used) {
        for (const auto& argument : arguments) {
            const auto* definition = find(used.definitions, argument.name.text);
            visit(argument.value, definition == nullptr ? type{} : definition->of,
                  definition != nullptr && definition->default_value != nullptr);
        }
        used.nodes = &arguments;
        into_.arguments.push_back(std::move(used));
    }

    void visit(const literal& value, const type& of, bool has_default) {
        into_.values.push_back({&value, of});
        visit_variables(value, of, has_default);
    }

    void visit_variables(const literal& value, const type& of, bool has_default) {
        if (value.kind == literal_kind::variable) contents_->variables.push_back({&value, of, has_default});
        const auto place = of.nullable();
        for (const auto& item : value.items) visit_variables(item, place.is_list() ? place.unwrapped() : type{}, false);
        for (const auto& field : value.fields) {
            // A single object may be given for a list of objects.
            const auto* definition = place.named == nullptr ? nullptr : place.named->find_input(field.name.text);
            visit_variables(field.value, definition == nullptr ? type{} : definition->of,
                            definition != nullptr && definition->default_value != nullptr);
        }
    }

    typed_document& into_;
    definition_contents* contents_ = nullptr;
};

}  // namespace

typed_document::typed_document(const graphql::schema& its_schema, const graphql::document& its_document)
    : schema{its_schema}, document{its_document} {
    for (const auto& fragment : document.fragments) fragments.emplace(fragment.name.text, &fragment);
    auto walk = walker{*this};
    for (const auto& operation : document.operations) walk.visit(operation);
    for (const auto& fragment : document.fragments) walk.visit(fragment);
}

const fragment_definition* typed_document::find_fragment(std::string_view name) const {
    const auto found = fragments.find(name);
    return found == fragments.end() ? nullptr : found->second;
}

std::vector<const fragment_definition*> typed_document::reachable(const operation_definition& from) const {
    auto result = std::vector<const fragment_definition*>{};
    auto seen = std::set<const fragment_definition*>{};
    const auto add = [&](const definition_contents& contents) {
        for (const auto* spread : contents.spreads) {
            const auto* fragment = find_fragment(spread->name.text);
            if (fragment != nullptr && seen.insert(fragment).second) result.push_back(fragment);
        }
    };
    add(in_operation.at(&from));
    for (std::size_t i = 0; i < result.size(); ++i) add(in_fragment.at(result[i]));
    return result;
}

}  // namespace peering::graphql
