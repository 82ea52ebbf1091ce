#include "connector/control/http_server.hpp"

#include "connector/base/source.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_set>

namespace connector {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds accept_pause{100};
/// Time for a client to read the last answer while its own bytes are still arriving: closing immediately would send a
/// reset, which discards the answer.
constexpr std::chrono::seconds linger_time{2};
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

const std::string* http_request::find(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(headers, [&](const auto& header) {
        return beast::iequals(header.first, beast::string_view{name.data(), name.size()});
    });
    return found == headers.end() ? nullptr : &found->second;
}

/// State shared by the sessions and the pending `done` callbacks; it outlives the server.
struct http_server::shared {
    http_handler handler;  ///< empty once the server is destroyed
    http_server_bounds bounds;
    std::unordered_set<session*> sessions{};  ///< all open sessions

    /// False if there are too many sessions from the same source; the one in question counts already.
    bool has_room_for(const boost::asio::ip::address& remote) const;

    /// Sessions waiting for their answer, by request number; nothing else owns them meanwhile. An answer names the
    /// request rather than the session, so that a second answer finds none.
    std::map<std::uint64_t, std::shared_ptr<session>> waiting{};
    std::uint64_t requests = 0;

    // Also used by other threads.
    std::mutex mutex{};
    boost::asio::io_context* context = nullptr;  ///< null once the server is destroyed, as the context may be gone then
};

class http_server::session : public std::enable_shared_from_this<session> {
public:
    session(tcp::socket socket, std::shared_ptr<shared> server)
        : stream_{std::move(socket)}, server_{std::move(server)} {
        error_code error;
        const tcp::endpoint endpoint = stream_.socket().remote_endpoint(error);
        if (!error) remote_ = endpoint.address();
        server_->sessions.insert(this);
    }
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session() { server_->sessions.erase(this); }

    void read() {
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(server_->bounds.head_size_max));
        parser_->body_limit(server_->bounds.body_size_max);
        stream_.expires_after(server_->bounds.request_time);
        http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->refuse(error);
            if (self->is_framed_strangely()) return self->refuse(http::error::bad_transfer_encoding);
            self->waits_for_continue() ? self->write_continue() : self->read_body();
        });
    }

    void close() { stream_.close(); }

    const boost::asio::ip::address& remote() const noexcept { return remote_; }

private:
    const auto& head() const { return parser_->get(); }

    /// True for a transfer encoding that leaves the end of the body undefined.
    bool is_framed_strangely() const {
        return head().find(http::field::transfer_encoding) != head().end() && !parser_->chunked();
    }

    bool waits_for_continue() const {
        return head().version() >= 11 && !parser_->is_done() &&
               beast::iequals(head()[http::field::expect], "100-continue");
    }

    void write_continue() {
        boost::asio::async_write(stream_, boost::asio::buffer(go_on),
                                 [self = shared_from_this()](error_code error, std::size_t) {
                                     if (!error) self->read_body();
                                 });
    }

    void read_body() {
        http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->refuse(error);
            self->hand_over();
        });
    }

    void hand_over() {
        if (!server_->handler) return;
        stream_.expires_never();
        is_head_ = head().method() == http::verb::head;
        version_ = head().version();
        keep_alive_ = head().keep_alive();
        auto request = http_request{.method = is_head_ ? "GET" : std::string{head().method_string()},
                                    .target = std::string{head().target()}};
        for (const auto& field : head())
            request.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
        request.body = std::move(parser_->get().body());
        request.remote = remote_;

        const auto number = ++server_->requests;
        server_->waiting.emplace(number, shared_from_this());
        server_->handler(std::move(request), [server = server_, number](http_response response) {
            const std::lock_guard lock{server->mutex};
            if (server->context == nullptr) return;
            boost::asio::post(*server->context, [server, number, response = std::move(response)]() mutable {
                const auto found = server->waiting.extract(number);
                if (!found.empty()) found.mapped()->write(std::move(response));
            });
        });
    }

    /// Answers malformed or oversized requests with an error. There is no answer after a disconnect or a timeout.
    void refuse(error_code error) {
        static const auto& about_http = http::make_error_code(http::error::bad_method).category();
        if (error.category() != about_http || error == http::error::end_of_stream ||
            error == http::error::partial_message)
            return;
        is_head_ = false;
        version_ = 11;
        keep_alive_ = false;
        if (error == http::error::header_limit) return write({.status = 431, .body = "the head is too large\n"});
        if (error == http::error::body_limit) return write({.status = 413, .body = "the body is too large\n"});
        write({.status = 400, .body = "malformed HTTP: " + error.message() + "\n"});
    }

    void write(http_response response) {
        response_ = {};
        response_.version(version_);
        response_.result(response.status);
        response_.set(http::field::content_type, response.content_type);
        response_.set(http::field::cache_control, "no-store");
        for (const auto& [name, value] : response.headers) response_.set(name, value);
        response_.keep_alive(keep_alive_);
        response_.body() = std::move(response.body);
        response_.prepare_payload();
        if (is_head_) response_.body().clear();
        stream_.expires_after(server_->bounds.request_time);
        http::async_write(stream_, response_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return;
            if (self->keep_alive_) return self->read();
            self->stream_.socket().shutdown(tcp::socket::shutdown_send, error);
            self->stream_.expires_after(linger_time);
            self->linger();
        });
    }

    void linger() {
        stream_.async_read_some(boost::asio::buffer(thrown_away_),
                                [self = shared_from_this()](error_code error, std::size_t) {
                                    if (!error) self->linger();
                                });
    }

    beast::tcp_stream stream_;
    std::shared_ptr<shared> server_;
    boost::asio::ip::address remote_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::array<char, 4096> thrown_away_;

    // Properties of the request being answered.
    bool is_head_ = false;
    unsigned version_ = 11;
    bool keep_alive_ = false;
};

bool http_server::shared::has_room_for(const boost::asio::ip::address& remote) const {
    if (bounds.sessions_per_source_max == 0) return true;
    const auto source = source_of(remote);
    const auto count =
        std::ranges::count_if(sessions, [&](const session* each) { return source_of(each->remote()) == source; });
    return static_cast<std::size_t>(count) <= bounds.sessions_per_source_max;
}

http_server::http_server(boost::asio::io_context& context, http_handler handler, http_server_bounds bounds)
    : context_{context}, shared_{std::make_shared<shared>(std::move(handler), bounds)}, acceptor_{context} {
    shared_->context = &context;
}

http_server::~http_server() {
    {
        const std::lock_guard lock{shared_->mutex};
        shared_->context = nullptr;
    }
    shared_->handler = nullptr;
    for (auto* open : shared_->sessions) open->close();
    shared_->waiting.clear();
}

error_code http_server::listen(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) accept();
    return error;
}

tcp::endpoint http_server::local_endpoint() const {
    return acceptor_.local_endpoint();
}

void http_server::accept() {
    acceptor_.async_accept([this, server = shared_](error_code error, tcp::socket socket) {
        if (!server->handler || error == boost::asio::error::operation_aborted) return;
        if (error) {  // no descriptors left
            auto pause = std::make_shared<boost::asio::steady_timer>(context_, accept_pause);
            return pause->async_wait([this, server, pause](error_code) {
                if (server->handler) accept();
            });
        }
        if (server->sessions.size() < server->bounds.sessions_max) {
            const auto opened = std::make_shared<session>(std::move(socket), server);
            if (server->has_room_for(opened->remote())) opened->read();
        }
        accept();
    });
}

}  // namespace connector
