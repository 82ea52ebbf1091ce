#pragma once

#include <boost/json/value.hpp>

#include <optional>
#include <string>

namespace peering {

/// The canonical text of a JSON value according to RFC 8785 (JCS), which both sides sign. Nullopt if it contains a
/// number that JSON cannot represent (such as the infinity that parse_json() returns for 1e999). Precondition: all
/// strings are valid UTF-8, which parse_json() ensures.
///
/// Numbers are formatted as the doubles that ECMAScript would see, however Boost.JSON stores them: above 2^53 the last
/// digits of an integer are rounded.
std::optional<std::string> canonical_json(const boost::json::value& value);

/// Like canonical_json(), but with all digits of every integer: equal only for equal values. For comparing values, not
/// for signatures. Both agree on values whose integers are not above 2^53.
std::optional<std::string> exact_json(const boost::json::value& value);

}  // namespace peering
