#include "peering/json/parse_json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace peering {
namespace {

using boost::json::error_code;
using boost::json::string_view;

/// If the number is out of range, `approximate` tells whether it is too large or too small.
double nearest_double(const std::string& digits, double approximate) {
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc{}) return number;
    return std::copysign(std::abs(approximate) > 1 ? std::numeric_limits<double>::infinity() : 0.0, approximate);
}

/// Builds the value from the parser's events. The names are prescribed by Boost.JSON.
struct handler {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return true; }
    bool on_object_end(std::size_t count, error_code&) { return stack.push_object(count), true; }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t count, error_code&) { return stack.push_array(count), true; }
    bool on_key_part(string_view text, std::size_t, error_code&) { return stack.push_chars(text), true; }
    bool on_key(string_view text, std::size_t, error_code&) { return stack.push_key(text), true; }
    bool on_string_part(string_view text, std::size_t, error_code&) { return stack.push_chars(text), true; }
    bool on_string(string_view text, std::size_t, error_code&) { return stack.push_string(text), true; }
    bool on_number_part(string_view text, error_code&) { return number.append(text.data(), text.size()), true; }
    bool on_int64(std::int64_t value, string_view, error_code&) {
        number.clear();
        return stack.push_int64(value), true;
    }
    bool on_uint64(std::uint64_t value, string_view, error_code&) {
        number.clear();
        return stack.push_uint64(value), true;
    }
    bool on_double(double value, string_view rest, error_code&) {
        number.append(rest.data(), rest.size());
        stack.push_double(nearest_double(number, value));
        number.clear();
        return true;
    }
    bool on_bool(bool value, error_code&) { return stack.push_bool(value), true; }
    bool on_null(error_code&) { return stack.push_null(), true; }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

    boost::json::value_stack stack;
    std::string number;  // digits of the current number so far
};

}  // namespace

std::optional<boost::json::value> parse_json(std::string_view text) {
    boost::json::basic_parser<handler> parser{boost::json::parse_options{}};
    parser.handler().stack.reset();
    error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error || read != text.size()) return std::nullopt;
    return parser.handler().stack.release();
}

}  // namespace peering
