#include "peering/graphql/coerce.hpp"

#include "peering/graphql/bounds.hpp"

#include <boost/json/serialize.hpp>

#include <charconv>
#include <cstdlib>
#include <utility>

namespace peering::graphql {
namespace {

namespace json = boost::json;

/// A value for a message: its JSON, cut where it is too long.
std::string shown_value(const json::value& value) {
    auto text = json::serialize(value);
    if (text.size() <= shown_value_size_max) return text;
    auto end = shown_value_size_max;
    while ((static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;  // not within a character
    text.resize(end);
    return text + "...";
}

/// Converts a literal without a type, for scalars that accept lists or objects. Returns nullopt for a variable without
/// a value.
std::optional<json::value> untyped(const literal& from, const json::object& variables) {
    switch (from.kind) {
        case literal_kind::variable: {
            const auto* value = variables.if_contains(from.text);
            return value == nullptr ? std::nullopt : std::optional{*value};
        }
        case literal_kind::null:
            return json::value{};
        case literal_kind::boolean:
            return json::value(from.text == "true");
        case literal_kind::string:
        case literal_kind::enumeration:
            return json::value(from.text);
        case literal_kind::integer: {
            const auto* end = from.text.data() + from.text.size();
            std::int64_t number = 0;
            std::uint64_t large = 0;
            if (std::from_chars(from.text.data(), end, number).ec == std::errc{}) return json::value(number);
            if (std::from_chars(from.text.data(), end, large).ec == std::errc{}) return json::value(large);
            return json::value(std::strtod(from.text.c_str(), nullptr));
        }
        case literal_kind::floating:
            return json::value(std::strtod(from.text.c_str(), nullptr));
        case literal_kind::list: {
            auto result = json::array{};
            for (const auto& item : from.items) result.push_back(untyped(item, variables).value_or(nullptr));
            return result;
        }
        case literal_kind::object: {
            auto result = json::object{};
            for (const auto& [name, value] : from.fields)
                if (auto member = untyped(value, variables)) result[name.text] = *std::move(member);
            return result;
        }
    }
    std::unreachable();
}

scalar_input with_variables(const literal& from, const json::object& variables) {
    auto in = to_scalar_input(from);
    if (from.kind == literal_kind::list || from.kind == literal_kind::object) in.json = *untyped(from, variables);
    return in;
}

/// The default needs no check here: it was checked with the schema.
void put_default(json::object& into, const parameter& parameter) {
    if (parameter.default_value == nullptr) return;
    if (auto value = coerce_literal(parameter.of, *parameter.default_value, {}))
        into[parameter.name] = *std::move(value);
}

std::optional<json::value> coerce_object(const named_type& type, const literal& from, const json::object& variables) {
    if (from.kind != literal_kind::object) return std::nullopt;
    auto result = json::object{};
    for (const auto& field : type.inputs) {
        const auto given = std::ranges::find(from.fields, field.name, [](const auto& each) { return each.name.text; });
        const bool absent = given == from.fields.end() ||
                            (given->value.kind == literal_kind::variable && !variables.contains(given->value.text));
        if (absent) {
            if (field.is_required()) return std::nullopt;
            put_default(result, field);
        } else {
            auto value = coerce_literal(field.of, given->value, variables);
            if (!value) return std::nullopt;
            result[field.name] = *std::move(value);
        }
    }
    return result;
}

/// The position of an error within a variable's value. Each level lives on the stack of the function that visits it.
struct place {
    const place* parent = nullptr;
    std::string step;

    std::string text() const { return parent == nullptr ? step : parent->text() + step; }
};

/// Reads the value of one variable and collects all its errors.
class variable_reader {
public:
    variable_reader(const variable_definition& variable, std::vector<error>& errors)
        : variable_{variable}, errors_{errors} {}

    json::value read(const type& type, const json::value& from, const place& at);

private:
    json::value read_list(const type& type, const json::value& from, const place& at);
    json::value read_object(const named_type& type, const json::value& from, const place& at);
    json::value read_leaf(const named_type& type, const json::value& from, const place& at);

    json::value refuse(const json::value& from, const place& at, const std::string& why) {
        auto message = "Variable \"$" + variable_.name.text + "\" got invalid value " + shown_value(from);
        if (at.parent != nullptr) message += " at " + in_quotes(at.text());
        if (errors_.size() < variable_errors_max)
            errors_.push_back({message + "; " + why, {variable_.at}, std::string{code::bad_user_input}, {}});
        return {};
    }

    const variable_definition& variable_;
    std::vector<error>& errors_;
};

json::value variable_reader::read(const type& type, const json::value& from, const place& at) {
    if (from.is_null()) {
        if (!type.is_non_null()) return {};
        return refuse(from, at, "Expected non-nullable type " + in_quotes(to_string(type)) + " not to be null.");
    }
    const auto wanted = type.nullable();
    if (wanted.is_list()) return read_list(wanted, from, at);
    if (wanted.named->kind == type_kind::input_object) return read_object(*wanted.named, from, at);
    return read_leaf(*wanted.named, from, at);
}

json::value variable_reader::read_list(const type& type, const json::value& from, const place& at) {
    auto result = json::array{};
    if (!from.is_array()) {
        result.push_back(read(type.unwrapped(), from, at));
        return result;
    }
    for (const auto& item : from.get_array())
        result.push_back(read(type.unwrapped(), item, {&at, "[" + std::to_string(result.size()) + "]"}));
    return result;
}

json::value variable_reader::read_object(const named_type& type, const json::value& from, const place& at) {
    if (!from.is_object()) return refuse(from, at, "Expected type " + in_quotes(type.name) + " to be an object.");
    auto result = json::object{};
    for (const auto& field : type.inputs) {
        if (const auto* given = from.get_object().if_contains(field.name)) {
            result[field.name] = read(field.of, *given, {&at, "." + std::string{field.name}});
        } else if (field.is_required()) {
            refuse(from, at,
                   "Field " + in_quotes(field.name) + " of required type " + in_quotes(to_string(field.of)) +
                       " was not provided.");
        } else {
            put_default(result, field);
        }
    }
    for (const auto& member : from.get_object())
        if (type.find_input(member.key()) == nullptr)
            refuse(from, at,
                   "Field " + in_quotes(member.key()) + " is not defined by type " + in_quotes(type.name) + ".");
    return result;
}

json::value variable_reader::read_leaf(const named_type& type, const json::value& from, const place& at) {
    if (type.kind == type_kind::scalar) {
        auto value = type.scalar->read(to_scalar_input(from));
        if (!value) return refuse(from, at, value.error());
        return *std::move(value);
    }
    if (!from.is_string())
        return refuse(
            from, at,
            "Enum " + in_quotes(type.name) + " cannot represent non-string value: " + shown_value(from) + ".");
    if (type.find_value(from.get_string()) == nullptr)
        return refuse(from, at, "Value " + shown_value(from) + " does not exist in " + in_quotes(type.name) + " enum.");
    return from;
}

}  // namespace

scalar_input to_scalar_input(const literal& from) {
    auto in = scalar_input{};
    in.shown = to_string(from);
    in.text = from.text;
    switch (from.kind) {
        case literal_kind::integer:
            in.kind = scalar_input_kind::integer;
            break;
        case literal_kind::floating:
            in.kind = scalar_input_kind::floating;
            break;
        case literal_kind::boolean:
            in.kind = scalar_input_kind::boolean;
            break;
        case literal_kind::string:
            in.kind = scalar_input_kind::string;
            break;
        case literal_kind::list:
            in.kind = scalar_input_kind::list;
            break;
        case literal_kind::object:
            in.kind = scalar_input_kind::object;
            break;
        case literal_kind::variable:
        case literal_kind::null:
        case literal_kind::enumeration:
            in.kind = scalar_input_kind::enumeration;
            break;
    }
    return in;
}

std::optional<json::value> coerce_literal(const type& type, const literal& from, const json::object& variables) {
    if (from.kind == literal_kind::variable) {
        // The variable's own type has already been checked against this position; only null can still be wrong.
        const auto* value = variables.if_contains(from.text);
        if (value == nullptr || (value->is_null() && type.is_non_null())) return std::nullopt;
        return *value;
    }
    if (from.kind == literal_kind::null) return type.is_non_null() ? std::nullopt : std::optional{json::value{}};
    const auto wanted = type.nullable();
    if (wanted.is_list()) {
        auto result = json::array{};
        const auto put = [&](const literal& item) {
            const bool absent = item.kind == literal_kind::variable && !variables.contains(item.text);
            auto value = absent && !wanted.unwrapped().is_non_null()
                             ? std::optional{json::value{}}
                             : coerce_literal(wanted.unwrapped(), item, variables);
            if (!value) return false;
            result.push_back(*std::move(value));
            return true;
        };
        if (from.kind != literal_kind::list) return put(from) ? std::optional{json::value(result)} : std::nullopt;
        for (const auto& item : from.items)
            if (!put(item)) return std::nullopt;
        return result;
    }
    const auto& named = *wanted.named;
    if (named.kind == type_kind::input_object) return coerce_object(named, from, variables);
    if (named.kind == type_kind::enumeration) {
        if (from.kind != literal_kind::enumeration || named.find_value(from.text) == nullptr) return std::nullopt;
        return json::value(from.text);
    }
    auto value = named.scalar->read(with_variables(from, variables));
    return value ? std::optional{*std::move(value)} : std::nullopt;
}

std::expected<json::object, error> coerce_arguments(std::span<const parameter> parameters,
                                                    const std::vector<argument>& given, const json::object& variables,
                                                    location at) {
    const auto refuse = [&](const parameter& of, location where, const std::string& why) {
        return std::unexpected{
            error{"Argument " + in_quotes(of.name) + why, {where}, std::string{code::bad_user_input}, {}}};
    };
    auto result = json::object{};
    for (const auto& parameter : parameters) {
        const auto found = std::ranges::find(given, parameter.name, [](const auto& each) { return each.name.text; });
        const bool written = found != given.end();
        const bool is_variable = written && found->value.kind == literal_kind::variable;
        if (!written || (is_variable && !variables.contains(found->value.text))) {
            if (parameter.is_required()) {
                const auto type = " of required type " + in_quotes(to_string(parameter.of));
                if (!written) return refuse(parameter, at, type + " was not provided.");
                return refuse(parameter, found->value.at,
                              type + " was provided the variable \"$" + found->value.text +
                                  "\" which was not provided a runtime value.");
            }
            put_default(result, parameter);
            continue;
        }
        auto value = coerce_literal(parameter.of, found->value, variables);
        if (!value) {
            const bool is_null = is_variable || found->value.kind == literal_kind::null;
            if (is_null)
                return refuse(parameter, found->value.at,
                              " of non-null type " + in_quotes(to_string(parameter.of)) + " must not be null.");
            return refuse(parameter, found->value.at, " has invalid value " + to_string(found->value) + ".");
        }
        result[parameter.name] = *std::move(value);
    }
    return result;
}

std::expected<json::object, std::vector<error>> coerce_variables(const schema& schema,
                                                                 const operation_definition& operation,
                                                                 const json::object& given) {
    auto result = json::object{};
    auto errors = std::vector<error>{};
    for (const auto& variable : operation.variables) {
        const auto type = schema.resolve(variable.type);
        if (const auto* value = given.if_contains(variable.name.text)) {
            if (value->is_null() && type.is_non_null())
                errors.push_back({"Variable \"$" + variable.name.text + "\" of non-null type " +
                                      in_quotes(to_string(type)) + " must not be null.",
                                  {variable.at},
                                  std::string{code::bad_user_input},
                                  {}});
            else
                result[variable.name.text] =
                    variable_reader{variable, errors}.read(type, *value, {nullptr, variable.name.text});
        } else if (variable.default_value) {
            if (auto by_default = coerce_literal(type, *variable.default_value, {}))
                result[variable.name.text] = *std::move(by_default);
        } else if (type.is_non_null()) {
            errors.push_back({"Variable \"$" + variable.name.text + "\" of required type " +
                                  in_quotes(to_string(type)) + " was not provided.",
                              {variable.at},
                              std::string{code::bad_user_input},
                              {}});
        }
    }
    if (!errors.empty()) return std::unexpected{std::move(errors)};
    return result;
}

}  // namespace peering::graphql
