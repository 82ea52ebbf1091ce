#include "peering/administration/shown_name.hpp"

#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace peering {
namespace {

/// One bit for each writing system. A script that several systems use, such as Han, has a bit of each.
using systems = std::uint32_t;

constexpr systems latin = 1U << 0U;
constexpr systems greek = 1U << 1U;
constexpr systems cyrillic = 1U << 2U;
constexpr systems japanese = 1U << 3U;
constexpr systems korean = 1U << 4U;
constexpr systems chinese = 1U << 5U;
constexpr systems other(unsigned number) {
    return 1U << (6U + number);
}
constexpr systems no_letter = ~systems{0};  // fits every system

struct range {
    char32_t first;
    char32_t last;
    systems of;
};

/// The letters and their marks by script (Unicode 15, Scripts.txt), and the punctuation that names need. Left out are
/// historic letters, phonetic ones, combining marks, and variants that look like an ordinary letter. Sorted.
constexpr std::array ranges{
    range{0x0020, 0x0040, no_letter},
    range{0x0041, 0x005a, latin},
    range{0x005b, 0x0060, no_letter},
    range{0x0061, 0x007a, latin},
    range{0x007b, 0x007e, no_letter},
    range{0x00a1, 0x00a9, no_letter},
    range{0x00ab, 0x00ac, no_letter},
    range{0x00ae, 0x00b9, no_letter},
    range{0x00bb, 0x00bf, no_letter},
    range{0x00c0, 0x00d6, latin},
    range{0x00d8, 0x00f6, latin},
    range{0x00f8, 0x017e, latin},
    range{0x01cd, 0x01dc, latin},
    range{0x01e6, 0x01e9, latin},
    range{0x0218, 0x021b, latin},
    range{0x0386, 0x0386, greek},
    range{0x0388, 0x03ce, greek},
    range{0x0400, 0x0482, cyrillic},
    range{0x048a, 0x052f, cyrillic},
    range{0x0531, 0x0556, other(0)},
    range{0x0561, 0x0587, other(0)},
    range{0x05d0, 0x05ea, other(1)},
    range{0x0620, 0x064a, other(2)},
    range{0x0660, 0x0669, other(2)},
    range{0x0671, 0x06d3, other(2)},
    range{0x06f0, 0x06fc, other(2)},
    range{0x0900, 0x0963, other(3)},
    range{0x0966, 0x096f, other(3)},
    range{0x0980, 0x09fe, other(4)},
    range{0x0a01, 0x0a76, other(5)},
    range{0x0a81, 0x0aff, other(6)},
    range{0x0b01, 0x0b77, other(7)},
    range{0x0b82, 0x0bfa, other(8)},
    range{0x0c00, 0x0c7f, other(9)},
    range{0x0c80, 0x0cf3, other(10)},
    range{0x0d00, 0x0d7f, other(11)},
    range{0x0d81, 0x0df4, other(12)},
    range{0x0e01, 0x0e3a, other(13)},
    range{0x0e40, 0x0e5b, other(13)},
    range{0x0e81, 0x0edf, other(14)},
    range{0x0f00, 0x0fd4, other(15)},
    range{0x1000, 0x109f, other(16)},
    range{0x10a0, 0x10ff, other(17)},
    range{0x1200, 0x139f, other(18)},
    range{0x1780, 0x17b3, other(19)},
    range{0x17b6, 0x17f9, other(19)},
    range{0x1e00, 0x1eff, latin},
    range{0x1f00, 0x1ffc, greek},
    range{0x2010, 0x2015, no_letter},
    range{0x2018, 0x201e, no_letter},
    range{0x2022, 0x2022, no_letter},
    range{0x2026, 0x2026, no_letter},
    range{0x20a0, 0x20c0, no_letter},
    range{0x2116, 0x2116, no_letter},
    range{0x2122, 0x2122, no_letter},
    range{0x3001, 0x3003, no_letter},
    range{0x3005, 0x3005, japanese | chinese},
    range{0x3008, 0x3011, no_letter},
    range{0x3041, 0x3096, japanese},
    range{0x309d, 0x309e, japanese},
    range{0x30a1, 0x30fa, japanese},
    range{0x30fb, 0x30fb, no_letter},
    range{0x30fc, 0x30fe, japanese},
    range{0x3105, 0x312f, chinese},
    range{0x3131, 0x3163, korean},
    range{0x3400, 0x4dbf, japanese | korean | chinese},
    range{0x4e00, 0x9fff, japanese | korean | chinese},
    range{0xac00, 0xd7a3, korean},
};

/// The letters that look like Latin ones.
constexpr std::u32string_view greek_look_alikes = U"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορτυχ";
constexpr std::u32string_view cyrillic_look_alikes = U"АВЕЅІЈКМНОРСТУХҮҺԌԚԜагекорсухѕіјһүԁԛԝӏ";
constexpr std::u32string_view armenian_look_alikes = U"ՍՏՕՈհոսցօք";

static_assert(std::ranges::is_sorted(ranges, {}, &range::first));

/// Nullopt for a character that is not shown.
std::optional<systems> systems_of(char32_t c) {
    const auto behind = std::ranges::upper_bound(ranges, c, {}, &range::first);
    if (behind == ranges.begin()) return std::nullopt;
    const range& found = *std::prev(behind);
    return c <= found.last ? std::optional{found.of} : std::nullopt;
}

bool is_digit(char32_t c) {
    return c >= U'0' && c <= U'9';
}

bool looks_latin(char32_t c) {
    return greek_look_alikes.contains(c) || cyrillic_look_alikes.contains(c) || armenian_look_alikes.contains(c);
}

char32_t lower_case(char32_t c) {
    const bool is_upper = (c >= U'A' && c <= U'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
                          (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f);
    if (is_upper) return c + 0x20;
    return c >= 0x400 && c <= 0x40f ? c + 0x50 : c;
}

/// The letter that represents all that look like it.
char32_t folded(char32_t c) {
    const char32_t lower = lower_case(c);
    switch (lower) {
        case U'0':
            return U'o';
        case U'1':
        case U'i':
        case U'|':
        case 0x131:  // i without a dot
            return U'l';
        default:
            return lower;
    }
}

/// Takes the next letter or digit from `text`, folded; 0 at its end.
char32_t take_folded(std::string_view& text) {
    while (!text.empty()) {
        const auto character = config::decode_utf8(text);
        const std::size_t size = character ? character->size : 1;
        const char32_t c = character ? character->value : 0x110000U + static_cast<unsigned char>(text.front());
        text.remove_prefix(size);
        if (c == U'|' || is_digit(c) || systems_of(c) != no_letter) return folded(c);
    }
    return 0;
}

}  // namespace

bool may_be_shown(std::string_view name) {
    systems common = no_letter;
    bool has_letter = false;
    bool has_letter_of_its_own = false;
    bool has_digit = false;
    while (!name.empty()) {
        const auto character = config::decode_utf8(name);
        if (!character) return false;
        name.remove_prefix(character->size);
        const auto of = systems_of(character->value);
        if (!of) return false;
        common &= *of;
        has_digit = has_digit || is_digit(character->value);
        if (*of == no_letter) continue;
        has_letter = true;
        has_letter_of_its_own = has_letter_of_its_own || !looks_latin(character->value);
    }
    return common != 0 && (has_letter ? has_letter_of_its_own : has_digit);
}

bool look_alike(std::string_view a, std::string_view b) {
    for (;;) {
        const char32_t next = take_folded(a);
        if (next != take_folded(b)) return false;
        if (next == 0) return true;
    }
}

}  // namespace peering
