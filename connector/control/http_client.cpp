#include "connector/control/http_client.hpp"

#include "connector/loop/dial.hpp"
#include "connector/tls/maybe_tls.hpp"
#include "connector/tls/tls_verification.hpp"
#include "ilp/invariant.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <memory>
#include <optional>

namespace connector {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr unsigned http_1_1 = 11;
constexpr std::uint32_t head_size_max = 16 * 1024;
constexpr int interim_answers_max = 8;

/// Kept alive by its pending handlers.
class exchange : public std::enable_shared_from_this<exchange> {
public:
    exchange(boost::asio::io_context& context, http_call call,
             std::function<void(std::expected<http_answer, std::string>)> done)
        : call_{std::move(call)},
          done_{std::move(done)},
          timer_{context},
          stream_{context.get_executor()},
          context_{context} {}

    void start() {
        timer_.expires_after(call_.timeout);
        timer_.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error) self->fail(fmt::format("no complete response within {} ms", self->call_.timeout.count()));
        });
        // The timer's handler keeps this alive while the dial runs.
        dial_ =
            dial{context_, dial_target{call_.endpoint.host(), call_.endpoint.port(), std::move(call_.may_connect)},
                 [this](auto connected) {
                     if (!connected)
                         return fail(connected.error().not_allowed ? std::string{not_allowed} : connected.error().why);
                     stream_.tcp() = std::move(*connected);
                     call_.endpoint.is_https() ? connect_tls() : write();
                 }};
    }

private:
    void connect_tls() {
        ilp::require(call_.tls != nullptr, "an https:// call has a TLS context");
        stream_.start_tls(call_.tls);
        verify_host(*stream_.tls(), call_.endpoint.host());
        stream_.async_connect_tls([self = shared_from_this()](const error_code& error) {
            if (!self->done_) return;
            if (error) return self->fail(why_handshake_failed(*self->stream_.tls(), error));
            self->write();
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
        http::async_write(stream_, request_, [self = shared_from_this()](const error_code& error, std::size_t) {
            if (error) return self->fail(error.message());
            if (self->done_) self->read();
        });
    }

    void read() {
        answer_.emplace();
        answer_->header_limit(head_size_max);
        answer_->body_limit(call_.answer_size_max);
        http::async_read(stream_, buffer_, *answer_, [self = shared_from_this()](const error_code& error, std::size_t) {
            if (error) return self->fail(self->reason_of(error));
            if (!self->done_) return;
            if (self->answer_->get().result_int() < 200) {
                if (++self->interim_answers_ <= interim_answers_max) return self->read();
                return self->fail("too many interim responses");
            }
            auto& came = self->answer_->get();
            const auto location = came[http::field::location];
            self->finish(http_answer{came.result_int(), std::move(came.body()), {location.data(), location.size()}});
        });
    }

    std::string reason_of(const error_code& error) const {
        const auto received = buffer_.cdata();
        if (!stream_.is_encrypted() && is_tls_record(received.data(), received.size()))
            return "the other side speaks TLS: use https://";
        return error.message();
    }

    void fail(std::string why) {
        if (done_) finish(std::unexpected{std::move(why)});
    }

    void finish(std::expected<http_answer, std::string> outcome) {
        timer_.cancel();
        dial_ = {};
        error_code ignored;
        stream_.tcp().close(ignored);
        std::exchange(done_, nullptr)(std::move(outcome));
    }

    http_call call_;
    std::function<void(std::expected<http_answer, std::string>)> done_;  ///< empty once it was called
    boost::asio::steady_timer timer_;
    dial dial_;
    maybe_tls<tcp::socket> stream_;
    boost::asio::io_context& context_;
    beast::flat_buffer buffer_;
    http::request<http::string_body> request_;
    std::optional<http::response_parser<http::string_body>> answer_;
    int interim_answers_ = 0;
};

}  // namespace

void call(boost::asio::io_context& context, http_call call,
          std::function<void(std::expected<http_answer, std::string>)> done) {
    std::make_shared<exchange>(context, std::move(call), std::move(done))->start();
}

}  // namespace connector
