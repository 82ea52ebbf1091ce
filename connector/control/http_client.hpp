#pragma once

#include "config/settings.hpp"
#include "connector/tls/tls_context.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector {

enum class http_method : std::uint8_t { get, post };

struct http_call {
    http_method method = http_method::get;
    config::http_endpoint endpoint;
    std::string target{};                                        ///< if empty, the endpoint's target
    std::vector<std::pair<std::string, std::string>> headers{};  ///< in addition to Host, Connection and Content-Length
    std::string body{};
    std::chrono::milliseconds timeout{};  ///< for the whole call: lookup, connect, handshake, request and answer
    std::size_t answer_size_max = 0;      ///< in bytes of body

    /// Decides whether an address may be connected to: see dial_target.
    std::function<bool(const boost::asio::ip::address&)> may_connect{};

    std::shared_ptr<const tls_context> tls{};  ///< must be there if the endpoint is https://
};

/// The error of a call for which `may_connect` allows no address; no connection was attempted.
inline constexpr std::string_view not_allowed = "the host has no address to which ilpd may connect";

struct http_answer {
    unsigned status = 0;
    std::string body;
    std::string location{};  ///< the value of the Location field; empty if there is none
};

/// Sends one request on a connection of its own, for everything but ILP packets. Redirects are not followed. `done` is
/// called once, from the context and never before call() returns: with the complete answer, whatever its status, or
/// with the reason why there is none. It is not called if the context is destroyed first.
void call(boost::asio::io_context& context, http_call call,
          std::function<void(std::expected<http_answer, std::string>)> done);

}  // namespace connector
