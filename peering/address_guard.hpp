#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace peering {

/// True for an IP address (4 or 16 octets, network order) at which anyone on the internet may be reached. False for
/// everything that a stranger's URL must not lead to: this host, private networks, links, groups, and what the
/// registries of special addresses (RFC 6890 and its successors at IANA) do not call global. An IPv6 address that
/// carries an IPv4 address is judged by that one.
bool is_public(std::span<const std::uint8_t> address) noexcept;

/// True for a literal IP address that is not public. A name says nothing before it is looked up.
bool is_private_literal(const std::string& host) noexcept;

}  // namespace peering
