#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

struct utf8_character {
    char32_t value = 0;
    std::size_t size = 0;  ///< octets
};

/// The first character; empty when the text does not begin with one (RFC 3629: shortest form, no surrogates).
std::optional<utf8_character> decode_utf8(std::string_view text);

/// Printable ASCII but for quote and backslash as it is, anything else as \xNN: fit for messages and logs.
std::string escaped(std::string_view text);

/// Escaped, in double quotes, and cut after 64 octets.
std::string quoted(std::string_view text);

/// The candidate that was probably meant; empty when none is near.
std::string_view nearest(std::string_view written, const std::vector<std::string_view>& candidates);

/// What the name of an environment variable is made of; it does not begin with a digit.
inline constexpr std::string_view variable_name_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

bool is_variable_name(std::string_view text);

std::string join(const std::vector<std::string_view>& parts, std::string_view separator);

}  // namespace config
