#pragma once

#include "config/settings.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector {

enum class http_method : std::uint8_t { get, post };

struct http_call {
    http_method method = http_method::get;
    config::http_endpoint endpoint;
    std::string target{};                                        ///< empty: the endpoint's
    std::vector<std::pair<std::string, std::string>> headers{};  ///< besides Host, Connection and Content-Length
    std::string body{};
    std::chrono::milliseconds timeout{};  ///< of everything together: look-up, connect, request, answer
    std::size_t answer_size_max = 0;      ///< octets of the body

    /// Which addresses may be connected to, asked for each that the host's name has now: no later look-up can lead
    /// elsewhere. Empty: any.
    std::function<bool(const boost::asio::ip::address&)> may_connect{};
};

/// Why a call fails that `may_connect` forbids; its connection was never tried.
inline constexpr std::string_view not_allowed = "the host has no address that may be connected to";

struct http_answer {
    unsigned status = 0;
    std::string body;
};

/// One request on a connection of its own, for what is not a packet. Follows no redirect. `done` is called once, later,
/// by the context: with the whole answer, whatever its status, or with why there is none. Not at all when the context
/// goes away first.
void call(boost::asio::io_context& context, http_call call,
          std::function<void(std::expected<http_answer, std::string>)> done);

}  // namespace connector
