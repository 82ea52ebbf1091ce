#include "connector/ilpctl/transport.hpp"

#include "connector/loop/dial.hpp"
#include "connector/tls/maybe_tls.hpp"
#include "connector/tls/tls_verification.hpp"
#include "ilp/invariant.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <csignal>
#include <limits>
#include <optional>

namespace connector::ilpctl {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr unsigned http_1_1 = 11;
constexpr std::uint64_t answer_size_max = 64UL * 1024 * 1024;

class exchange {
public:
    exchange(const config::http_endpoint& endpoint, std::shared_ptr<const tls_context> tls,
             std::chrono::milliseconds timeout)
        : endpoint_{endpoint}, tls_{std::move(tls)}, timeout_{timeout} {
        answer_.body_limit(answer_size_max);
    }

    std::expected<http_reply, no_reply> run(const std::vector<std::pair<std::string, std::string>>& headers,
                                            std::string_view body) {
        request_ = {http::verb::post, endpoint_.target(), http_1_1};
        request_.set(http::field::host, endpoint_.host_field());
        for (const auto& [name, value] : headers) request_.set(name, value);
        request_.keep_alive(false);
        request_.body() = body;
        request_.prepare_payload();

        timer_.expires_after(timeout_);
        timer_.async_wait([this](const error_code& error) {
            if (!error) give_up(fmt::format("no complete response within {} ms", timeout_.count()));
        });
        signals_.async_wait([this](const error_code& error, int) {
            if (!error) give_up("interrupted");
        });
        dial_ = dial{context_, dial_target{endpoint_.host(), endpoint_.port()}, [this](auto connected) {
                         if (!connected) return give_up(std::move(connected.error().why));
                         stream_.tcp() = std::move(*connected);
                         endpoint_.is_https() ? connect_tls() : write();
                     }};
        context_.run();
        if (why_not_) return std::unexpected{no_reply{where_, *why_not_}};
        return http_reply{answer_.get().result_int(), std::move(answer_.get().body())};
    }

private:
    void connect_tls() {
        ilp::require(tls_ != nullptr, "a request to an https:// URL has a TLS context");
        stream_.start_tls(tls_);
        verify_host(*stream_.tls(), endpoint_.host());
        stream_.async_connect_tls([this](const error_code& error) {
            if (why_not_) return;
            if (error) return give_up(why_handshake_failed(*stream_.tls(), error));
            write();
        });
    }

    void write() {
        where_ = failure_stage::under_way;
        http::async_write(stream_, request_, [this](const error_code& error, std::size_t) {
            // A server may refuse before it has read the whole request; its answer should still be read.
            if (why_not_) return;
            if (error) write_error_ = error;
            read();
        });
    }

    void read() {
        http::async_read(stream_, buffer_, answer_, [this](const error_code& error, std::size_t) {
            if (is_over(error && write_error_ ? write_error_ : error)) return;
            finish();
        });
    }

    bool is_over(const error_code& error) {
        if (error && !why_not_) give_up(reason_of(error));
        return why_not_.has_value();
    }

    std::string reason_of(const error_code& error) const {
        if (error == http::error::end_of_stream) return "the connection was closed without an answer";
        const auto received = buffer_.cdata();
        if (!stream_.is_encrypted() && is_tls_record(received.data(), received.size()))
            return "the other side speaks TLS: use https://";
        return error.message();
    }

    void give_up(std::string why) {
        if (!why_not_) why_not_ = std::move(why);
        finish();
    }

    void finish() {
        error_code ignored;
        stream_.tcp().close(ignored);
        dial_ = {};
        timer_.cancel();
        signals_.cancel(ignored);
        // A name look-up cannot be cancelled while the system performs it.
        context_.stop();
    }

    const config::http_endpoint& endpoint_;
    std::shared_ptr<const tls_context> tls_;
    std::chrono::milliseconds timeout_;
    boost::asio::io_context context_{1};
    boost::asio::steady_timer timer_{context_};
    boost::asio::signal_set signals_{context_, SIGINT, SIGTERM};
    dial dial_;
    maybe_tls<tcp::socket> stream_{context_.get_executor()};
    http::request<http::string_body> request_;
    http::response_parser<http::string_body> answer_;
    boost::beast::flat_buffer buffer_;
    failure_stage where_ = failure_stage::connecting;
    error_code write_error_;
    std::optional<std::string> why_not_;
};

}  // namespace

std::expected<http_reply, no_reply> post(const config::http_endpoint& endpoint,
                                         const std::shared_ptr<const tls_context>& tls,
                                         const std::vector<std::pair<std::string, std::string>>& headers,
                                         std::string_view body, std::chrono::milliseconds timeout) {
    return exchange{endpoint, tls, timeout}.run(headers, body);
}

}  // namespace connector::ilpctl
