#pragma once

#include "connector/base/descriptor_shares.hpp"
#include "connector/base/listening_point.hpp"
#include "connector/base/source.hpp"
#include "connector/tls/tls_context.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector {

/// One request to a listener other than that for ILP packets.
struct http_request {
    std::string method;  ///< as sent, for example "GET"
    std::string target;  ///< path and query; scheme and authority, if any, have been removed
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    boost::asio::ip::address remote{};  ///< of the client, or of a proxy in front of us

    /// The first header with this name, ignoring case; null if there is none.
    const std::string* find(std::string_view name) const noexcept;
};

struct http_response {
    unsigned status = 200;
    std::string content_type = "text/plain";
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};  ///< in addition to the standard ones
    std::string_view cache_control = "no-store";                 ///< a literal
};

/// Answers a request by calling `done` once, immediately or later, from any thread. The handler is called on the
/// server's loop.
using http_handler = std::function<void(http_request request, std::function<void(http_response)> done)>;

struct http_server_bounds {
    /// For a further connection, one that waits for its client is closed: for a request, or until an answer has been
    /// read. It is one of the source that has most connections, and of these the one that has waited longest. If none
    /// waits for its client, the new one is closed.
    std::size_t sessions_max = 64;
    std::size_t sessions_per_source_max = 0;  ///< further connections from one source are closed; 0 means no bound
    /// Requests of one source that are being answered, that is, wait for us; further ones get 503. 0 means seven
    /// eighths of all connections, so that some are always left which can give way to other sources.
    std::size_t requests_per_source_max = 0;
    std::size_t head_size_max = 8 * 1024;
    std::size_t body_size_max = 0;
    /// Bounds the bodies that are being sent, unless there is just one. Beyond it, those of a source that has more of
    /// it than the one that asks are broken off; otherwise 503.
    std::size_t answers_size_max = 64 * 1024 * 1024;
    std::chrono::milliseconds handshake_time{5'000};  ///< of TLS
    std::chrono::milliseconds request_time{10'000};   ///< each for a request, an answer and idling
    client_kind clients = client_kind::operator_of_node;
};

/// An HTTP listener for everything but ILP packets (metrics, Admin API, auto-peering, SPSP), over TLS if it has a
/// context. It reads requests with the parser of the packet endpoint, so both are equally strict. HEAD is passed to the
/// handler as GET and answered without a body. Destroy the server on its loop, but not from within the handler, or
/// after the loop has ended; a `done` called after that has no effect.
class http_server {
public:
    http_server(boost::asio::io_context& context, http_handler handler, http_server_bounds bounds);
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    /// New connections speak TLS with this context, and plain HTTP if it is null; those that are open keep what they
    /// have.
    void use_tls(std::shared_ptr<const tls_context> context) noexcept;

    /// Asked before each TLS handshake, on the server's loop: if not, the connection is closed. A handshake costs much
    /// more than a request. Call it before listen().
    void ask_before_handshakes(std::function<bool(const source_key& source)> may_shake_hands) noexcept;

    boost::system::error_code listen(const listening_point& at);
    boost::asio::ip::tcp::endpoint local_endpoint() const;

    /// From now on each answer ends its connection, and says so.
    void drain() noexcept;

private:
    class session;
    struct shared;

    void accept();

    boost::asio::io_context& context_;
    std::shared_ptr<shared> shared_;
    boost::asio::ip::tcp::acceptor acceptor_;
};

}  // namespace connector
