#include "connector/metrics_server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace connector {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds request_time{10};
constexpr std::uint32_t head_size_max = 8 * 1024;
constexpr std::uint64_t body_size_max = 0;
constexpr std::chrono::milliseconds accept_pause{100};

}  // namespace

class metrics_server::session : public std::enable_shared_from_this<session> {
public:
    session(tcp::socket socket, const sources& sources, std::shared_ptr<std::size_t> count)
        : stream_{std::move(socket)}, sources_{sources}, count_{std::move(count)} {
        ++*count_;
    }
    ~session() { --*count_; }

    void read() {
        parser_.emplace();
        parser_->header_limit(head_size_max);
        parser_->body_limit(body_size_max);
        stream_.expires_after(request_time);
        http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return;
            self->answer();
        });
    }

private:
    void answer() {
        const auto& request = parser_->get();
        const bool head = request.method() == http::verb::head;
        if (request.method() != http::verb::get && !head) {
            return write(http::status::method_not_allowed, "text/plain", "only GET and HEAD\n");
        }
        if (request.target() == "/healthz") return write(http::status::ok, "text/plain", "ok\n");
        if (request.target() == "/readyz") {
            const bool ready = sources_.ready();
            return write(ready ? http::status::ok : http::status::service_unavailable, "text/plain",
                         ready ? "ready\n" : "not ready\n");
        }
        if (request.target() == "/metrics") {
            return sources_.metrics([self = shared_from_this()](std::string text) {
                self->write(http::status::ok, "text/plain; version=0.0.4; charset=utf-8", std::move(text));
            });
        }
        write(http::status::not_found, "text/plain", "try /metrics, /healthz or /readyz\n");
    }

    void write(http::status status, const char* content_type, std::string body) {
        const auto& request = parser_->get();
        response_ = {status, request.version()};
        response_.set(http::field::content_type, content_type);
        response_.set(http::field::cache_control, "no-store");
        if (status == http::status::method_not_allowed) response_.set(http::field::allow, "GET, HEAD");
        response_.keep_alive(request.keep_alive());
        response_.body() = std::move(body);
        response_.prepare_payload();
        if (request.method() == http::verb::head) response_.body().clear();
        stream_.expires_after(request_time);
        http::async_write(stream_, response_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return;
            if (self->response_.keep_alive()) return self->read();
            self->stream_.socket().shutdown(tcp::socket::shutdown_send, error);
        });
    }

    beast::tcp_stream stream_;
    const sources& sources_;  // the server's; the control loop ends before it
    std::shared_ptr<std::size_t> count_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
};

metrics_server::metrics_server(boost::asio::io_context& context, sources sources)
    : context_{context},
      sources_{std::move(sources)},
      acceptor_{context},
      sessions_{std::make_shared<std::size_t>(0)} {}

metrics_server::~metrics_server() = default;

error_code metrics_server::listen(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) accept();
    return error;
}

tcp::endpoint metrics_server::local_endpoint() const {
    return acceptor_.local_endpoint();
}

void metrics_server::accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
        if (error == boost::asio::error::operation_aborted) return;
        if (error) {  // the system has no more descriptors for us
            auto pause = std::make_shared<boost::asio::steady_timer>(context_, accept_pause);
            return pause->async_wait([this, pause](error_code) { accept(); });
        }
        if (*sessions_ < sessions_max) std::make_shared<session>(std::move(socket), sources_, sessions_)->read();
        accept();
    });
}

}  // namespace connector
