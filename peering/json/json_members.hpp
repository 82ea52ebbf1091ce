#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace peering {

/// More are not read, because each is compared with those before it.
inline constexpr std::size_t json_members_max = 64;

/// A member of a JSON object. The value is empty unless it is a string or a number.
struct json_member {
    std::string name;
    std::variant<std::monostate, std::string, double> value{};
};

/// The members of a JSON object, in their order. Nullopt if the text is not one valid object or has too many of them,
/// or if a name comes twice: two programs that read such an object may see different values. Objects inside it are not
/// looked at.
std::optional<std::vector<json_member>> read_json_members(std::string_view text);

/// Null if there is none.
const json_member* find_member(const std::vector<json_member>& members, std::string_view name);

}  // namespace peering
