#pragma once

#include "config/settings.hpp"
#include "connector/control/http_server.hpp"
#include "peering/admin/endpoint.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace connector {

/// The Admin API on a listener of its own, and the console, whose pages use it. A small thread pool answers the
/// requests, since resolvers may block; the loop only reads and writes. Destroy it on the loop or after the loop has
/// ended; the destructor waits for resolvers that are still running (see stop()).
class admin_server {
public:
    static constexpr std::size_t threads = 6;  ///< a few more than calls that may wait for other nodes: see call_limit
    static constexpr std::size_t waiting_max = 256;  ///< bound of the queue for a thread; further requests get 503
    static constexpr std::size_t body_size_max = 256 * 1024;

    /// The engine, and everything that its resolvers and the contexts use, must outlive the server. Several threads may
    /// call the factory at the same time.
    admin_server(boost::asio::io_context& context, config::admin_settings settings,
                 const peering::graphql::engine& engine, peering::admin::endpoint::context_factory new_context);

    boost::system::error_code listen(const listening_point& at) { return server_.listen(at); }
    void use_tls(std::shared_ptr<const tls_context> context) noexcept { server_.use_tls(std::move(context)); }
    boost::asio::ip::tcp::endpoint local_endpoint() const { return server_.local_endpoint(); }

    /// From now on new and queued requests get 503. `stopped` is called on the loop after the last running resolver has
    /// finished and its answer has been handed to the connection. The loop, and everything that resolvers wait for,
    /// must keep running until then.
    void stop(std::function<void()> stopped);

private:
    struct under_way;

    void answer(http_request request, std::function<void(http_response)> done);

    boost::asio::io_context& context_;
    const bool has_console_;
    peering::admin::endpoint endpoint_;
    std::shared_ptr<under_way> under_way_;
    std::atomic<bool> stopping_ = false;
    boost::asio::thread_pool pool_{threads};  // its destructor joins the threads, which use the members above
    http_server server_;
};

}  // namespace connector
