#pragma once

#include <cstddef>

/// Limits on what one request may cost. Each bound has its own error, and none relies on another.
namespace peering::graphql {

// Bounds on the text; see parse().
inline constexpr std::size_t document_size_max = 128 * 1024;  ///< bytes
inline constexpr std::size_t token_count_max = 10'000;        ///< the usual introspection query has 200
inline constexpr std::size_t nesting_max = 32;                ///< braces and brackets in the text
inline constexpr std::size_t name_size_max = 255;             ///< bytes; an alias is repeated in each element of a list

// Bounds on the document with every fragment expanded in place; see validate().
inline constexpr std::size_t selection_depth_max = 32;         ///< fields and fragments; usual introspection needs 16
inline constexpr std::size_t field_count_max = 4'000;          ///< over all definitions; aliases count as fields
inline constexpr std::size_t introspection_lists_max = 2;      ///< fields of types of fields of types...
inline constexpr std::size_t field_comparisons_max = 100'000;  ///< pairs of fields with the same response name
inline constexpr std::size_t validation_errors_max = 100;

// Bounds on pages, checked before execution; see page_cost().
inline constexpr std::size_t page_nodes_max = 5'000;  ///< over all pages; nested pages multiply
inline constexpr std::size_t page_size_default = 20;  ///< for a page without a size
inline constexpr std::size_t page_size_max = 100;     ///< resolvers refuse a larger `first` or `last`

// Bounds on the answer; see execute().
inline constexpr std::size_t answer_values_max = 200'000;         ///< fields and list elements
inline constexpr std::size_t answer_size_max = 16 * 1024 * 1024;  ///< bytes of names, texts and errors
inline constexpr std::size_t shown_value_size_max = 1024;         ///< bytes of a variable's value in an error
inline constexpr std::size_t variable_errors_max = 50;
inline constexpr std::size_t internal_errors_max = 100;  ///< of one request, for the log

}  // namespace peering::graphql
