#include "connector/base/listen.hpp"

#include <fmt/format.h>

namespace connector {

using boost::asio::ip::tcp;

tcp::endpoint to_endpoint(const config::listen_address& address) {
    return {boost::asio::ip::make_address(address.host), address.port};
}

std::string to_text(const tcp::endpoint& endpoint) {
    const auto host = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                      : fmt::format("{}:{}", host, endpoint.port());
}

std::string cannot_listen(std::string_view setting, const tcp::endpoint& endpoint,
                          const boost::system::error_code& error) {
    return fmt::format("{}: cannot listen on {}: {}", setting, to_text(endpoint), error.message());
}

}  // namespace connector
