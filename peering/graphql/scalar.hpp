#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace peering::graphql {

enum class scalar_input_kind : std::uint8_t { integer, floating, boolean, string, enumeration, list, object };

/// What a client gave for a scalar, the same whether it stood in the document or among the variables.
struct scalar_input {
    scalar_input_kind kind = scalar_input_kind::string;
    std::string text;         ///< of a number as it was written: an integer may have any number of digits
    boost::json::value json;  ///< of a list or an object
    std::string shown;        ///< how messages show it
};

/// How values of a scalar type come in and go out. Null never gets here. An error is a whole sentence.
struct scalar {
    std::function<std::expected<boost::json::value, std::string>(const scalar_input&)> read;
    std::function<std::expected<boost::json::value, std::string>(const boost::json::value&)> write;
};

/// By the name of the type.
using scalars = std::map<std::string, scalar, std::less<>>;

/// Int, Float, String, Boolean and ID.
const scalars& built_in_scalars();

/// Whole numbers up to `max`, that is UInt8 and UInt64: numbers or digits in a string in; a resolver reads a uint64_t.
/// Out they go as a number, or as a string of digits.
enum class written_as : std::uint8_t { number, digits };
scalar unsigned_scalar(std::string_view name, std::uint64_t max, written_as form);

/// Any object, as it is.
scalar json_object_scalar();

/// What JSON says, as an input for a scalar.
scalar_input to_scalar_input(const boost::json::value& json);

}  // namespace peering::graphql
