#include "peering/graphql/scalar.hpp"

#include <boost/json/serialize.hpp>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace peering::graphql {
namespace {

namespace json = boost::json;
using result = std::expected<json::value, std::string>;

template <typename T>
std::optional<T> parse_number(std::string_view text) {
    T value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

result refuse(std::string_view name, std::string_view what, std::string_view shown) {
    auto message = std::string{name};
    message += " cannot represent ";
    message += what;
    message += ": ";
    message += shown;
    return std::unexpected{std::move(message)};
}

/// Accepts a number without a fraction, whichever JSON kind it has; returns nullopt outside int64_t and uint64_t.
std::optional<std::string> whole_number(const json::value& value) {
    if (value.is_int64()) return std::to_string(value.get_int64());
    if (value.is_uint64()) return std::to_string(value.get_uint64());
    constexpr double exact_max = 9007199254740991;  // above this a double is no longer exact
    if (!value.is_double() || std::trunc(value.get_double()) != value.get_double()) return std::nullopt;
    if (std::abs(value.get_double()) > exact_max) return std::nullopt;
    return std::to_string(static_cast<std::int64_t>(value.get_double()));
}

result as_int(std::string_view digits, std::string_view shown) {
    const auto value = parse_number<std::int32_t>(digits);
    if (!value) return refuse("Int", "non 32-bit signed integer value", shown);
    return json::value(*value);
}

result read_int(const scalar_input& in) {
    if (in.kind != scalar_input_kind::integer) return refuse("Int", "non-integer value", in.shown);
    return as_int(in.text, in.shown);
}

result write_int(const json::value& out) {
    const auto digits = whole_number(out);
    if (!digits) return refuse("Int", "non-integer value", json::serialize(out));
    return as_int(*digits, *digits);
}

result read_float(const scalar_input& in) {
    const bool is_number = in.kind == scalar_input_kind::integer || in.kind == scalar_input_kind::floating;
    const auto value = is_number ? parse_number<double>(in.text) : std::nullopt;
    if (!value || !std::isfinite(*value)) return refuse("Float", "non numeric value", in.shown);
    return json::value(*value);
}

result write_float(const json::value& out) {
    if (!out.is_number() || (out.is_double() && !std::isfinite(out.get_double())))
        return refuse("Float", "non numeric value", json::serialize(out));
    return out;
}

result read_string(const scalar_input& in) {
    if (in.kind != scalar_input_kind::string) return refuse("String", "a non string value", in.shown);
    return json::value(in.text);
}

result write_string(const json::value& out) {
    if (out.is_string()) return out;
    if (const auto digits = whole_number(out)) return json::value(*digits);
    if (out.is_bool()) return json::value(out.get_bool() ? "true" : "false");
    return refuse("String", "value", json::serialize(out));
}

result read_boolean(const scalar_input& in) {
    if (in.kind != scalar_input_kind::boolean) return refuse("Boolean", "a non boolean value", in.shown);
    return json::value(in.text == "true");
}

result write_boolean(const json::value& out) {
    if (!out.is_bool()) return refuse("Boolean", "a non boolean value", json::serialize(out));
    return out;
}

result read_id(const scalar_input& in) {
    if (in.kind != scalar_input_kind::string && in.kind != scalar_input_kind::integer)
        return refuse("ID", "a non-string and non-integer value", in.shown);
    return json::value(in.text);
}

result write_id(const json::value& out) {
    if (out.is_string()) return out;
    if (const auto digits = whole_number(out)) return json::value(*digits);
    return refuse("ID", "value", json::serialize(out));
}

}  // namespace

const scalars& built_in_scalars() {
    static const scalars all{{"Int", {read_int, write_int}},
                             {"Float", {read_float, write_float}},
                             {"String", {read_string, write_string}},
                             {"Boolean", {read_boolean, write_boolean}},
                             {"ID", {read_id, write_id}}};
    return all;
}

scalar unsigned_scalar(std::string_view name, std::uint64_t max, written_as form) {
    const auto wanted = "anything but a whole number from 0 to " + std::to_string(max);
    const auto within = [max](std::string_view digits) {
        auto value = parse_number<std::uint64_t>(digits);
        if (value && *value > max) value.reset();
        return value;
    };
    return {.read = [=, name = std::string{name}](const scalar_input& in) -> result {
                const bool readable = in.kind == scalar_input_kind::integer || in.kind == scalar_input_kind::string;
                const auto value = readable ? within(in.text) : std::nullopt;
                if (!value) return refuse(name, wanted, in.shown);
                return json::value(*value);
            },
            .write = [=, name = std::string{name}](const json::value& out) -> result {
                const auto digits = whole_number(out);
                const auto value = digits ? within(*digits) : std::nullopt;
                if (!value) return refuse(name, wanted, json::serialize(out));
                if (form == written_as::digits) return json::value(*digits);
                return json::value(*value);
            }};
}

scalar json_object_scalar() {
    return {.read = [](const scalar_input& in) -> result {
                if (in.kind != scalar_input_kind::object) return refuse("JSONObject", "a non object value", in.shown);
                return in.json;
            },
            .write = [](const json::value& out) -> result {
                if (!out.is_object()) return refuse("JSONObject", "a non object value", json::serialize(out));
                return out;
            }};
}

scalar_input to_scalar_input(const json::value& value) {
    auto in = scalar_input{};
    in.shown = json::serialize(value);
    switch (value.kind()) {
        case json::kind::null:
        case json::kind::string:
            in.kind = scalar_input_kind::string;
            if (value.is_string()) in.text = value.get_string();
            break;
        case json::kind::bool_:
            in.kind = scalar_input_kind::boolean;
            in.text = in.shown;
            break;
        case json::kind::int64:
        case json::kind::uint64:
        case json::kind::double_: {
            const auto digits = whole_number(value);
            in.kind = digits ? scalar_input_kind::integer : scalar_input_kind::floating;
            in.text = digits ? *digits : in.shown;
            break;
        }
        case json::kind::array:
            in.kind = scalar_input_kind::list;
            in.json = value;
            break;
        case json::kind::object:
            in.kind = scalar_input_kind::object;
            in.json = value;
            break;
    }
    return in;
}

}  // namespace peering::graphql
