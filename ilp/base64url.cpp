#include "ilp/base64url.hpp"

#include <array>
#include <cstdint>

namespace ilp {
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

char* write_base64url(char* to, bytes_view octets) noexcept {
    std::uint32_t bits = 0;
    unsigned count = 0;  // of the lowest bits, which are still to be written
    for (const octet each : octets) {
        bits = (bits << 8U | each) & 0xffffU;
        for (count += 8; count >= 6;) {
            count -= 6;
            *to++ = base64url_digits[bits >> count & 0x3fU];
        }
    }
    if (count > 0) *to++ = base64url_digits[bits << (6 - count) & 0x3fU];
    return to;
}

bool read_base64url(std::string_view text, bytes_span to) noexcept {
    if (text.size() != base64url_size(to.size())) return false;
    std::size_t size = 0;
    std::uint32_t bits = 0;
    unsigned count = 0;  // of the lowest bits, which are no whole octet yet
    for (const char c : text) {
        const std::uint32_t value = base64url_values[static_cast<unsigned char>(c)];
        if (value == no_digit) return false;
        bits = (bits << 6U | value) & 0xffffU;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        to[size++] = static_cast<octet>(bits >> count & 0xffU);
    }
    return (bits & ((1U << count) - 1)) == 0;
}

void append_base64url(std::string& to, std::string_view octets) {
    const std::size_t before = to.size();
    to.resize(before + base64url_size(octets.size()));
    write_base64url(to.data() + before, as_bytes(octets));
}

std::optional<std::string> decode_base64url(std::string_view text) {
    std::string decoded(text.size() * 3 / 4, '\0');
    if (!read_base64url(text, {reinterpret_cast<octet*>(decoded.data()), decoded.size()})) return std::nullopt;
    return decoded;
}

}  // namespace ilp
