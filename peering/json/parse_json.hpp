#pragma once

#include <boost/json/value.hpp>

#include <optional>
#include <string_view>

namespace peering {

/// Parses a JSON text and reads its numbers as ECMAScript does: each becomes the double nearest to its digits. The
/// parser of Boost.JSON 1.81 turns 333333333.33333329 into a neighbouring double, which would break a signature.
/// Integers of up to 64 bits keep all their digits. Returns nullopt if the text is not valid JSON or is nested more
/// than 32 levels deep.
std::optional<boost::json::value> parse_json(std::string_view text);

}  // namespace peering
