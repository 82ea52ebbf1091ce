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

/// One HTTP/1.1 message as received, a request or a response.
struct http_message {
    std::string start_line{};
    header_list headers{};
    ilp::bytes body{};

    /// The status of a response; 0 for a request.
    int status() const;
    /// The value of the first header with that name, compared case-insensitively.
    std::optional<std::string> header(std::string_view name) const;
};

/// Removes one whole message from the front of `buffer`. Empty if it is not complete. Understands Content-Length and
/// chunked bodies. Throws std::runtime_error for bytes that are not HTTP.
std::optional<http_message> take_message(std::string& buffer);

struct http_request {
    std::string method = "POST";
    std::string target = "/";
    header_list headers{};
    ilp::bytes body{};
};

/// Adds Host, and Content-Length if there is a body or the method is POST.
std::string serialize(const http_request& request);

/// Encodes `body` in chunks of `size` bytes, including the last chunk.
std::string chunked(ilp::bytes_view body, std::size_t size);

/// A client connection whose every byte is written by the test.
class http_connection {
public:
    explicit http_connection(std::uint16_t port) : socket_{connect_to(port)} {}

    /// False if the other side no longer accepts them.
    bool send(std::string_view octets) { return send_all(socket_, octets); }
    bool send(const http_request& request) { return send(serialize(request)); }

    /// The next response, interim ones included. Empty at the end of the connection, after a reset, or after the
    /// timeout.
    std::optional<http_message> receive(milliseconds timeout = patience);

    /// Sends, then receives.
    std::optional<http_message> exchange(const http_request& request) {
        send(request);
        return receive();
    }

    /// True if the server ends the connection in time, whatever it sends before that.
    bool wait_until_closed(milliseconds timeout = patience);

    /// Shuts down our sending side. Reading continues.
    void finish_sending();
    void reset() { support::reset(socket_); }

private:
    descriptor socket_;
    std::string buffer_;
};

}  // namespace support
