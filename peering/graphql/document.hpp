#pragma once

#include "peering/graphql/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The syntax tree of a document (section 2 of the specification) or of a schema's text (section 3). Nodes do not refer
/// to anything outside the document. Whoever keeps a pointer to a node must not move that node.
namespace peering::graphql {

struct name {
    std::string text;  ///< empty if there is none
    location at;
};

enum class literal_kind : std::uint8_t {
    variable,
    integer,
    floating,
    string,
    boolean,
    null,
    enumeration,
    list,
    object
};

struct literal_field;

struct literal {
    literal_kind kind = literal_kind::null;
    location at;
    std::string text;                   ///< a variable's name, a string's value, otherwise the source text
    std::vector<literal> items;         ///< elements of a list
    std::vector<literal_field> fields;  ///< fields of an object
};

struct literal_field {
    graphql::name name;
    literal value;
};

enum class wrapper : std::uint8_t { list, non_null };

/// `[String!]!` is String with the wrappers non-null, list, non-null; the outermost comes first.
struct type_reference {
    graphql::name name;
    std::vector<wrapper> wrappers;
    location at;
};

struct argument {
    graphql::name name;
    literal value;
};

struct directive {
    graphql::name name;
    std::vector<argument> arguments;
    location at;
};

enum class selection_kind : std::uint8_t { field, fragment_spread, inline_fragment };

struct selection;

struct selection_set {
    std::vector<selection> selections;  ///< empty if there is none
    location at;
};

struct selection {
    selection_kind kind = selection_kind::field;
    location at;
    graphql::name alias;
    graphql::name name;  ///< name of the field or fragment; for an inline fragment its type, which may be absent
    std::vector<argument> arguments;
    std::vector<directive> directives;
    selection_set set;

    /// The field's key in the answer.
    std::string_view response_name() const { return alias.text.empty() ? name.text : alias.text; }
};

enum class operation_kind : std::uint8_t { query, mutation, subscription };

struct variable_definition {
    graphql::name name;
    type_reference type;
    std::optional<literal> default_value;
    std::vector<directive> directives;
    location at;
};

struct operation_definition {
    operation_kind kind = operation_kind::query;
    graphql::name name;
    std::vector<variable_definition> variables;
    std::vector<directive> directives;
    selection_set set;
    location at;
};

struct fragment_definition {
    graphql::name name;
    graphql::name type;
    std::vector<directive> directives;
    selection_set set;
    location at;
};

// Definitions of a schema's text.

/// An argument of a field or directive, or a field of an input object.
struct input_value_definition {
    std::string description;
    graphql::name name;
    type_reference type;
    std::optional<literal> default_value;
    std::vector<directive> directives;
};

struct field_definition {
    std::string description;
    graphql::name name;
    std::vector<input_value_definition> arguments;
    type_reference type;
    std::vector<directive> directives;
};

struct enum_value_definition {
    std::string description;
    graphql::name name;
    std::vector<directive> directives;
};

enum class type_kind : std::uint8_t { scalar, object, interface, union_, enumeration, input_object };

struct type_definition {
    type_kind kind = type_kind::scalar;
    std::string description;
    graphql::name name;
    location at;
    std::vector<graphql::name> interfaces;
    std::vector<graphql::name> members;  ///< members of a union
    std::vector<directive> directives;
    std::vector<field_definition> fields;
    std::vector<input_value_definition> inputs;  ///< fields of an input object
    std::vector<enum_value_definition> values;
};

struct directive_definition {
    std::string description;
    graphql::name name;
    location at;
    std::vector<input_value_definition> arguments;
    bool repeatable = false;
    std::vector<graphql::name> locations;
};

struct root_definition {
    operation_kind kind = operation_kind::query;
    graphql::name type;
};

struct schema_definition {
    std::string description;
    location at;
    std::vector<root_definition> roots;
};

struct document {
    std::vector<operation_definition> operations;
    std::vector<fragment_definition> fragments;
    std::vector<type_definition> types;
    std::vector<directive_definition> directives;
    std::vector<schema_definition> schemas;
};

std::string_view to_string(operation_kind kind);

/// Formats a literal as in a document: `{a: [1, $b]}`.
std::string to_string(const literal& literal);

/// Returns `text` with quotes and escapes.
std::string quoted(std::string_view text);

}  // namespace peering::graphql
