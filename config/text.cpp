#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

namespace config {
namespace {

constexpr std::size_t shown_size_max = 64;

std::size_t edit_distance(std::string_view a, std::string_view b) {
    auto row = std::vector<std::size_t>(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

}  // namespace

std::optional<utf8_character> decode_utf8(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    if (byte(0) < 0x80) return utf8_character{byte(0), 1};
    struct form {
        std::uint8_t mask, lead;
        char32_t min;
    };
    constexpr auto forms = std::array{form{0xe0, 0xc0, 0x80}, form{0xf0, 0xe0, 0x800}, form{0xf8, 0xf0, 0x10000}};
    for (std::size_t i = 0; i < forms.size(); ++i) {
        const auto [mask, lead, min] = forms[i];
        if ((byte(0) & mask) != lead) continue;
        const auto size = i + 2;
        if (text.size() < size) return std::nullopt;
        auto value = static_cast<char32_t>(byte(0) & ~mask);
        for (std::size_t at = 1; at < size; ++at) {
            if ((byte(at) & 0xc0U) != 0x80) return std::nullopt;
            value = (value << 6U) | (byte(at) & 0x3fU);
        }
        if (value < min || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return std::nullopt;
        return utf8_character{value, size};
    }
    return std::nullopt;
}

bool is_visible_character(char32_t c) {
    struct range {
        char32_t first, last;
    };
    // From the Unicode standard: the general categories C and Z, and the property Default_Ignorable_Code_Point.
    constexpr auto invisible =
        std::array{range{0x00, 0x1f},       range{0x7f, 0xa0},       range{0xad, 0xad},       range{0x34f, 0x34f},
                   range{0x61c, 0x61c},     range{0x115f, 0x1160},   range{0x1680, 0x1680},   range{0x17b4, 0x17b5},
                   range{0x180b, 0x180f},   range{0x2000, 0x200f},   range{0x2028, 0x202f},   range{0x205f, 0x206f},
                   range{0x2800, 0x2800},   range{0x3000, 0x3000},   range{0x3164, 0x3164},   range{0xd800, 0xf8ff},
                   range{0xfdd0, 0xfdef},   range{0xfe00, 0xfe0f},   range{0xfeff, 0xfeff},   range{0xffa0, 0xffa0},
                   range{0xfff0, 0xfffb},   range{0xfffe, 0xffff},   range{0x1bca0, 0x1bca3}, range{0x1d159, 0x1d159},
                   range{0x1d173, 0x1d17a}, range{0xe0000, 0x10ffff}};
    return std::ranges::none_of(invisible, [c](const range& each) { return c >= each.first && c <= each.last; });
}

std::string escaped(std::string_view text) {
    constexpr auto digits = std::string_view{"0123456789abcdef"};
    auto result = std::string{};
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (byte >= 0x20 && byte < 0x7f) {
            result += c;
        } else {
            result += "\\x";
            result += digits[byte >> 4U];
            result += digits[byte & 0x0fU];
        }
    }
    return result;
}

std::string in_quotes(std::string_view text) {
    const auto cut = text.size() > shown_size_max ? "..." : "";
    return '"' + escaped(text.substr(0, shown_size_max)) + cut + '"';
}

std::string_view nearest(std::string_view written, const std::vector<std::string_view>& candidates) {
    if (written.size() > shown_size_max) return {};
    auto best = std::string_view{};
    auto best_distance = std::max<std::size_t>(1, written.size() / 3) + 1;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(written, candidate);
        if (distance >= best_distance) continue;
        best = candidate;
        best_distance = distance;
    }
    return best;
}

bool is_variable_name(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && !is_digit(text.front()) &&
           text.find_first_not_of(variable_name_characters) == std::string_view::npos;
}

std::string join(const std::vector<std::string_view>& parts, std::string_view separator) {
    auto result = std::string{};
    for (const auto part : parts) {
        if (!result.empty()) result += separator;
        result += part;
    }
    return result;
}

}  // namespace config
