#include "peering/graphql/introspection.hpp"

#include <utility>

namespace peering::graphql {

const std::string_view built_in_definition = R"(
"A whole number between -(2^31) and 2^31 - 1."
scalar Int
"A floating-point number of 64 bits."
scalar Float
"Text."
scalar String
"True or false."
scalar Boolean
"Identifies an object. As input, a string or a whole number."
scalar ID

"Includes the field or fragment only if the condition is true."
directive @include(
  "The field or fragment is included if this is true."
  if: Boolean!
) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT

"Skips the field or fragment if the condition is true."
directive @skip(
  "The field or fragment is skipped if this is true."
  if: Boolean!
) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT

"Marks an element that new clients should not use."
directive @deprecated(
  "The reason, and what to use instead."
  reason: String = "No longer supported"
) on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE

"Names the specification of a scalar."
directive @specifiedBy(
  "URL of the specification."
  url: String!
) on SCALAR

"The meta-fields: __typename of every composite type, and the further ones of the query type."
type __Meta {
  __typename: String!
  __schema: __Schema!
  __type(name: String!): __Type
}

"A schema: its types, its directives and the root types of its operations."
type __Schema {
  description: String
  types: [__Type!]!
  queryType: __Type!
  mutationType: __Type
  subscriptionType: __Type
  directives: [__Directive!]!
}

"A type. Its kind determines which of its fields have a value."
type __Type {
  kind: __TypeKind!
  name: String
  description: String
  specifiedByURL: String
  fields(includeDeprecated: Boolean = false): [__Field!]
  interfaces: [__Type!]
  possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean = false): [__InputValue!]
  ofType: __Type
}

"A field of an object or an interface."
type __Field {
  name: String!
  description: String
  args(includeDeprecated: Boolean = false): [__InputValue!]!
  type: __Type!
  isDeprecated: Boolean!
  deprecationReason: String
}

"An argument, or a field of an input object."
type __InputValue {
  name: String!
  description: String
  type: __Type!
  "The default value, as it is written in a document."
  defaultValue: String
  isDeprecated: Boolean!
  deprecationReason: String
}

"One of the values of an enum."
type __EnumValue {
  name: String!
  description: String
  isDeprecated: Boolean!
  deprecationReason: String
}

"The kind of a type."
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }

"A directive."
type __Directive {
  name: String!
  description: String
  locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean = false): [__InputValue!]!
  isRepeatable: Boolean!
}

"A place at which a directive may be used."
enum __DirectiveLocation {
  QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION
  SCHEMA SCALAR OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT
  INPUT_FIELD_DEFINITION
}
)";

namespace {

/// Returns null for an absent description.
value text_or_null(std::string_view text) {
    return text.empty() ? value{} : value{text};
}

value to_value(const type& type) {
    return object::of("__Type", type);
}

value to_value(const named_type& named) {
    return to_value(type{&named, {}});
}

value to_value(const named_type* named) {
    return named == nullptr ? value{} : to_value(*named);
}

value to_values(std::span<const named_type* const> types) {
    auto result = value::list{};
    for (const auto* each : types) result.push_back(to_value(*each));
    return result;
}

/// Members that all named things in a type share.
template <typename Thing>
object::members members_of(const Thing& thing) {
    return {{"name", thing.name}, {"description", text_or_null(thing.description)}};
}

template <typename Thing>
object::members with_deprecation(const Thing& thing) {
    auto result = members_of(thing);
    result.push_back({"isDeprecated", thing.deprecated.has_value()});
    result.push_back({"deprecationReason", thing.deprecated});
    return result;
}

value to_value(const parameter& parameter) {
    auto members = with_deprecation(parameter);
    members.push_back({"type", to_value(parameter.of)});
    if (parameter.default_value != nullptr) members.push_back({"defaultValue", to_string(*parameter.default_value)});
    return object{"__InputValue", std::move(members)};
}

value to_value(const field& field) {
    auto members = with_deprecation(field);
    members.push_back({"type", to_value(field.of)});
    return object::of("__Field", &field, std::move(members));
}

value to_value(const enum_value& value) {
    return object{"__EnumValue", with_deprecation(value)};
}

value to_value(const directive_type& directive) {
    auto members = members_of(directive);
    members.push_back({"locations", directive.locations});
    members.push_back({"isRepeatable", directive.repeatable});
    return object::of("__Directive", &directive, std::move(members));
}

template <typename Things>
value without_deprecated(const Things& things, const call& call) {
    const bool all = call.args.find<bool>("includeDeprecated").value_or(false);
    auto result = value::list{};
    for (const auto& thing : things)
        if (all || !thing.deprecated) result.push_back(to_value(thing));
    return result;
}

std::string_view kind_of(const type& type) {
    if (type.is_non_null()) return "NON_NULL";
    if (type.is_list()) return "LIST";
    switch (type.named->kind) {
        case type_kind::scalar:
            return "SCALAR";
        case type_kind::object:
            return "OBJECT";
        case type_kind::interface:
            return "INTERFACE";
        case type_kind::union_:
            return "UNION";
        case type_kind::enumeration:
            return "ENUM";
        case type_kind::input_object:
            return "INPUT_OBJECT";
    }
    std::unreachable();
}

/// Resolves a field that only some kinds of named types have; for other kinds it is null.
resolver for_kinds(std::initializer_list<type_kind> kinds, value (*answer)(const named_type&, const call&)) {
    return [kinds = std::vector(kinds), answer](const call& call) -> field_result {
        const auto& type = call.of<graphql::type>();
        for (const auto kind : kinds)
            if (type.wrappers.empty() && type.named->kind == kind) return answer(*type.named, call);
        return value{};
    };
}

void add_type_resolvers(resolvers& to) {
    using enum type_kind;
    to["__Type.kind"] = [](const call& call) -> field_result { return value{kind_of(call.of<type>())}; };
    to["__Type.ofType"] = [](const call& call) -> field_result {
        const auto& type = call.of<graphql::type>();
        return type.wrappers.empty() ? value{} : to_value(type.unwrapped());
    };
    const auto all = {scalar, object, interface, union_, enumeration, input_object};
    to["__Type.name"] = for_kinds(all, [](const named_type& type, const call&) { return value{type.name}; });
    to["__Type.description"] =
        for_kinds(all, [](const named_type& type, const call&) { return text_or_null(type.description); });
    to["__Type.specifiedByURL"] =
        for_kinds({scalar}, [](const named_type& type, const call&) { return value{type.specified_by}; });
    to["__Type.fields"] = for_kinds({object, interface}, [](const named_type& type, const call& call) {
        return without_deprecated(type.fields, call);
    });
    to["__Type.interfaces"] =
        for_kinds({object, interface}, [](const named_type& type, const call&) { return to_values(type.interfaces); });
    to["__Type.possibleTypes"] =
        for_kinds({interface, union_}, [](const named_type& type, const call&) { return to_values(type.possible); });
    to["__Type.enumValues"] = for_kinds(
        {enumeration}, [](const named_type& type, const call& call) { return without_deprecated(type.values, call); });
    to["__Type.inputFields"] = for_kinds(
        {input_object}, [](const named_type& type, const call& call) { return without_deprecated(type.inputs, call); });
}

value describe(const schema& schema) {
    auto types = value::list{};
    for (const auto& each : schema.types())
        if (schema.find_type(each->name) != nullptr) types.push_back(to_value(*each));
    auto directives = value::list{};
    for (const auto& each : schema.directives()) directives.push_back(to_value(each));
    return object{"__Schema",
                  {{"description", text_or_null(schema.description())},
                   {"types", std::move(types)},
                   {"queryType", to_value(schema.query())},
                   {"mutationType", to_value(schema.mutation())},
                   {"directives", std::move(directives)}}};
}

}  // namespace

resolvers introspection_resolvers(const schema& of) {
    auto result = resolvers{};
    add_type_resolvers(result);
    result["__Field.args"] = [](const call& call) -> field_result {
        return without_deprecated(call.of<const field*>()->arguments, call);
    };
    result["__Directive.args"] = [](const call& call) -> field_result {
        return without_deprecated(call.of<const directive_type*>()->arguments, call);
    };
    result["__Meta.__schema"] = [&of](const call&) -> field_result { return describe(of); };
    result["__Meta.__type"] = [&of](const call& call) -> field_result {
        return to_value(of.find_type(call.args.get<std::string>("name")));
    };
    return result;
}

}  // namespace peering::graphql
