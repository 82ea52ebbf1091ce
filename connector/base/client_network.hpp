#pragma once

#include <boost/asio/ip/address.hpp>

#include <string>

namespace connector {

/// What counts as one client, as text: an IPv4 address, or the /64 network of an IPv6 address, because whoever has one
/// address of it has all of them. An IPv4 address that is mapped to IPv6 counts as IPv4.
std::string client_network(const boost::asio::ip::address& address);

/// The address to which the socket is connected; 0.0.0.0 if it is not connected any more.
boost::asio::ip::address peer_address(int socket) noexcept;

}  // namespace connector
