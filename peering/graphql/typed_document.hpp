#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/schema.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A document annotated with its schema: lists of everything that the validation rules examine, each with its
/// definition in the schema. A pointer is null where the schema has no definition.
namespace peering::graphql {

struct used_field {
    const selection* node = nullptr;
    const named_type* parent = nullptr;
    const field* definition = nullptr;
};

/// An inline fragment or the spread of a named one.
struct used_fragment {
    const selection* node = nullptr;
    const named_type* parent = nullptr;
    const fragment_definition* definition = nullptr;  ///< only for a named fragment
};

struct used_set {
    const selection_set* node = nullptr;
    const named_type* parent = nullptr;
};

struct used_directives {
    const std::vector<directive>* nodes = nullptr;
    std::string_view location;  ///< as in a schema: "FIELD"
};

/// The arguments of one field or directive.
struct used_arguments {
    const std::vector<argument>* nodes = nullptr;
    std::span<const parameter> definitions;
    std::string owner;        ///< as messages name it: `field "Query.peer"`
    std::string short_owner;  ///< the form that begins a sentence: `Field "peer"`
    location at;
};

/// The value of an argument or a variable's default.
struct used_value {
    const literal* node = nullptr;
    type of;  ///< has no named type if it is unknown
};

struct used_variable {
    const literal* node = nullptr;
    type of;                   ///< the type expected at this position
    bool has_default = false;  ///< the position has a default, so it needs no value
};

/// The contents of one operation or fragment, excluding the fragments it spreads.
struct definition_contents {
    std::vector<used_variable> variables;
    std::vector<const selection*> spreads;
};

struct typed_document {
    typed_document(const graphql::schema& schema, const graphql::document& document);

    const graphql::schema& schema;
    const graphql::document& document;

    std::map<std::string_view, const fragment_definition*> fragments;
    std::vector<used_set> sets;
    std::vector<used_field> fields;
    std::vector<used_fragment> fragments_used;
    std::vector<used_directives> directives;
    std::vector<used_arguments> arguments;
    std::vector<used_value> values;
    std::map<const operation_definition*, definition_contents> in_operation;
    std::map<const fragment_definition*, definition_contents> in_fragment;

    const fragment_definition* find_fragment(std::string_view name) const;

    /// Returns the fragments that an operation uses, directly or indirectly, each once.
    std::vector<const fragment_definition*> reachable(const operation_definition& from) const;
};

}  // namespace peering::graphql
