#include "peering/graphql/schema.hpp"

#include "peering/graphql/coerce.hpp"
#include "peering/graphql/introspection.hpp"
#include "peering/graphql/parser.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace peering::graphql {
namespace {

template <typename Elements>
auto* find_named(Elements& elements, std::string_view name) {
    const auto found = std::ranges::find(elements, name, [](const auto& element) { return element.name; });
    return found == elements.end() ? nullptr : &*found;
}

constexpr std::string_view no_reason = "No longer supported";

}  // namespace

bool operator==(const type& a, const type& b) {
    return a.named == b.named && std::ranges::equal(a.wrappers, b.wrappers);
}

std::string to_string(const type& type) {
    if (type.wrappers.empty()) return type.named == nullptr ? "" : std::string{type.named->name};
    const auto inner = to_string(type.unwrapped());
    return type.is_list() ? "[" + inner + "]" : inner + "!";
}

bool named_type::is_composite() const {
    return kind == type_kind::object || kind == type_kind::interface || kind == type_kind::union_;
}

const field* named_type::find_field(std::string_view field_name) const {
    return find_named(fields, field_name);
}

const parameter* named_type::find_input(std::string_view input_name) const {
    return find(inputs, input_name);
}

const enum_value* named_type::find_value(std::string_view value_name) const {
    return find_named(values, value_name);
}

bool named_type::is_subtype_of(const named_type& other) const {
    return this == &other || std::ranges::find(interfaces, &other) != interfaces.end() ||
           std::ranges::find(other.possible, this) != other.possible.end();
}

bool named_type::overlaps(const named_type& other) const {
    const auto objects = [](const named_type& of) {
        return of.kind == type_kind::object ? std::vector{&of} : of.possible;
    };
    return std::ranges::any_of(objects(*this), [theirs = objects(other)](const named_type* object) {
        return std::ranges::find(theirs, object) != theirs.end();
    });
}

const parameter* find(std::span<const parameter> parameters, std::string_view name) {
    return find_named(parameters, name);
}

const named_type* schema::find_type(std::string_view name) const {
    const auto found = types_by_name_.find(name);
    return found == types_by_name_.end() ? nullptr : found->second;
}

const directive_type* schema::find_directive(std::string_view name) const {
    return find_named(directives_, name);
}

type schema::resolve(const type_reference& reference) const {
    return {find_type(reference.name.text), reference.wrappers};
}

const field* schema::find_field(const named_type& of, std::string_view name) const {
    if (name.starts_with("__")) {
        const bool is_root = name != "__typename";
        if (is_root ? &of != query_ : !of.is_composite()) return nullptr;
        return meta_fields_->find_field(name);
    }
    return of.find_field(name);
}

/// Builds a schema from its text and throws at the first error.
class schema_builder {
public:
    explicit schema_builder(scalars scalars) {
        for (const auto& built_in : built_in_scalars()) scalars.insert(built_in);
        made_.scalars_ = std::make_unique<const graphql::scalars>(std::move(scalars));
    }

    schema build(std::string_view definition);

private:
    struct problem {
        std::string message;
        location at;
    };
    friend std::expected<schema, std::string> schema::build(std::string_view, scalars);

    const document& keep(std::string_view definition);
    void declare(const document& document, bool built_in);
    void define(const document& document);
    void define_type(const type_definition& from);
    void set_roots(const document& document);

    parameter make_parameter(const input_value_definition& from);
    std::vector<parameter> make_parameters(const std::vector<input_value_definition>& from);
    type resolve(const type_reference& from);
    const named_type& resolve(const name& from, type_kind wanted, std::string_view wanted_text);
    const literal* argument_of(const std::vector<directive>& directives, std::string_view name,
                               std::string_view argument, bool& present);
    std::optional<std::string_view> deprecation(const std::vector<directive>& directives);

    void check_type(const type_definition& from, const named_type& type);
    void check_implements(const type_definition& from, const named_type& type, const named_type& interface);
    void check_default(const input_value_definition& from, const parameter& parameter);
    void check_no_endless_inputs(const type_definition& from, const named_type& type);
    template <typename Elements>
    void check_names(const Elements& elements, std::string_view what);

    schema made_;
};

const document& schema_builder::keep(std::string_view definition) {
    auto parsed = parse(definition);
    if (!parsed) throw problem{parsed.error().message, parsed.error().locations.front()};
    if (!parsed->operations.empty())
        throw problem{"A schema must not contain operations.", parsed->operations.front().at};
    if (!parsed->fragments.empty()) throw problem{"A schema must not contain fragments.", parsed->fragments.front().at};
    return *made_.definitions_.emplace_back(std::make_unique<const document>(*std::move(parsed)));
}

schema schema_builder::build(std::string_view definition) {
    const auto& built_in = keep(built_in_definition);
    const auto& ours = keep(definition);
    declare(built_in, true);
    declare(ours, false);
    define(built_in);
    define(ours);
    set_roots(ours);
    for (const auto& from : ours.types) check_type(from, *made_.find_type(from.name.text));
    // They belong to a type that documents cannot name.
    made_.meta_fields_ = made_.types_by_name_.at("__Meta");
    made_.types_by_name_.erase("__Meta");
    return std::move(made_);
}

void schema_builder::declare(const document& document, bool built_in) {
    for (const auto& from : document.types) {
        if (!built_in && from.name.text.starts_with("__"))
            throw problem{"Name \"" + from.name.text + "\" must not begin with \"__\".", from.name.at};
        auto& type = made_.types_.emplace_back(std::make_unique<named_type>());
        type->kind = from.kind;
        type->name = from.name.text;
        type->description = from.description;
        if (!made_.types_by_name_.emplace(type->name, type.get()).second)
            throw problem{"There can be only one type named \"" + from.name.text + "\".", from.name.at};
        if (from.kind != type_kind::scalar) continue;
        const auto scalar = made_.scalars_->find(type->name);
        if (scalar == made_.scalars_->end())
            throw problem{"There is no code to read and write scalar \"" + from.name.text + "\".", from.name.at};
        type->scalar = &scalar->second;
    }
}

void schema_builder::define(const document& document) {
    for (const auto& from : document.directives) {
        if (made_.find_directive(from.name.text) != nullptr)
            throw problem{"There can be only one directive named \"@" + from.name.text + "\".", from.at};
        check_names(from.arguments, "argument");
        auto& directive = made_.directives_.emplace_back();
        directive.name = from.name.text;
        directive.description = from.description;
        directive.arguments = make_parameters(from.arguments);
        directive.repeatable = from.repeatable;
        for (const auto& location : from.locations) directive.locations.push_back(location.text);
    }
    for (const auto& from : document.types) define_type(from);
}

void schema_builder::define_type(const type_definition& from) {
    auto& type = *made_.types_by_name_.at(from.name.text);
    for (const auto& name : from.interfaces) {
        const auto& interface = resolve(name, type_kind::interface, "an interface");
        type.interfaces.push_back(&interface);
        if (type.kind == type_kind::object) made_.types_by_name_.at(interface.name)->possible.push_back(&type);
    }
    for (const auto& name : from.members) type.possible.push_back(&resolve(name, type_kind::object, "an object type"));
    for (const auto& each : from.fields) {
        auto& field = type.fields.emplace_back();
        field.name = each.name.text;
        field.description = each.description;
        field.arguments = make_parameters(each.arguments);
        field.of = resolve(each.type);
        field.deprecated = deprecation(each.directives);
        if (!field.of.named->is_output())
            throw problem{"A field cannot have the input type \"" + each.type.name.text + "\".", each.type.at};
    }
    type.inputs = make_parameters(from.inputs);
    for (const auto& value : from.values)
        type.values.push_back({value.name.text, value.description, deprecation(value.directives)});
    bool present = false;
    if (const auto* url = argument_of(from.directives, "specifiedBy", "url", present)) type.specified_by = url->text;
}

void schema_builder::set_roots(const document& document) {
    if (document.schemas.size() > 1) throw problem{"There can be only one schema definition.", document.schemas[1].at};
    auto roots = std::vector<root_definition>{};
    if (!document.schemas.empty()) {
        roots = document.schemas.front().roots;
        made_.description_ = document.schemas.front().description;
    } else {
        roots.push_back({operation_kind::query, {"Query", {}}});
        if (made_.find_type("Mutation") != nullptr) roots.push_back({operation_kind::mutation, {"Mutation", {}}});
    }
    for (const auto& root : roots) {
        if (root.kind == operation_kind::subscription) throw problem{"Subscriptions are not supported.", root.type.at};
        const auto& type = resolve(root.type, type_kind::object, "an object type");
        (root.kind == operation_kind::query ? made_.query_ : made_.mutation_) = &type;
    }
    if (made_.query_ == nullptr) throw problem{"A schema needs a query type.", {}};
}

type schema_builder::resolve(const type_reference& from) {
    const auto result = made_.resolve(from);
    if (result.named == nullptr) throw problem{"Unknown type \"" + from.name.text + "\".", from.at};
    return result;
}

const named_type& schema_builder::resolve(const name& from, type_kind wanted, std::string_view wanted_text) {
    const auto* found = made_.find_type(from.text);
    if (found == nullptr) throw problem{"Unknown type \"" + from.text + "\".", from.at};
    if (found->kind != wanted) throw problem{"\"" + from.text + "\" is not " + std::string{wanted_text} + ".", from.at};
    return *found;
}

parameter schema_builder::make_parameter(const input_value_definition& from) {
    auto result =
        parameter{from.name.text, from.description, resolve(from.type), nullptr, deprecation(from.directives)};
    if (from.default_value) result.default_value = &*from.default_value;
    if (!result.of.named->is_input())
        throw problem{"An input cannot have the output type \"" + from.type.name.text + "\".", from.type.at};
    if (result.is_required() && result.deprecated)
        throw problem{"\"" + from.name.text + "\" is required and cannot be deprecated.", from.name.at};
    return result;
}

std::vector<parameter> schema_builder::make_parameters(const std::vector<input_value_definition>& from) {
    auto result = std::vector<parameter>{};
    for (const auto& each : from) result.push_back(make_parameter(each));
    return result;
}

/// Returns null if the argument is not given or the directive is absent.
const literal* schema_builder::argument_of(const std::vector<directive>& directives, std::string_view name,
                                           std::string_view argument, bool& present) {
    present = false;
    for (const auto& directive : directives) {
        if (made_.find_directive(directive.name.text) == nullptr)
            throw problem{"Unknown directive \"@" + directive.name.text + "\".", directive.at};
        if (directive.name.text != name) continue;
        present = true;
        for (const auto& given : directive.arguments)
            if (given.name.text == argument && given.value.kind == literal_kind::string) return &given.value;
    }
    return nullptr;
}

std::optional<std::string_view> schema_builder::deprecation(const std::vector<directive>& directives) {
    bool present = false;
    const auto* reason = argument_of(directives, "deprecated", "reason", present);
    if (!present) return std::nullopt;
    return reason == nullptr ? no_reason : reason->text;
}

template <typename Elements>
void schema_builder::check_names(const Elements& elements, std::string_view what) {
    auto seen = std::set<std::string_view>{};
    for (const auto& element : elements) {
        if (element.name.text.starts_with("__"))
            throw problem{"Name \"" + element.name.text + "\" must not begin with \"__\".", element.name.at};
        if (!seen.insert(element.name.text).second)
            throw problem{"There can be only one " + std::string{what} + " named \"" + element.name.text + "\".",
                          element.name.at};
    }
}

void schema_builder::check_type(const type_definition& from, const named_type& type) {
    const bool needs_content = type.kind != type_kind::scalar;
    if (needs_content && type.fields.empty() && type.inputs.empty() && type.values.empty() && from.members.empty())
        throw problem{"Type \"" + from.name.text + "\" is empty.", from.name.at};
    check_names(from.fields, "field");
    check_names(from.inputs, "field");
    check_names(from.values, "value");
    for (std::size_t i = 0; i < from.fields.size(); ++i) {
        check_names(from.fields[i].arguments, "argument");
        for (std::size_t j = 0; j < from.fields[i].arguments.size(); ++j)
            check_default(from.fields[i].arguments[j], type.fields[i].arguments[j]);
    }
    for (std::size_t i = 0; i < from.inputs.size(); ++i) check_default(from.inputs[i], type.inputs[i]);
    for (const auto* interface : type.interfaces) check_implements(from, type, *interface);
    if (type.kind == type_kind::input_object) check_no_endless_inputs(from, type);
}

void schema_builder::check_default(const input_value_definition& from, const parameter& parameter) {
    if (from.default_value && !coerce_literal(parameter.of, *from.default_value, {}))
        throw problem{"\"" + from.name.text + "\" cannot be " + to_string(*from.default_value) + " by default.",
                      from.default_value->at};
}

namespace {

/// True if a field's type equals the interface's or is narrower.
bool narrows(const type& ours, const type& theirs) {
    if (theirs.is_non_null()) return ours.is_non_null() && narrows(ours.unwrapped(), theirs.unwrapped());
    if (ours.is_non_null()) return narrows(ours.unwrapped(), theirs);
    if (theirs.is_list()) return ours.is_list() && narrows(ours.unwrapped(), theirs.unwrapped());
    return !ours.is_list() && ours.named->is_subtype_of(*theirs.named);
}

}  // namespace

void schema_builder::check_implements(const type_definition& from, const named_type& type,
                                      const named_type& interface) {
    const auto refuse = [&](std::string_view what, std::string_view why) {
        return problem{"\"" + from.name.text + "\" does not implement \"" + std::string{interface.name} + "\": \"" +
                           std::string{what} + "\" " + std::string{why} + ".",
                       from.name.at};
    };
    for (const auto* wider : interface.interfaces)
        if (std::ranges::find(type.interfaces, wider) == type.interfaces.end())
            throw refuse(wider->name, "is not implemented");
    for (const auto& theirs : interface.fields) {
        const auto* ours = type.find_field(theirs.name);
        if (ours == nullptr) throw refuse(theirs.name, "is missing");
        if (!narrows(ours->of, theirs.of)) throw refuse(theirs.name, "has another type");
        for (const auto& argument : theirs.arguments) {
            const auto* same = find(ours->arguments, argument.name);
            if (same == nullptr || same->of != argument.of)
                throw refuse(argument.name, "is not an argument of that type");
        }
        for (const auto& argument : ours->arguments)
            if (find(theirs.arguments, argument.name) == nullptr && argument.is_required())
                throw refuse(argument.name, "is required here but not in the interface");
    }
}

/// An input object that requires itself could never be written.
void schema_builder::check_no_endless_inputs(const type_definition& from, const named_type& type) {
    auto needed = std::vector<const named_type*>{&type};
    auto seen = std::set<const named_type*>{};
    while (!needed.empty()) {
        const auto* next = needed.back();
        needed.pop_back();
        for (const auto& field : next->inputs) {
            if (!field.of.is_non_null() || field.of.unwrapped().is_list()) continue;
            if (field.of.named == &type)
                throw problem{"Input object \"" + from.name.text + "\" requires itself.", from.name.at};
            if (seen.insert(field.of.named).second) needed.push_back(field.of.named);
        }
    }
}

std::expected<schema, std::string> schema::build(std::string_view definition, scalars scalars) {
    try {
        return schema_builder{std::move(scalars)}.build(definition);
    } catch (const schema_builder::problem& found) {
        return std::unexpected{"line " + std::to_string(found.at.line) + ": " + found.message};
    }
}

}  // namespace peering::graphql
