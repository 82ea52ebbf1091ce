#pragma once

#include "connector/base/source.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>

namespace connector {

/// The text that names the source of the address (source.hpp).
inline std::string client_network(const boost::asio::ip::address& address) {
    return to_text(source_of(address));
}

/// The address to which the socket is connected; 0.0.0.0 if it is not connected any more.
boost::asio::ip::address peer_address(int socket) noexcept;

}  // namespace connector
