#include "peering/graphql/document.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace peering::graphql {

std::string_view to_string(operation_kind kind) {
    switch (kind) {
        case operation_kind::query:
            return "query";
        case operation_kind::mutation:
            return "mutation";
        case operation_kind::subscription:
            return "subscription";
    }
    std::unreachable();
}

std::string quoted(std::string_view text) {
    auto result = std::string{'"'};
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (c == '\n') {
            result += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned>(c));
            result += escape.data();
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string to_string(const literal& literal) {
    auto result = std::string{};
    switch (literal.kind) {
        case literal_kind::variable:
            return "$" + literal.text;
        case literal_kind::string:
            return quoted(literal.text);
        case literal_kind::null:
            return "null";
        case literal_kind::list:
            for (const auto& item : literal.items) result += (result.empty() ? "" : ", ") + to_string(item);
            return "[" + result + "]";
        case literal_kind::object:
            for (const auto& [name, value] : literal.fields)
                result += (result.empty() ? "" : ", ") + name.text + ": " + to_string(value);
            return "{" + result + "}";
        case literal_kind::integer:
        case literal_kind::floating:
        case literal_kind::boolean:
        case literal_kind::enumeration:
            return literal.text;
    }
    std::unreachable();
}

}  // namespace peering::graphql
