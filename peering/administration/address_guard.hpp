#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace peering {

/// True for an IP address (4 or 16 bytes, network byte order) that is reachable from anywhere on the internet. False
/// for every address that a URL from a stranger must not lead to: this host, private networks, link-local and multicast
/// addresses, and everything that the IANA registries of special-purpose addresses (RFC 6890 and its successors) do not
/// list as global. An IPv6 address that embeds an IPv4 address is judged by the IPv4 address.
bool is_public(std::span<const std::uint8_t> address) noexcept;

/// True for a literal IP address that is not public. False for a host name, because only resolving it shows where it
/// leads.
bool is_private_literal(const std::string& host) noexcept;

}  // namespace peering
