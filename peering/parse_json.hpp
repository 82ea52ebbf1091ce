#pragma once

#include <boost/json/value.hpp>

#include <optional>
#include <string_view>

namespace peering {

/// Reads one JSON text with numbers as ECMAScript reads them: each is the double that is nearest to its digits. The
/// parser of Boost.JSON 1.81 makes of 333333333.33333329 a neighbour of it, which would break a signature. Integers up
/// to 64 bits keep all their digits. Empty: it is no JSON, or nested more than 32 deep.
std::optional<boost::json::value> parse_json(std::string_view text);

}  // namespace peering
