#include "ilp/hex.hpp"

#include <cstddef>

namespace ilp {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

}  // namespace

std::string to_hex(bytes_view octets) {
    std::string digits;
    digits.reserve(2 * octets.size());
    for (const octet each : octets) {
        digits += hex_digits[each >> 4U];
        digits += hex_digits[each & 15U];
    }
    return digits;
}

bool parse_hex(std::string_view digits, std::span<octet> to) noexcept {
    if (digits.size() != 2 * to.size()) return false;
    for (std::size_t i = 0; i < to.size(); ++i) {
        const std::size_t high = hex_digits.find(digits[2 * i]);
        const std::size_t low = hex_digits.find(digits[2 * i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return false;
        to[i] = static_cast<octet>(high << 4U | low);
    }
    return true;
}

std::optional<digest> parse_hex_digest(std::string_view digits) noexcept {
    digest result{};
    return parse_hex(digits, result) ? std::optional{result} : std::nullopt;
}

}  // namespace ilp
