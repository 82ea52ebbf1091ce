#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace connector {

/// GET /metrics, /healthz and /readyz on a listener of its own, on the control loop.
class metrics_server {
public:
    struct sources {
        /// Calls back with the exposition, now or later, on the control loop.
        std::function<void(std::function<void(std::string)>)> metrics;
        std::function<bool()> ready;
    };

    static constexpr std::size_t sessions_max = 64;  ///< further connections are closed at once

    metrics_server(boost::asio::io_context& context, sources sources);
    ~metrics_server();

    boost::system::error_code listen(const boost::asio::ip::tcp::endpoint& endpoint);
    boost::asio::ip::tcp::endpoint local_endpoint() const;

private:
    class session;

    void accept();

    boost::asio::io_context& context_;
    sources sources_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::shared_ptr<std::size_t> sessions_;
};

}  // namespace connector
