#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

struct utf8_character {
    char32_t value = 0;
    std::size_t size = 0;  ///< bytes
};

/// Decodes the first character; returns nullopt if it is invalid (RFC 3629: shortest form, no surrogates).
std::optional<utf8_character> decode_utf8(std::string_view text);

/// False for characters that cannot be seen: control characters, blanks other than the space, fillers, variation
/// selectors, tags, characters for private use, and those that change how their neighbours are displayed.
bool is_visible_character(char32_t c);

/// Copies printable ASCII except quote and backslash and writes every other byte as \xNN; the result is safe for
/// messages and logs.
std::string escaped(std::string_view text);

/// Escapes the text, puts it in double quotes and truncates it after 64 bytes.
std::string in_quotes(std::string_view text);

/// Returns the candidate that was probably meant, or an empty text if none is close.
std::string_view nearest(std::string_view written, const std::vector<std::string_view>& candidates);

/// Characters allowed in the name of an environment variable, which must not begin with a digit.
inline constexpr std::string_view variable_name_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

bool is_variable_name(std::string_view text);

std::string join(const std::vector<std::string_view>& parts, std::string_view separator);

}  // namespace config
