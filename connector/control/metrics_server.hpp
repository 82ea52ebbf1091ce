#pragma once

#include "connector/control/http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace connector {

/// Serves GET /metrics, /healthz and /readyz on a listener of its own, on the control loop.
class metrics_server {
public:
    struct sources {
        /// Calls back with the exposition, immediately or later, on the control loop.
        std::function<void(std::function<void(std::string)>)> metrics;
        std::function<bool()> ready;
    };

    metrics_server(boost::asio::io_context& context, sources sources);

    boost::system::error_code listen(const listening_point& at) { return server_.listen(at); }
    void use_tls(std::shared_ptr<const tls_context> context) noexcept { server_.use_tls(std::move(context)); }
    boost::asio::ip::tcp::endpoint local_endpoint() const { return server_.local_endpoint(); }

    /// From now on each answer ends its connection, and says so.
    void drain() noexcept { server_.drain(); }

private:
    http_server server_;
};

}  // namespace connector
