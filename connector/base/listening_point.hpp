#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>

namespace connector {

/// Says where a server listens: at a socket that it opens itself, or at one that was opened for it.
struct listening_point {
    // NOLINTNEXTLINE(google-explicit-constructor): most servers are told just an endpoint
    listening_point(const boost::asio::ip::tcp::endpoint& at) : endpoint{at} {}
    listening_point(const boost::asio::ip::address& address, std::uint16_t port) : endpoint{address, port} {}

    boost::asio::ip::tcp::endpoint endpoint;
    int passed = -1;  ///< the descriptor of a listening socket, which stays its owner's; negative: none

    bool is_passed() const noexcept { return passed >= 0; }
};

enum class port_use {
    alone,
    shared,  ///< SO_REUSEPORT: each acceptor has a queue of its own
};

/// Has the acceptor, which must not be open, listen there. Acceptors of a passed socket share its queue of connections:
/// closing one of them leaves the queue to the others and to the socket's owner.
boost::system::error_code open_acceptor(boost::asio::ip::tcp::acceptor& acceptor, const listening_point& at,
                                        port_use use);

}  // namespace connector
