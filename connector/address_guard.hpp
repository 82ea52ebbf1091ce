#pragma once

#include <boost/asio/ip/address.hpp>

namespace connector {

/// True for an address that anyone on the internet may be reached at. False for everything that a stranger's URL must
/// not lead to: this host, private networks, links, groups, and what the registries of special addresses (RFC 6890 and
/// its successors at IANA) do not call global. An IPv6 address that carries an IPv4 address is judged by that one, too.
bool is_public(const boost::asio::ip::address& address) noexcept;

}  // namespace connector
