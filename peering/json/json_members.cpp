#include "peering/json/json_members.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace peering {
namespace {

/// Collects the members from the parser's events. The names are prescribed by Boost.JSON.
struct member_handler {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);
    using error_code = boost::json::error_code;
    using string_view = boost::json::string_view;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        is_object = is_object || depth == 0;
        return ++depth, true;
    }
    bool on_object_end(std::size_t, error_code&) { return --depth, true; }
    bool on_array_begin(error_code&) { return ++depth, true; }
    bool on_array_end(std::size_t, error_code&) { return --depth, true; }
    bool on_key_part(string_view part, std::size_t, error_code&) { return append(part), true; }
    bool on_key(string_view part, std::size_t, error_code& error) {
        append(part);
        std::string name = std::exchange(text, {});
        if (depth != 1) return true;
        if (members.size() == json_members_max || find_member(members, name) != nullptr) {
            error = boost::json::error::syntax;
            return false;
        }
        members.push_back({std::move(name)});
        return true;
    }
    bool on_string_part(string_view part, std::size_t, error_code&) { return append(part), true; }
    bool on_string(string_view part, std::size_t, error_code&) {
        append(part);
        return set(std::exchange(text, {}));
    }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t value, string_view, error_code&) { return set(static_cast<double>(value)); }
    bool on_uint64(std::uint64_t value, string_view, error_code&) { return set(static_cast<double>(value)); }
    bool on_double(double value, string_view, error_code&) { return set(value); }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

    void append(string_view part) { text.append(part.data(), part.size()); }

    template <class Value>
    bool set(Value value) {
        if (is_object && depth == 1) members.back().value = std::move(value);
        return true;
    }

    std::vector<json_member> members;
    std::string text;  // of the current name or string so far
    std::size_t depth = 0;
    bool is_object = false;
};

}  // namespace

std::optional<std::vector<json_member>> read_json_members(std::string_view text) {
    boost::json::basic_parser<member_handler> parser{boost::json::parse_options{}};
    boost::json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error || read != text.size() || !parser.handler().is_object) return std::nullopt;
    return std::move(parser.handler().members);
}

const json_member* find_member(const std::vector<json_member>& members, std::string_view name) {
    const auto found = std::ranges::find(members, name, &json_member::name);
    return found == members.end() ? nullptr : &*found;
}

}  // namespace peering
