#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/scalar.hpp"

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peering::graphql {

struct named_type;

/// The type of a field, an argument or a variable: a view of a schema's named type and a document's wrappers.
struct type {
    const named_type* named = nullptr;
    std::span<const wrapper> wrappers;

    bool is_non_null() const { return !wrappers.empty() && wrappers.front() == wrapper::non_null; }
    bool is_list() const { return !wrappers.empty() && wrappers.front() == wrapper::list; }
    /// Removes the outermost wrapper: a list becomes its item type, a non-null type its nullable form.
    type unwrapped() const { return {named, wrappers.subspan(1)}; }
    type nullable() const { return is_non_null() ? unwrapped() : *this; }
};

bool operator==(const type& a, const type& b);

/// Formats a type, such as "[String!]!".
std::string to_string(const type& type);

/// An argument of a field or directive, or a field of an input object.
struct parameter {
    std::string_view name;
    std::string_view description;
    type of;
    const literal* default_value = nullptr;
    std::optional<std::string_view> deprecated;  ///< the reason

    bool is_required() const { return of.is_non_null() && default_value == nullptr; }
};

struct field {
    std::string_view name;
    std::string_view description;
    std::vector<parameter> arguments;
    type of;
    std::optional<std::string_view> deprecated;
};

struct enum_value {
    std::string_view name;
    std::string_view description;
    std::optional<std::string_view> deprecated;
};

struct named_type {
    type_kind kind = type_kind::scalar;
    std::string_view name;
    std::string_view description;
    std::vector<field> fields;
    std::vector<parameter> inputs;  ///< fields of an input object
    std::vector<enum_value> values;
    std::vector<const named_type*> interfaces;
    std::vector<const named_type*> possible;  ///< the object types of an interface or a union
    const graphql::scalar* scalar = nullptr;
    std::optional<std::string_view> specified_by;

    bool is_composite() const;  ///< takes a selection set
    bool is_leaf() const { return kind == type_kind::scalar || kind == type_kind::enumeration; }
    bool is_input() const { return is_leaf() || kind == type_kind::input_object; }
    bool is_output() const { return kind != type_kind::input_object; }

    /// These return null if there is no match.
    const field* find_field(std::string_view field_name) const;
    const parameter* find_input(std::string_view input_name) const;
    const enum_value* find_value(std::string_view value_name) const;

    /// True for the same type, an interface that this type implements, or a union that it is a member of.
    bool is_subtype_of(const named_type& other) const;
    /// True if some object type belongs to both.
    bool overlaps(const named_type& other) const;
};

struct directive_type {
    std::string_view name;
    std::string_view description;
    std::vector<parameter> arguments;
    std::vector<std::string_view> locations;
    bool repeatable = false;
};

const parameter* find(std::span<const parameter> parameters, std::string_view name);

/// The types and fields that clients can query. It is built from, and owns, one text in the schema definition language,
/// which is the only definition; introspection answers from it, too. Immutable; pointers into it are valid for as long
/// as it lives.
class schema {
public:
    /// On failure, returns the error with its line. Each scalar type in the text, other than the five built-in ones,
    /// needs an entry in `scalars`.
    static std::expected<schema, std::string> build(std::string_view definition, scalars scalars);

    const named_type& query() const { return *query_; }
    const named_type* mutation() const { return mutation_; }  ///< null if there is none
    std::string_view description() const { return description_; }

    const named_type* find_type(std::string_view name) const;
    const directive_type* find_directive(std::string_view name) const;
    std::span<const std::unique_ptr<named_type>> types() const { return types_; }
    std::span<const directive_type> directives() const { return directives_; }

    /// Finds a field of a composite type, including `__typename`, and `__schema` and `__type` of the query type.
    const field* find_field(const named_type& of, std::string_view name) const;

    /// Resolves a document's type reference; the result has no named type if the schema has none of that name.
    type resolve(const type_reference& reference) const;

private:
    friend class schema_builder;
    schema() = default;

    std::vector<std::unique_ptr<const document>> definitions_;
    std::unique_ptr<const scalars> scalars_;
    std::vector<std::unique_ptr<named_type>> types_;
    std::map<std::string_view, named_type*> types_by_name_;
    std::vector<directive_type> directives_;
    const named_type* meta_fields_ = nullptr;
    const named_type* query_ = nullptr;
    const named_type* mutation_ = nullptr;
    std::string_view description_;
};

}  // namespace peering::graphql
