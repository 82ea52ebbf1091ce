#pragma once

#include "connector/tls/tls_context.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/error_code.hpp>
#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace connector {

/// A TCP connection of Asio or Beast over which TLS may be spoken from some point on. It is a stream as Boost.Beast
/// understands it, so one implementation of HTTP serves both. It is for everything but packets, which have a
/// tls_filter. `Tcp` is boost::asio::ip::tcp::socket or boost::beast::tcp_stream. It must outlive the handlers that it
/// calls, which therefore keep its owner alive.
template <class Tcp>
class maybe_tls {
public:
    using executor_type = typename Tcp::executor_type;

    /// `argument`: an executor or a socket, of which `Tcp` can be made.
    template <class Argument>
    explicit maybe_tls(Argument argument) : tcp_(std::move(argument)) {}
    maybe_tls(const maybe_tls&) = delete;
    maybe_tls& operator=(const maybe_tls&) = delete;

    executor_type get_executor() { return tcp_.get_executor(); }

    /// The connection below TLS.
    Tcp& tcp() noexcept { return tcp_; }

    /// Null while TLS is not spoken.
    SSL* tls() noexcept { return tls_ ? tls_->native_handle() : nullptr; }
    bool is_encrypted() const noexcept { return tls_.has_value(); }

    /// From now on all bytes are those inside TLS. The next operation must be a handshake.
    void start_tls(std::shared_ptr<const tls_context> context) {
        SSL* const made = ::SSL_new(context->native());
        if (made == nullptr) throw std::bad_alloc{};
        // Asio waits for the socket after each call that wants to be repeated. Without this mode OpenSSL wants that
        // after a session ticket, too, even if the bytes behind it have been read from the socket already.
        ::SSL_set_mode(made, SSL_MODE_AUTO_RETRY);
        context_ = std::move(context);
        tls_.emplace(tcp_, made);  // owns it
    }

    /// `received` are the first bytes of the handshake, if they have been read already; the handler is called with the
    /// error and their number.
    template <class Buffers, class Handler>
    void async_accept_tls(const Buffers& received, Handler&& handler) {
        tls_->async_handshake(boost::asio::ssl::stream_base::server, received, std::forward<Handler>(handler));
    }

    template <class Handler>
    void async_connect_tls(Handler&& handler) {
        tls_->async_handshake(boost::asio::ssl::stream_base::client, std::forward<Handler>(handler));
    }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
        tcp_.async_read_some(buffers, std::forward<Handler>(handler));
    }

    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
        tcp_.async_write_some(buffers, std::forward<Handler>(handler));
    }

    /// Tells the other side that no more bytes follow, and waits until it has said the same or until that is no longer
    /// possible, whatever the error. Precondition: TLS is spoken.
    template <class Handler>
    void async_end_tls(Handler&& handler) {
        tls_->async_shutdown(std::forward<Handler>(handler));
    }

private:
    Tcp tcp_;
    std::shared_ptr<const tls_context> context_;  ///< OpenSSL's callbacks refer to it
    std::optional<boost::asio::ssl::stream<Tcp&>> tls_;
};

/// True if the error comes from TLS, and not from the connection below it.
inline bool is_tls_error(const boost::system::error_code& error) noexcept {
    return error.category() == boost::asio::error::get_ssl_category() ||
           error.category() == boost::asio::ssl::error::get_stream_category();
}

/// True if these bytes, which should be HTTP, are the beginning of what a server that speaks TLS answers to it.
bool is_tls_record(const void* octets, std::size_t count) noexcept;

/// A sentence about why a handshake of Asio's failed, safe for a log line.
std::string why_handshake_failed(SSL& ssl, const boost::system::error_code& error);

}  // namespace connector
