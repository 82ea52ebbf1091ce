#pragma once

#include "config/http_endpoint.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace config {

/// True for an IP address (4 or 16 bytes, network byte order) that is reachable from anywhere on the internet. False
/// for every address that a URL from a stranger must not lead to: this host, private networks, link-local and multicast
/// addresses, and everything that the IANA registries of special-purpose addresses (RFC 6890 and its successors) do not
/// list as global. An IPv6 address that embeds an IPv4 address is judged by the IPv4 address.
bool is_public(std::span<const std::uint8_t> address) noexcept;

/// True for a literal IP address that is not public. False for a host name, because only resolving it shows where it
/// leads.
bool is_private_literal(const std::string& host) noexcept;

/// True for a literal IP address that is public. False for a host name, likewise.
bool is_public_literal(const std::string& host) noexcept;

/// True if packets to the endpoint would be sent unencrypted to a public address. A host name is judged when its
/// addresses are known, by the link.
inline bool is_plain_at_public_literal(const http_endpoint& endpoint) {
    return !endpoint.is_https() && is_public_literal(endpoint.host());
}

/// Says so; the name of the term that allows it follows.
inline constexpr std::string_view plain_http_is_not_allowed =
    "is an http:// URL at a public address, so that everybody on the way could read the token and change packets: use "
    "https://, or set ";

}  // namespace config
