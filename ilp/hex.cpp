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

std::optional<digest> parse_hex_digest(std::string_view digits) noexcept {
    digest result{};
    if (digits.size() != 2 * result.size()) return std::nullopt;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const std::size_t high = hex_digits.find(digits[2 * i]);
        const std::size_t low = hex_digits.find(digits[2 * i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        result[i] = static_cast<octet>(high << 4U | low);
    }
    return result;
}

}  // namespace ilp
