#pragma once

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

/// One request to a listener that takes no packets.
struct http_request {
    std::string method;  ///< as sent: "GET"
    std::string target;  ///< as sent, with its query
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};

    /// The first header of this name, whatever its case; null: none.
    const std::string* find(std::string_view name) const noexcept;
};

struct http_response {
    unsigned status = 200;
    std::string content_type = "text/plain";
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};  ///< besides the usual ones
};

/// Answers a request: calls `done` once, at once or later, from any thread. Called on the server's loop.
using http_handler = std::function<void(http_request request, std::function<void(http_response)> done)>;

struct http_server_bounds {
    std::size_t sessions_max = 64;  ///< further connections are closed at once
    std::size_t head_size_max = 8 * 1024;
    std::size_t body_size_max = 0;
    std::chrono::milliseconds request_time{10'000};  ///< to send a request, to take an answer, and to stay idle
};

/// A listener for what is not a packet (metrics, Admin API, auto-peering), by Beast. Answers with `cache-control:
/// no-store`. HEAD is asked of the handler as GET, and answered without a body. It goes on its loop, though not within
/// the handler, or after the loop has ended; a `done` that comes later than that does nothing.
class http_server {
public:
    http_server(boost::asio::io_context& context, http_handler handler, http_server_bounds bounds);
    ~http_server();
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    boost::system::error_code listen(const boost::asio::ip::tcp::endpoint& endpoint);
    boost::asio::ip::tcp::endpoint local_endpoint() const;

private:
    class session;
    struct shared;

    void accept();

    boost::asio::io_context& context_;
    std::shared_ptr<shared> shared_;
    boost::asio::ip::tcp::acceptor acceptor_;
};

}  // namespace connector
