#include "peering/json/base64url.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace peering {
namespace {

constexpr std::string_view base64url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> make_base64url_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < base64url_digits.size(); ++i) {
        values[static_cast<unsigned char>(base64url_digits[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> base64url_values = make_base64url_values();

}  // namespace

void append_base64url(std::string& to, std::string_view octets) {
    std::uint32_t bits = 0;
    unsigned count = 0;  // of the lowest bits, which are still to be written
    for (const char c : octets) {
        bits = (bits << 8U | static_cast<unsigned char>(c)) & 0xffffU;
        for (count += 8; count >= 6;) {
            count -= 6;
            to.push_back(base64url_digits[bits >> count & 0x3fU]);
        }
    }
    if (count > 0) to.push_back(base64url_digits[bits << (6 - count) & 0x3fU]);
}

std::optional<std::string> decode_base64url(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string decoded(text.size() * 3 / 4, '\0');
    std::size_t size = 0;
    std::uint32_t bits = 0;
    unsigned count = 0;  // of the lowest bits, which are no whole octet yet
    for (const char c : text) {
        const std::uint32_t value = base64url_values[static_cast<unsigned char>(c)];
        if (value == no_digit) return std::nullopt;
        bits = (bits << 6U | value) & 0xffffU;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        decoded[size++] = static_cast<char>(bits >> count & 0xffU);
    }
    if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
    return decoded;
}

}  // namespace peering
