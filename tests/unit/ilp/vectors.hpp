#pragma once

#include "ilp/bytes.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

/// Test data of tests/vectors; see its README.md. Every function here throws if the data is not as expected.
namespace vectors {

/// `file` is a path such as "generated/oer.json".
boost::json::value load(std::string_view file);

std::string_view text(const boost::json::value& value);
ilp::bytes from_hex(std::string_view hex);
ilp::bytes from_base64(std::string_view base64);
std::string to_hex(ilp::bytes_view octets);

/// Builds the text of a recipe such as 'one text' + 'other text'*count.
std::string build(std::string_view recipe);

/// `count` octets according to "data_repeat", or those of "data_hex".
ilp::bytes data_of(const boost::json::object& fields);

}  // namespace vectors
