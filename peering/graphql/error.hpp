#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peering::graphql {

/// `extensions.code` of errors raised by the engine itself; resolvers supply their own codes.
namespace code {
inline constexpr std::string_view parse_failed = "GRAPHQL_PARSE_FAILED";
inline constexpr std::string_view validation_failed = "GRAPHQL_VALIDATION_FAILED";
inline constexpr std::string_view operation_resolution_failure = "OPERATION_RESOLUTION_FAILURE";
inline constexpr std::string_view bad_user_input = "BAD_USER_INPUT";
inline constexpr std::string_view internal_server_error = "INTERNAL_SERVER_ERROR";
}  // namespace code

/// Line and column both count from 1; columns are characters, not bytes.
struct location {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    bool operator==(const location&) const = default;
};

struct error {
    std::string message;
    std::vector<location> locations;
    std::string code;
    boost::json::array path;  ///< names and indices; empty for an error without a position in the answer
};

/// Puts a name in double quotes for a message.
std::string in_quotes(std::string_view text);

/// Formats an error as an entry of the answer's `errors`.
boost::json::object to_json(const error& error);

}  // namespace peering::graphql
