#pragma once

#include "tests/support/http.hpp"
#include "tests/support/openssl.hpp"
#include "tests/support/socket.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace support {

struct tls_client_terms {
    std::string roots{};             ///< a file with certificates in PEM; the server is not verified if it is empty
    std::string host = "localhost";  ///< a name that the server's certificate must be for
    std::string certificate{};       ///< a file with our certificate in PEM; none is shown if it is empty
    std::string key{};               ///< the file with its key
    int version = 0;                 ///< the only one that is offered, such as TLS1_2_VERSION; 0: 1.2 and later
};

/// An HTTP client over TLS, written with OpenSSL alone. It blocks, but no longer than `patience`.
class tls_connection {
public:
    /// Throws std::runtime_error with OpenSSL's errors if the handshake fails.
    explicit tls_connection(std::uint16_t port, const tls_client_terms& terms = {});

    /// False if the other side no longer accepts them.
    bool send(std::string_view octets);

    /// The next response; empty at the end of the connection.
    std::optional<http_message> receive();
    std::optional<http_message> exchange(const http_request& request) {
        send(serialize(request));
        return receive();
    }

    /// True if the server says that it sends no more, as TLS requires, whatever it sends before that.
    bool wait_until_ended();

    /// Such as "TLSv1.3".
    std::string version() const;
    /// The serial number of the server's certificate, in hexadecimal digits.
    std::string server_serial() const;

private:
    bool read_more();

    descriptor socket_;
    ssl_context_handle context_;
    ssl_handle ssl_;
    std::string buffer_;
    bool ended_orderly_ = false;
};

}  // namespace support
