#pragma once

#include "config/settings.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace connector {

boost::asio::ip::tcp::endpoint to_endpoint(const config::listen_address& address);
std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

/// The message for the operator.
std::string cannot_listen(std::string_view setting, const boost::asio::ip::tcp::endpoint& endpoint,
                          const boost::system::error_code& error);

/// Has a server listen where `setting` says. Returns what went wrong, if anything did.
template <class Server>
std::optional<std::string> listen(Server& server, std::string_view setting, const config::listen_address& address) {
    const auto endpoint = to_endpoint(address);
    if (const auto error = server.listen(endpoint)) return cannot_listen(setting, endpoint, error);
    return std::nullopt;
}

}  // namespace connector
