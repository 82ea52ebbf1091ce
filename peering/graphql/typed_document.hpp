#pragma once

#include "peering/graphql/document.hpp"
#include "peering/graphql/schema.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A document read beside its schema: everything in it that the rules of validation look at, with what the schema says
/// about it, in lists. Pointers are null where the schema has no such thing.
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
    const fragment_definition* definition = nullptr;  ///< of a named one
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
    std::string short_owner;  ///< and at a sentence's beginning: `Field "peer"`
    location at;
};

/// A value that an argument, or the default of a variable, has.
struct used_value {
    const literal* node = nullptr;
    type of;  ///< without a named type when nobody knows
};

struct used_variable {
    const literal* node = nullptr;
    type of;                   ///< what its place takes
    bool has_default = false;  ///< its place does not need it
};

/// What one operation or fragment holds itself, without what it spreads.
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

    /// The fragments that an operation comes to, each once.
    std::vector<const fragment_definition*> reachable(const operation_definition& from) const;
};

}  // namespace peering::graphql
