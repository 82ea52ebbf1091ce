#include "peering/graphql/validate.hpp"

#include "peering/graphql/bounds.hpp"
#include "peering/graphql/coerce.hpp"
#include "peering/graphql/overlapping_fields.hpp"
#include "peering/graphql/typed_document.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace peering::graphql {
namespace {

struct enough_errors {};

class report {
public:
    void add(std::string message, std::vector<location> locations) {
        add({std::move(message), std::move(locations), std::string{code::validation_failed}, {}});
    }
    void add(error error) {
        if (errors.size() == validation_errors_max) throw enough_errors{};
        errors.push_back(std::move(error));
    }

    std::vector<error> errors;
};

/// Reports one error per repeated name, with all its locations.
template <typename Nodes, typename NameOf>
void refuse_repeated(const Nodes& nodes, NameOf name_of, std::string_view what, report& out) {
    auto places = std::map<std::string_view, std::vector<location>>{};
    for (const auto& node : nodes) {
        const name& named = name_of(node);
        if (!named.text.empty()) places[named.text].push_back(named.at);
    }
    for (auto& [name, locations] : places)
        if (locations.size() > 1)
            out.add("There can be only one " + std::string{what} + " named " + in_quotes(name) + ".",
                    std::move(locations));
}

constexpr auto name_of = [](const auto& node) -> const name& { return node.name; };

// --- 5.1 Documents, 5.2 Operations

void executable_definitions(const typed_document& in, report& out) {
    const auto refuse = [&](std::string_view what, location at) {
        out.add("The " + std::string{what} + " definition is not executable.", {at});
    };
    for (const auto& type : in.document.types) refuse(in_quotes(type.name.text), type.at);
    for (const auto& directive : in.document.directives) refuse(in_quotes(directive.name.text), directive.at);
    for (const auto& schema : in.document.schemas) refuse("schema", schema.at);
}

void operation_names_are_unique(const typed_document& in, report& out) {
    refuse_repeated(in.document.operations, name_of, "operation", out);
}

void anonymous_operation_is_alone(const typed_document& in, report& out) {
    if (in.document.operations.size() < 2) return;
    for (const auto& operation : in.document.operations)
        if (operation.name.text.empty())
            out.add("This anonymous operation must be the only defined operation.", {operation.at});
}

// --- 5.3 Fields

void fields_exist(const typed_document& in, report& out) {
    for (const auto& [node, parent, definition] : in.fields)
        if (parent != nullptr && definition == nullptr)
            out.add("Cannot query field " + in_quotes(node->name.text) + " on type " + in_quotes(parent->name) + ".",
                    {node->at});
}

void leaves_have_no_selection(const typed_document& in, report& out) {
    for (const auto& [node, parent, definition] : in.fields) {
        if (definition == nullptr) continue;
        const auto field = "Field " + in_quotes(node->name.text);
        const auto type = in_quotes(to_string(definition->of));
        const bool selects = !node->set.selections.empty();
        if (definition->of.named->is_leaf() && selects)
            out.add(field + " must not have a selection since type " + type + " has no subfields.", {node->set.at});
        if (!definition->of.named->is_leaf() && !selects)
            out.add(field + " of type " + type + " must have a selection of subfields. Did you mean \"" +
                        node->name.text + " { ... }\"?",
                    {node->at});
    }
}

void overlapping_fields_can_be_merged(const typed_document& in, report& out) {
    for (auto& error : find_overlapping_fields(in)) out.add(std::move(error));
}

// --- 5.4 Arguments

void arguments_exist(const typed_document& in, report& out) {
    for (const auto& each : in.arguments) {
        if (each.owner.empty()) continue;
        for (const auto& argument : *each.nodes)
            if (find(each.definitions, argument.name.text) == nullptr)
                out.add("Unknown argument " + in_quotes(argument.name.text) + " on " + each.owner + ".",
                        {argument.name.at});
    }
}

void arguments_are_unique(const typed_document& in, report& out) {
    for (const auto& each : in.arguments) refuse_repeated(*each.nodes, name_of, "argument", out);
}

void required_arguments_are_given(const typed_document& in, report& out) {
    for (const auto& each : in.arguments) {
        for (const auto& wanted : each.definitions) {
            const bool given = std::ranges::any_of(
                *each.nodes, [&](const argument& argument) { return argument.name.text == wanted.name; });
            if (given || !wanted.is_required()) continue;
            out.add(each.short_owner + " argument " + in_quotes(wanted.name) + " of type " +
                        in_quotes(to_string(wanted.of)) + " is required, but it was not provided.",
                    {each.at});
        }
    }
}

// --- 5.5 Fragments

void fragment_names_are_unique(const typed_document& in, report& out) {
    refuse_repeated(in.document.fragments, name_of, "fragment", out);
}

/// Returns the types that fragments and variables are declared with.
std::vector<const name*> types_named(const typed_document& in) {
    auto result = std::vector<const name*>{};
    for (const auto& fragment : in.document.fragments) result.push_back(&fragment.type);
    for (const auto& used : in.fragments_used)
        if (used.node->kind == selection_kind::inline_fragment && !used.node->name.text.empty())
            result.push_back(&used.node->name);
    for (const auto& operation : in.document.operations)
        for (const auto& variable : operation.variables) result.push_back(&variable.type.name);
    return result;
}

void types_exist(const typed_document& in, report& out) {
    for (const auto* name : types_named(in))
        if (in.schema.find_type(name->text) == nullptr)
            out.add("Unknown type " + in_quotes(name->text) + ".", {name->at});
}

void fragments_are_on_composite_types(const typed_document& in, report& out) {
    const auto check = [&](const name& type, const std::string& which) {
        const auto* found = in.schema.find_type(type.text);
        if (found != nullptr && !found->is_composite())
            out.add("Fragment " + which + "cannot condition on non composite type " + in_quotes(type.text) + ".",
                    {type.at});
    };
    for (const auto& fragment : in.document.fragments) check(fragment.type, in_quotes(fragment.name.text) + " ");
    for (const auto& used : in.fragments_used)
        if (used.node->kind == selection_kind::inline_fragment) check(used.node->name, "");
}

void fragments_are_used(const typed_document& in, report& out) {
    auto used = std::set<const fragment_definition*>{};
    for (const auto& operation : in.document.operations)
        for (const auto* fragment : in.reachable(operation)) used.insert(fragment);
    for (const auto& fragment : in.document.fragments)
        if (!used.contains(in.find_fragment(fragment.name.text)))
            out.add("Fragment " + in_quotes(fragment.name.text) + " is never used.", {fragment.at});
}

void spread_fragments_exist(const typed_document& in, report& out) {
    for (const auto& [node, parent, definition] : in.fragments_used)
        if (node->kind == selection_kind::fragment_spread && definition == nullptr)
            out.add("Unknown fragment " + in_quotes(node->name.text) + ".", {node->name.at});
}

void spreads_are_possible(const typed_document& in, report& out) {
    for (const auto& [node, parent, definition] : in.fragments_used) {
        const bool is_spread = node->kind == selection_kind::fragment_spread;
        if (is_spread && definition == nullptr) continue;
        const auto* type = in.schema.find_type(is_spread ? definition->type.text : node->name.text);
        if (type == nullptr || parent == nullptr || !type->is_composite() || type->overlaps(*parent)) continue;
        out.add("Fragment " + (is_spread ? in_quotes(node->name.text) + " " : "") +
                    "cannot be spread here as objects of type " + in_quotes(parent->name) + " can never be of type " +
                    in_quotes(type->name) + ".",
                {node->at});
    }
}

// --- 5.6 Values

void check_value(const literal& value, const type& of, report& out);

void check_input_object(const literal& value, const named_type& type, report& out) {
    for (const auto& field : type.inputs) {
        const bool given =
            std::ranges::any_of(value.fields, [&](const literal_field& each) { return each.name.text == field.name; });
        if (!given && field.is_required())
            out.add("Field \"" + std::string{type.name} + "." + std::string{field.name} + "\" of required type " +
                        in_quotes(to_string(field.of)) + " was not provided.",
                    {value.at});
    }
    for (const auto& [name, inner] : value.fields) {
        if (const auto* field = type.find_input(name.text))
            check_value(inner, field->of, out);
        else
            out.add("Field " + in_quotes(name.text) + " is not defined by type " + in_quotes(type.name) + ".",
                    {name.at});
    }
}

void check_leaf(const literal& value, const type& of, report& out) {
    const auto expected = "Expected value of type " + in_quotes(to_string(of)) + ", found " + to_string(value);
    const auto& type = *of.named;
    if (type.kind == type_kind::enumeration) {
        if (value.kind != literal_kind::enumeration)
            out.add("Enum " + in_quotes(type.name) + " cannot represent non-enum value: " + to_string(value) + ".",
                    {value.at});
        else if (type.find_value(value.text) == nullptr)
            out.add("Value " + in_quotes(value.text) + " does not exist in " + in_quotes(type.name) + " enum.",
                    {value.at});
        return;
    }
    const auto read = type.scalar->read(to_scalar_input(value));
    if (read) return;
    const bool is_built_in = built_in_scalars().contains(type.name);
    out.add(is_built_in ? read.error() : expected + "; " + read.error(), {value.at});
}

void check_value(const literal& value, const type& of, report& out) {
    if (of.named == nullptr || value.kind == literal_kind::variable) return;
    const auto wanted = of.nullable();
    const auto refuse = [&] {
        out.add("Expected value of type " + in_quotes(to_string(of)) + ", found " + to_string(value) + ".", {value.at});
    };
    if (value.kind == literal_kind::null) {
        if (of.is_non_null()) refuse();
    } else if (wanted.is_list()) {
        if (value.kind != literal_kind::list) return check_value(value, wanted.unwrapped(), out);
        for (const auto& item : value.items) check_value(item, wanted.unwrapped(), out);
    } else if (wanted.named->kind == type_kind::input_object) {
        if (value.kind != literal_kind::object) return refuse();
        check_input_object(value, *wanted.named, out);
    } else if (wanted.named->is_leaf()) {
        check_leaf(value, of, out);
    }
}

void values_are_of_their_type(const typed_document& in, report& out) {
    for (const auto& [node, of] : in.values) check_value(*node, of, out);
}

void check_unique_fields(const literal& value, report& out) {
    refuse_repeated(value.fields, name_of, "input field", out);
    for (const auto& item : value.items) check_unique_fields(item, out);
    for (const auto& field : value.fields) check_unique_fields(field.value, out);
}

void input_fields_are_unique(const typed_document& in, report& out) {
    for (const auto& used : in.values) check_unique_fields(*used.node, out);
}

// --- 5.7 Directives

void directives_exist_here(const typed_document& in, report& out) {
    for (const auto& [nodes, location] : in.directives) {
        for (const auto& node : *nodes) {
            const auto* definition = in.schema.find_directive(node.name.text);
            const auto name = "\"@" + node.name.text + '"';
            if (definition == nullptr)
                out.add("Unknown directive " + name + ".", {node.at});
            else if (std::ranges::find(definition->locations, location) == definition->locations.end())
                out.add("Directive " + name + " may not be used on " + std::string{location} + ".", {node.at});
        }
    }
}

void directives_are_unique_here(const typed_document& in, report& out) {
    for (const auto& used : in.directives) {
        auto first = std::map<std::string_view, location>{};
        for (const auto& node : *used.nodes) {
            const auto* definition = in.schema.find_directive(node.name.text);
            if (definition == nullptr || definition->repeatable) continue;
            const auto [seen, is_new] = first.emplace(node.name.text, node.at);
            if (!is_new)
                out.add("The directive \"@" + node.name.text + "\" can only be used once at this location.",
                        {seen->second, node.at});
        }
    }
}

// --- 5.8 Variables

void variables_are_unique(const typed_document& in, report& out) {
    for (const auto& operation : in.document.operations) {
        auto places = std::map<std::string_view, std::vector<location>>{};
        for (const auto& variable : operation.variables) places[variable.name.text].push_back(variable.name.at);
        for (auto& [name, locations] : places)
            if (locations.size() > 1)
                out.add("There can be only one variable named \"$" + std::string{name} + "\".", std::move(locations));
    }
}

void variables_are_input_types(const typed_document& in, report& out) {
    for (const auto& operation : in.document.operations) {
        for (const auto& variable : operation.variables) {
            const auto type = in.schema.resolve(variable.type);
            if (type.named != nullptr && !type.named->is_input())
                out.add("Variable \"$" + variable.name.text + "\" cannot be non-input type " +
                            in_quotes(to_string(type)) + ".",
                        {variable.type.at});
        }
    }
}

/// Returns every use of a variable in an operation and in the fragments it reaches.
std::vector<used_variable> variables_used(const typed_document& in, const operation_definition& operation) {
    auto result = in.in_operation.at(&operation).variables;
    for (const auto* fragment : in.reachable(operation)) {
        const auto& more = in.in_fragment.at(fragment).variables;
        result.insert(result.end(), more.begin(), more.end());
    }
    return result;
}

const variable_definition* find_variable(const operation_definition& operation, std::string_view name) {
    const auto found = std::ranges::find(operation.variables, name,
                                         [](const auto& variable) -> const std::string& { return variable.name.text; });
    return found == operation.variables.end() ? nullptr : &*found;
}

void variables_are_defined(const typed_document& in, report& out) {
    for (const auto& operation : in.document.operations) {
        const auto& name = operation.name.text;
        const auto by = name.empty() ? std::string{} : " by operation " + in_quotes(name);
        for (const auto& used : variables_used(in, operation))
            if (find_variable(operation, used.node->text) == nullptr)
                out.add("Variable \"$" + used.node->text + "\" is not defined" + by + ".",
                        {used.node->at, operation.at});
    }
}

void variables_are_used(const typed_document& in, report& out) {
    for (const auto& operation : in.document.operations) {
        auto used = std::set<std::string_view>{};
        for (const auto& use : variables_used(in, operation)) used.insert(use.node->text);
        const auto& name = operation.name.text;
        const auto where = name.empty() ? std::string{} : " in operation " + in_quotes(name);
        for (const auto& variable : operation.variables)
            if (!used.contains(variable.name.text))
                out.add("Variable \"$" + variable.name.text + "\" is never used" + where + ".", {variable.at});
    }
}

/// True if a variable of type `ours` is allowed where `theirs` is expected.
bool fits(const type& ours, const type& theirs) {
    if (theirs.is_non_null()) return ours.is_non_null() && fits(ours.unwrapped(), theirs.unwrapped());
    if (ours.is_non_null()) return fits(ours.unwrapped(), theirs);
    if (theirs.is_list()) return ours.is_list() && fits(ours.unwrapped(), theirs.unwrapped());
    return !ours.is_list() && ours.named == theirs.named;
}

void variables_fit_their_places(const typed_document& in, report& out) {
    for (const auto& operation : in.document.operations) {
        for (const auto& [node, of, has_default] : variables_used(in, operation)) {
            const auto* variable = find_variable(operation, node->text);
            const auto ours = variable == nullptr ? type{} : in.schema.resolve(variable->type);
            if (ours.named == nullptr || of.named == nullptr) continue;
            // A default, of the variable or of the position, is used if there is no value.
            const bool never_null = variable->default_value && variable->default_value->kind != literal_kind::null;
            const bool may_be_null = of.is_non_null() && !ours.is_non_null() && (never_null || has_default);
            if (!fits(ours, may_be_null ? of.unwrapped() : of))
                out.add("Variable \"$" + node->text + "\" of type " + in_quotes(to_string(ours)) +
                            " used in position expecting type " + in_quotes(to_string(of)) + ".",
                        {variable->at, node->at});
        }
    }
}

// --- Bounds, and preconditions for the other rules to terminate

/// Section 5.5.2.2 of the specification.
void fragments_do_not_spread_themselves(const typed_document& in, report& out) {
    enum class state : std::uint8_t { unknown, open, closed };
    auto states = std::map<const fragment_definition*, state>{};
    // Iterative, because a chain of fragments may be as long as the document.
    struct step {
        const fragment_definition* fragment;
        std::size_t next_spread = 0;
    };
    for (const auto& start : in.document.fragments) {
        auto chain = std::vector<step>{};
        const auto enter = [&](const fragment_definition& fragment) {
            states[&fragment] = state::open;
            chain.push_back({&fragment});
        };
        if (states[&start] == state::unknown) enter(start);
        while (!chain.empty()) {
            auto& top = chain.back();
            const auto& spreads = in.in_fragment.at(top.fragment).spreads;
            if (top.next_spread == spreads.size()) {
                states[top.fragment] = state::closed;
                chain.pop_back();
                continue;
            }
            const auto* next = in.find_fragment(spreads[top.next_spread++]->name.text);
            if (next == nullptr) continue;
            if (states[next] == state::unknown) {
                enter(*next);
            } else if (states[next] == state::open) {
                const auto from = std::ranges::find(chain, next, &step::fragment);
                auto via = std::string{};
                auto locations = std::vector<location>{};
                for (auto each = from; each != chain.end(); ++each) {
                    if (each != from) via += (via.empty() ? " via \"" : ", \"") + each->fragment->name.text + '"';
                    locations.push_back(in.in_fragment.at(each->fragment).spreads[each->next_spread - 1]->at);
                }
                out.add("Cannot spread fragment " + in_quotes(next->name.text) + " within itself" + via + ".",
                        std::move(locations));
            }
        }
    }
}

/// The size of a selection set with every fragment expanded in place.
struct extent {
    std::size_t fields = 0;
    std::size_t depth = 0;
    std::size_t lists = 0;  ///< along one path: introspection fields that lead from one type to many others

    void add(const extent& other) {
        fields = std::min(fields + other.fields, field_count_max + 1);
        depth = std::max(depth, other.depth);
        lists = std::max(lists, other.lists);
    }
};

/// Measures each fragment once. Precondition: no fragment spreads itself.
class measure {
public:
    explicit measure(const typed_document& in) : in_{in} {}

    extent of(const selection_set& set, std::size_t depth_above = 0) {
        auto result = extent{};
        if (depth_above > selection_depth_max) return result;
        for (const auto& selection : set.selections) result.add(of(selection, depth_above));
        return result;
    }

    extent of(const selection& selection, std::size_t depth_above = 0) {
        auto result = selection.kind == selection_kind::fragment_spread
                          ? of_fragment(selection.name.text, depth_above + 1)
                          : of(selection.set, depth_above + 1);
        ++result.depth;
        if (selection.kind != selection_kind::field) return result;
        ++result.fields;
        constexpr std::string_view lists[]{"fields", "interfaces", "possibleTypes", "inputFields"};
        if (std::ranges::find(lists, selection.name.text) != std::end(lists)) ++result.lists;
        return result;
    }

private:
    extent of_fragment(std::string_view name, std::size_t depth_above) {
        const auto* fragment = in_.find_fragment(name);
        if (fragment == nullptr) return {};
        if (const auto known = known_.find(fragment); known != known_.end()) return known->second;
        return known_.emplace(fragment, of(fragment->set, depth_above)).first->second;
    }

    const typed_document& in_;
    std::map<const fragment_definition*, extent> known_;
};

void depth_and_fields_are_bounded(const typed_document& in, report& out) {
    auto measure = graphql::measure{in};
    auto fields = std::size_t{0};
    const auto check = [&](const selection_set& set, location at) {
        const auto extent = measure.of(set);
        fields += extent.fields;
        if (extent.depth > selection_depth_max)
            out.add("Selections are nested more than " + std::to_string(selection_depth_max) + " levels deep.", {at});
    };
    for (const auto& operation : in.document.operations) check(operation.set, operation.at);
    for (const auto& fragment : in.document.fragments) check(fragment.set, fragment.at);
    if (fields > field_count_max)
        out.add("The document asks for more than " + std::to_string(field_count_max) + " fields.", {});
}

void introspection_is_bounded(const typed_document& in, report& out) {
    auto measure = graphql::measure{in};
    for (const auto& used : in.fields) {
        const bool introspects = used.node->name.text == "__schema" || used.node->name.text == "__type";
        if (introspects && measure.of(*used.node).lists > introspection_lists_max)
            out.add("Maximum introspection depth exceeded", {used.node->at});
    }
}

// --- All rules

struct rule {
    std::string_view section;
    void (*check)(const typed_document& in, report& out);
};

/// Each rule relies on those before it; if one fails, no further rule is checked.
constexpr rule first_rules[]{
    {"5.5.2.2", fragments_do_not_spread_themselves},
    {"bounds", depth_and_fields_are_bounded},
};

constexpr rule rules[]{
    {"5.1.1", executable_definitions},
    {"5.2.1.1", operation_names_are_unique},
    {"5.2.2.1", anonymous_operation_is_alone},
    {"5.3.1", fields_exist},
    {"5.3.2", overlapping_fields_can_be_merged},
    {"5.3.3", leaves_have_no_selection},
    {"5.4.1", arguments_exist},
    {"5.4.2", arguments_are_unique},
    {"5.4.2.1", required_arguments_are_given},
    {"5.5.1.1", fragment_names_are_unique},
    {"5.5.1.2", types_exist},
    {"5.5.1.3", fragments_are_on_composite_types},
    {"5.5.1.4", fragments_are_used},
    {"5.5.2.1", spread_fragments_exist},
    {"5.5.2.3", spreads_are_possible},
    {"5.6.1, 5.6.2, 5.6.4", values_are_of_their_type},
    {"5.6.3", input_fields_are_unique},
    {"5.7.1, 5.7.2", directives_exist_here},
    {"5.7.3", directives_are_unique_here},
    {"5.8.1", variables_are_unique},
    {"5.8.2", variables_are_input_types},
    {"5.8.3", variables_are_defined},
    {"5.8.4", variables_are_used},
    {"5.8.5", variables_fit_their_places},
    {"bounds", introspection_is_bounded},
};

}  // namespace

std::vector<error> validate(const schema& schema, const document& document) {
    const auto in = typed_document{schema, document};
    auto out = report{};
    try {
        for (const auto& rule : first_rules) {
            rule.check(in, out);
            if (!out.errors.empty()) return std::move(out.errors);
        }
        for (const auto& rule : rules) rule.check(in, out);
    } catch (const enough_errors&) {
        out.errors.push_back({"Too many validation errors, error limit reached. Validation aborted.",
                              {},
                              std::string{code::validation_failed},
                              {}});
    }
    return std::move(out.errors);
}

}  // namespace peering::graphql
