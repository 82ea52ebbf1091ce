#pragma once

#include <cstddef>

/// What one request may cost. Each bound has an error of its own, and none depends on another one to hold.
namespace peering::graphql {

// Of the text; see parse().
inline constexpr std::size_t document_size_max = 128 * 1024;  ///< octets
inline constexpr std::size_t token_count_max = 10'000;        ///< the usual introspection query has 200
inline constexpr std::size_t nesting_max = 32;                ///< braces, brackets, as they stand in the text

// Of what the text asks for once every fragment stands in the place of its spreads; see validate().
inline constexpr std::size_t selection_depth_max = 32;     ///< fields and fragments; the usual introspection needs 16
inline constexpr std::size_t field_count_max = 4'000;      ///< of all definitions together; aliases are fields too
inline constexpr std::size_t introspection_lists_max = 2;  ///< fields of types of fields of types...
inline constexpr std::size_t field_comparisons_max = 100'000;  ///< pairs of fields with one name in the answer
inline constexpr std::size_t validation_errors_max = 100;

// Of the pages, before anything is executed; see page_cost().
inline constexpr std::size_t page_nodes_max = 5'000;  ///< of all pages together; pages within pages multiply
inline constexpr std::size_t page_size_default = 20;  ///< of a page that says nothing
inline constexpr std::size_t page_size_max = 100;     ///< resolvers refuse a larger `first` or `last`

// Of the answer; see execute().
inline constexpr std::size_t answer_values_max = 200'000;  ///< fields and elements of lists
inline constexpr std::size_t variable_errors_max = 50;

}  // namespace peering::graphql
