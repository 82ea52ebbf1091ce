#pragma once

#include "config/settings.hpp"
#include "connector/base/passed_sockets.hpp"

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

/// Has a server listen where `setting` says, at the socket that was passed for it if there is one. Returns what went
/// wrong, if anything did.
template <class Server>
std::optional<std::string> listen(Server& server, std::string_view setting, const config::listen_address& address,
                                  const passed_sockets& passed) {
    const auto point = passed.point_for(setting, address);
    if (!point) return point.error();
    if (const auto error = server.listen(*point)) return cannot_listen(setting, point->endpoint, error);
    return std::nullopt;
}

}  // namespace connector
