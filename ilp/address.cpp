#include "ilp/address.hpp"

#include <array>

namespace ilp {
namespace {

constexpr std::uint8_t dot = 1;
constexpr std::uint8_t illegal = 2;

/// Maps characters that are legal in a segment to 0.
constexpr auto kinds = [] {
    std::array<std::uint8_t, 256> table;
    table.fill(illegal);
    for (unsigned char c = '0'; c <= '9'; ++c) table[c] = 0;
    for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = 0;
    for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = 0;
    table['_'] = table['~'] = table['-'] = 0;
    table['.'] = dot;
    return table;
}();

/// True for one or more segments separated by single dots; needs no branch per octet.
bool are_segments(std::string_view text) noexcept {
    std::uint8_t previous = dot;
    std::uint8_t faults = 0;
    for (const char c : text) {
        const std::uint8_t kind = kinds[static_cast<unsigned char>(c)];
        faults |= static_cast<std::uint8_t>((kind & illegal) | (kind & previous));
        previous = kind;
    }
    return faults == 0 && previous != dot;
}

constexpr std::size_t scheme_size_max = 7;

/// Packs a scheme's name into one word. The leading 1 distinguishes names of different length.
constexpr std::uint64_t pack(std::string_view name) noexcept {
    std::uint64_t word = 1;
    for (const char c : name) word = word << 8 | static_cast<unsigned char>(c);
    return word;
}

constexpr std::optional<scheme> unpack(std::uint64_t word) noexcept {
    switch (word) {
        case pack("g"):
            return scheme::g;
        case pack("private"):
            return scheme::private_;
        case pack("example"):
            return scheme::example;
        case pack("peer"):
            return scheme::peer;
        case pack("self"):
            return scheme::self;
        case pack("test"):
            return scheme::test;
        case pack("test1"):
            return scheme::test1;
        case pack("test2"):
            return scheme::test2;
        case pack("test3"):
            return scheme::test3;
        case pack("local"):
            return scheme::local;
        default:
            return std::nullopt;
    }
}

struct first_segment {
    std::optional<scheme> known;
    std::size_t size;
};

first_segment read_scheme(std::string_view text) noexcept {
    std::uint64_t word = 1;
    std::size_t size = 0;
    while (size < text.size() && text[size] != '.') {
        if (size == scheme_size_max) return {std::nullopt, size};
        word = word << 8 | static_cast<unsigned char>(text[size++]);
    }
    return {unpack(word), size};
}

}  // namespace

bool is_address(std::string_view text) noexcept {
    if (text.size() > address_size_max) return false;
    const auto [known, size] = read_scheme(text);
    return known && size < text.size() && are_segments(text.substr(size + 1));
}

bool is_prefix(std::string_view text) noexcept {
    if (text.empty()) return true;
    const auto [known, size] = read_scheme(text);
    return known && (size == text.size() || is_address(text));
}

std::optional<scheme> scheme_of(std::string_view text) noexcept {
    return read_scheme(text).known;
}

std::string_view unreachable_because(std::string_view own, std::string_view prefix) noexcept {
    const auto there = scheme_of(prefix);
    const auto here = scheme_of(own);
    if (!there || !here) return {};
    using enum scheme;
    if (*there == peer || *there == self || *there == local) return "no packet is ever forwarded to its scheme";
    if (is_allocated(*there) && is_allocated(*here) && *there != *here)
        return "it is in another network than this node";
    return {};
}

std::optional<address> address::parse(std::string_view text) {
    if (!is_address(text)) return std::nullopt;
    return address{text};
}

}  // namespace ilp
