#pragma once

#include "ilp/bytes.hpp"
#include "tests/support/socket.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// One HTTP/1.1 message as it came: either direction.
struct http_message {
    std::string start_line{};
    header_list headers{};
    ilp::bytes body{};

    /// Of a response; 0 when the start line is that of a request.
    int status() const;
    /// First value of the header, found without regard to case.
    std::optional<std::string> header(std::string_view name) const;
};

/// Takes one whole message off the front of `buffer`; empty while it is not complete. Understands Content-Length and
/// chunked bodies. Throws std::runtime_error for octets that are no HTTP.
std::optional<http_message> take_message(std::string& buffer);

struct http_request {
    std::string method = "POST";
    std::string target = "/";
    header_list headers{};
    ilp::bytes body{};
};

/// Adds Host, and Content-Length when there is a body or the method is POST.
std::string serialize(const http_request& request);

/// `size` octets of `body` per chunk, the last chunk included.
std::string chunked(ilp::bytes_view body, std::size_t size);

/// A client connection on which the test says every octet itself.
class http_connection {
public:
    explicit http_connection(std::uint16_t port) : socket_{connect_to(port)} {}

    /// False when the other side does not take them any more.
    bool send(std::string_view octets) { return send_all(socket_, octets); }
    bool send(const http_request& request) { return send(serialize(request)); }

    /// The next response, interim ones included; empty at the end of the connection, a reset, or the timeout.
    std::optional<http_message> receive(milliseconds timeout = patience);

    /// Send, then receive.
    std::optional<http_message> exchange(const http_request& request) {
        send(request);
        return receive();
    }

    /// True when the server ends the connection in time, whatever it sends before.
    bool wait_until_closed(milliseconds timeout = patience);

    /// No more octets from us; reading goes on.
    void finish_sending();
    void reset() { support::reset(socket_); }

private:
    descriptor socket_;
    std::string buffer_;
};

}  // namespace support
