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

/// A client's input for a scalar, in the same form whether it came from the document or from the variables.
struct scalar_input {
    scalar_input_kind kind = scalar_input_kind::string;
    std::string text;         ///< source text of a number; an integer may have any number of digits
    boost::json::value json;  ///< for a list or an object
    std::string shown;        ///< how messages show the input
};

/// Converts values of a scalar type on input and output. Neither function ever receives null. An error is a complete
/// sentence.
struct scalar {
    std::function<std::expected<boost::json::value, std::string>(const scalar_input&)> read;
    std::function<std::expected<boost::json::value, std::string>(const boost::json::value&)> write;
};

/// Scalars by type name.
using scalars = std::map<std::string, scalar, std::less<>>;

/// Int, Float, String, Boolean and ID.
const scalars& built_in_scalars();

/// Whole numbers up to `max`, for UInt8 and UInt64. Input is a number or a string of digits, and resolvers read a
/// uint64_t. Output is a number or a string of digits.
enum class written_as : std::uint8_t { number, digits };
scalar unsigned_scalar(std::string_view name, std::uint64_t max, written_as form);

/// Accepts any object unchanged.
scalar json_object_scalar();

/// Converts a JSON value to the input of a scalar.
scalar_input to_scalar_input(const boost::json::value& json);

}  // namespace peering::graphql
