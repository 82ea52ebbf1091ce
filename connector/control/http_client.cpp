#include "connector/control/http_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <vector>

namespace connector {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr auto no_endpoint = boost::asio::error::not_found;  // result of async_connect with no endpoints
constexpr unsigned http_1_1 = 11;
constexpr std::uint32_t head_size_max = 16 * 1024;

/// Kept alive by its pending handlers.
class exchange : public std::enable_shared_from_this<exchange> {
public:
    exchange(boost::asio::io_context& context, http_call call,
             std::function<void(std::expected<http_answer, std::string>)> done)
        : call_{std::move(call)}, done_{std::move(done)}, timer_{context}, resolver_{context}, socket_{context} {}

    void start() {
        timer_.expires_after(call_.timeout);
        timer_.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error) self->fail(fmt::format("no complete response within {} ms", self->call_.timeout.count()));
        });
        error_code not_literal;
        const auto literal = boost::asio::ip::make_address(call_.endpoint.host(), not_literal);
        if (!not_literal) {
            return connect(tcp::resolver::results_type::create(tcp::endpoint{literal, call_.endpoint.port()},
                                                               call_.endpoint.host(), ""));
        }
        resolver_.async_resolve(
            call_.endpoint.host(), std::to_string(call_.endpoint.port()), tcp::resolver::numeric_service,
            [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& endpoints) {
                if (error) return self->fail(error.message());
                if (self->done_) self->connect(endpoints);
            });
    }

private:
    void connect(const tcp::resolver::results_type& found) {
        std::vector<tcp::endpoint> endpoints{found.begin(), found.end()};
        if (call_.may_connect) {
            std::erase_if(endpoints, [this](const tcp::endpoint& to) { return !call_.may_connect(to.address()); });
        }
        boost::asio::async_connect(socket_, endpoints,
                                   [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
                                       if (error == no_endpoint) return self->fail(std::string{not_allowed});
                                       if (error) return self->fail(error.message());
                                       if (self->done_) self->write();
                                   });
    }

    void write() {
        request_ = {call_.method == http_method::get ? http::verb::get : http::verb::post,
                    call_.target.empty() ? call_.endpoint.target() : call_.target, http_1_1};
        for (const auto& [name, value] : call_.headers) request_.insert(name, value);
        request_.set(http::field::host, call_.endpoint.host_field());
        request_.keep_alive(false);
        request_.body() = std::move(call_.body);
        request_.prepare_payload();
        http::async_write(socket_, request_, [self = shared_from_this()](const error_code& error, std::size_t) {
            if (error) return self->fail(error.message());
            if (self->done_) self->read();
        });
    }

    void read() {
        answer_.emplace();
        answer_->header_limit(head_size_max);
        answer_->body_limit(call_.answer_size_max);
        http::async_read(socket_, buffer_, *answer_, [self = shared_from_this()](const error_code& error, std::size_t) {
            if (error) return self->fail(error.message());
            if (!self->done_) return;
            if (self->answer_->get().result_int() < 200) return self->read();
            self->finish(http_answer{self->answer_->get().result_int(), std::move(self->answer_->get().body())});
        });
    }

    void fail(std::string why) {
        if (done_) finish(std::unexpected{std::move(why)});
    }

    void finish(std::expected<http_answer, std::string> outcome) {
        timer_.cancel();
        resolver_.cancel();
        error_code ignored;
        socket_.close(ignored);
        std::exchange(done_, nullptr)(std::move(outcome));
    }

    http_call call_;
    std::function<void(std::expected<http_answer, std::string>)> done_;  ///< empty once it was called
    boost::asio::steady_timer timer_;
    tcp::resolver resolver_;
    tcp::socket socket_;
    beast::flat_buffer buffer_;
    http::request<http::string_body> request_;
    std::optional<http::response_parser<http::string_body>> answer_;
};

}  // namespace

void call(boost::asio::io_context& context, http_call call,
          std::function<void(std::expected<http_answer, std::string>)> done) {
    std::make_shared<exchange>(context, std::move(call), std::move(done))->start();
}

}  // namespace connector
