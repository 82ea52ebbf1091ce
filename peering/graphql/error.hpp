#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peering::graphql {

/// `extensions.code` of the errors that the engine itself makes; resolvers bring their own.
namespace code {
inline constexpr std::string_view parse_failed = "GRAPHQL_PARSE_FAILED";
inline constexpr std::string_view validation_failed = "GRAPHQL_VALIDATION_FAILED";
inline constexpr std::string_view operation_resolution_failure = "OPERATION_RESOLUTION_FAILURE";
inline constexpr std::string_view bad_user_input = "BAD_USER_INPUT";
inline constexpr std::string_view internal_server_error = "INTERNAL_SERVER_ERROR";
}  // namespace code

/// Both count from 1; columns are characters, not octets.
struct location {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    bool operator==(const location&) const = default;
};

struct error {
    std::string message;
    std::vector<location> locations;
    std::string code;
    boost::json::array path;  ///< of names and indices; empty for an error that has no place in the answer
};

/// Names in messages: "name".
std::string in_quotes(std::string_view text);

/// As it stands in the answer's `errors`.
boost::json::object to_json(const error& error);

}  // namespace peering::graphql
