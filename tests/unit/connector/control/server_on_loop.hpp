#pragma once

#include "connector/control/http_server.hpp"
#include "tests/support/http.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace control_test {

using namespace connector;

using answer_function = std::function<void(http_response)>;

inline const boost::asio::ip::tcp::endpoint any_port{boost::asio::ip::address_v4::loopback(), 0};

/// A loop with its own thread.
class loop {
public:
    ~loop() { stop(); }
    void stop() {
        context.stop();
        if (thread_.joinable()) thread_.join();
    }
    void run() {
        thread_ = std::thread{[this] { context.run(); }};
    }

    boost::asio::io_context context{1};

private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
        boost::asio::make_work_guard(context);
    std::thread thread_;
};

/// A server that counts the requests that it receives.
class server_on_loop {
public:
    explicit server_on_loop(http_handler handler, http_server_bounds bounds = {.body_size_max = 100},
                            std::shared_ptr<const tls_context> tls = {}) {
        server_.emplace(
            loop_.context,
            [this, handler = std::move(handler)](const http_request& request, answer_function done) {
                ++requests_;
                handler(request, std::move(done));
            },
            bounds);
        server_->use_tls(std::move(tls));
        REQUIRE_FALSE(server_->listen(any_port));
        port_ = server_->local_endpoint().port();
        loop_.run();
    }
    ~server_on_loop() { end(); }

    std::uint16_t port() const { return port_; }
    int requests() const { return requests_; }

    /// Returns once new connections use it.
    void use_tls(std::shared_ptr<const tls_context> tls) {
        std::promise<void> done;
        boost::asio::post(loop_.context, [&] {
            server_->use_tls(std::move(tls));
            done.set_value();
        });
        done.get_future().wait();
    }

    /// Stops the loop, then destroys the server.
    void end() {
        loop_.stop();
        server_.reset();
    }

private:
    std::atomic<int> requests_ = 0;
    loop loop_;
    std::optional<http_server> server_;
    std::uint16_t port_ = 0;
};

inline std::string text_of(const std::optional<support::http_message>& message) {
    if (!message) return "nothing";
    return std::to_string(message->status()) + " " + std::string{message->body.begin(), message->body.end()};
}

}  // namespace control_test
