#include "config/address_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace config {
namespace {

struct range_v4 {
    std::uint32_t first;
    unsigned length;  ///< prefix length in bits
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return a << 24U | b << 16U | c << 8U | d;
}

constexpr std::array special_v4{
    range_v4{v4(0, 0, 0, 0), 8},        // this network, and the unspecified address
    range_v4{v4(10, 0, 0, 0), 8},       // private
    range_v4{v4(100, 64, 0, 0), 10},    // carrier-grade NAT
    range_v4{v4(127, 0, 0, 0), 8},      // loopback
    range_v4{v4(169, 254, 0, 0), 16},   // link-local, including the metadata services of clouds
    range_v4{v4(172, 16, 0, 0), 12},    // private
    range_v4{v4(192, 0, 0, 0), 24},     // protocol assignments
    range_v4{v4(192, 0, 2, 0), 24},     // documentation
    range_v4{v4(192, 31, 196, 0), 24},  // AS112
    range_v4{v4(192, 52, 193, 0), 24},  // Automatic Multicast Tunneling
    range_v4{v4(192, 88, 99, 0), 24},   // 6to4 relays
    range_v4{v4(192, 168, 0, 0), 16},   // private
    range_v4{v4(192, 175, 48, 0), 24},  // AS112
    range_v4{v4(198, 18, 0, 0), 15},    // benchmarking
    range_v4{v4(198, 51, 100, 0), 24},  // documentation
    range_v4{v4(203, 0, 113, 0), 24},   // documentation
    range_v4{v4(224, 0, 0, 0), 4},      // multicast
    range_v4{v4(240, 0, 0, 0), 4},      // reserved, and the broadcast address
};

using octets_v6 = std::span<const std::uint8_t, 16>;

struct range_v6 {
    std::array<std::uint8_t, 16> first;
    unsigned length;
};

// The special ranges within 2000::/3; nothing outside it is global.
constexpr std::array special_v6{
    range_v6{{0x20, 0x01, 0x00}, 23},              // protocol assignments: Teredo, ORCHID, benchmarking
    range_v6{{0x20, 0x01, 0x0d, 0xb8}, 32},        // documentation
    range_v6{{0x26, 0x20, 0x00, 0x4f, 0x80}, 48},  // AS112
    range_v6{{0x3f, 0xff}, 20},                    // documentation
};

constexpr range_v6 global_v6{{0x20}, 3};
constexpr range_v6 mapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};  // embeds an IPv4 address at the end
constexpr range_v6 translated{{0x00, 0x64, 0xff, 0x9b}, 96};                // NAT64: likewise
constexpr range_v6 six_to_four{{0x20, 0x02}, 16};                           // embeds an IPv4 address after the prefix

bool is_within(octets_v6 address, const range_v6& range) noexcept {
    for (unsigned bit = 0; bit < range.length; ++bit) {
        const unsigned mask = 0x80U >> bit % 8;
        if (((address[bit / 8] ^ range.first[bit / 8]) & mask) != 0) return false;
    }
    return true;
}

bool is_public_v4(std::uint32_t address) noexcept {
    return std::ranges::none_of(
        special_v4, [address](const range_v4& range) { return (address ^ range.first) >> (32 - range.length) == 0; });
}

std::uint32_t v4_at(std::span<const std::uint8_t> octets, std::size_t place) noexcept {
    return v4(octets[place], octets[place + 1], octets[place + 2], octets[place + 3]);
}

bool is_public_v6(octets_v6 address) noexcept {
    // Connecting to an IPv4-mapped address connects to the IPv4 address itself.
    if (is_within(address, mapped) || is_within(address, translated)) return is_public_v4(v4_at(address, 12));
    if (is_within(address, six_to_four)) return is_public_v4(v4_at(address, 2));
    if (!is_within(address, global_v6)) return false;
    return std::ranges::none_of(special_v6, [&](const range_v6& range) { return is_within(address, range); });
}

}  // namespace

bool is_public(std::span<const std::uint8_t> address) noexcept {
    if (address.size() == 4) return is_public_v4(v4_at(address, 0));
    return address.size() == 16 && is_public_v6(address.first<16>());
}

namespace {

/// Nullopt for a host name.
std::optional<bool> is_public_if_literal(const std::string& host) noexcept {
    std::array<std::uint8_t, 16> octets{};
    if (inet_pton(AF_INET, host.c_str(), octets.data()) == 1) return is_public(std::span{octets}.first(4));
    if (inet_pton(AF_INET6, host.c_str(), octets.data()) == 1) return is_public(octets);
    return std::nullopt;
}

}  // namespace

bool is_private_literal(const std::string& host) noexcept {
    return !is_public_if_literal(host).value_or(true);
}

bool is_public_literal(const std::string& host) noexcept {
    return is_public_if_literal(host).value_or(false);
}

}  // namespace config
