#pragma once

#include "config/settings.hpp"
#include "connector/http_server.hpp"
#include "peering/admin/endpoint.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

namespace connector {

/// The Admin API on a listener of its own. Requests are answered by a few threads, since resolvers may block; the loop
/// only reads and writes. It goes on the loop or after its end, and waits for the resolvers that still run then: see
/// stop().
class admin_server {
public:
    static constexpr std::size_t threads = 4;
    static constexpr std::size_t waiting_max = 256;  ///< requests that wait for a thread; further ones get 503
    static constexpr std::size_t body_size_max = 256 * 1024;

    /// The engine, and whatever its resolvers and the contexts need, outlives it. The factory is called by several
    /// threads at a time.
    admin_server(boost::asio::io_context& context, config::admin_settings settings,
                 const peering::graphql::engine& engine, peering::admin::endpoint::context_factory new_context);

    boost::system::error_code listen(const boost::asio::ip::tcp::endpoint& endpoint) {
        return server_.listen(endpoint);
    }
    boost::asio::ip::tcp::endpoint local_endpoint() const { return server_.local_endpoint(); }

    /// From now on requests, and those that wait, get 503. `stopped` is called on the loop when the last resolver has
    /// come to its end and its answer is on its way; the loop, and what resolvers wait for, must run until then.
    void stop(std::function<void()> stopped);

private:
    struct under_way;

    void answer(http_request request, std::function<void(http_response)> done);

    boost::asio::io_context& context_;
    peering::admin::endpoint endpoint_;
    std::shared_ptr<under_way> under_way_;
    std::atomic<bool> stopping_ = false;
    boost::asio::thread_pool pool_{threads};  // its end waits for what uses the members above
    http_server server_;
};

}  // namespace connector
