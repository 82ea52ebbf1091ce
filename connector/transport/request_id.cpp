#include "connector/transport/request_id.hpp"

#include "ilp/invariant.hpp"
#include "peering/records/uuid.hpp"

#include <boost/uuid/uuid_io.hpp>
#include <openssl/rand.h>

#include <cstdint>
#include <functional>

namespace connector {
namespace {

/// Precondition: it is a hexadecimal digit.
unsigned value_of_digit(char digit) noexcept {
    if (digit <= '9') return static_cast<unsigned>(digit - '0');
    return static_cast<unsigned>((digit | 0x20) - 'a') + 10;
}

}  // namespace

std::optional<request_id> request_id::parse(std::string_view text) noexcept {
    if (!peering::is_uuid_v4(text)) return std::nullopt;
    request_id parsed;
    std::size_t at = 0;
    for (auto& octet : parsed.value_.data) {
        if (text[at] == '-') ++at;
        octet = static_cast<std::uint8_t>(value_of_digit(text[at]) << 4U | value_of_digit(text[at + 1]));
        at += 2;
    }
    return parsed;
}

request_id request_id::random() {
    request_id made;
    auto& octets = made.value_.data;
    ilp::require(RAND_bytes(octets, sizeof octets) == 1, "libcrypto has random numbers");
    octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0fU) | 0x40U);  // version 4
    octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3fU) | 0x80U);  // the variant of RFC 4122
    return made;
}

std::size_t hash_value(const request_id& id) noexcept {
    static const request_id secret = request_id::random();
    std::array<char, sizeof id.value_.data> mixed;
    for (std::size_t i = 0; i < mixed.size(); ++i)
        mixed[i] = static_cast<char>(id.value_.data[i] ^ secret.value_.data[i]);
    return std::hash<std::string_view>{}({mixed.data(), mixed.size()});
}

request_id::text_form request_id::text() const noexcept {
    text_form text;
    boost::uuids::to_chars(value_, text.begin());
    return text;
}

}  // namespace connector
