#pragma once

#include <boost/json/value.hpp>

#include <optional>
#include <string>

namespace peering {

/// The one text that RFC 8785 (JCS) gives a JSON value: what both sides sign. Empty for a number that JSON does not
/// have (the infinity that parse_json() makes of 1e999). Precondition: strings are UTF-8, as parse_json() makes sure.
///
/// Numbers are the doubles that ECMAScript would see, whatever form Boost.JSON keeps them in: above 2^53 the last
/// digits of an integer are rounded.
std::optional<std::string> canonical_json(const boost::json::value& value);

}  // namespace peering
