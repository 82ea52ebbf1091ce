#include "connector/control/http_server.hpp"

#include "connector/base/client_network.hpp"
#include "connector/base/listen.hpp"
#include "connector/base/log.hpp"
#include "connector/base/source.hpp"
#include "connector/loop/descriptors.hpp"
#include "connector/loop/receive_buffer.hpp"
#include "connector/tls/maybe_tls.hpp"
#include "connector/transport/http/answer.hpp"
#include "connector/transport/http/hint.hpp"
#include "connector/transport/http/message.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_set>

namespace connector {
namespace {

namespace beast = boost::beast;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds accept_pause{100};
/// Time for a client to read the last answer while its own bytes are still arriving: closing immediately would send a
/// reset, which discards the answer.
constexpr std::chrono::seconds linger_time{2};

constexpr char tls_handshake = 0x16;  // the first byte of a TLS connection

/// Fields that are used here and may occur only once: if there were two, a proxy might check one and we might use the
/// other. The parser refuses others of this kind itself.
constexpr std::array<std::string_view, 3> single_fields{"origin", "signature", "tenant-id"};

char lower_case(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_same_name(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, [](char x, char y) { return lower_case(x) == lower_case(y); });
}

std::string_view standard_phrase(unsigned status) {
    const auto phrase = beast::http::obsolete_reason(beast::http::int_to_status(status));
    return {phrase.data(), phrase.size()};
}

std::string serialize_head(const http_response& response, bool keep_alive) {
    auto head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nCache-Control: {}\r\n", response.status,
                            standard_phrase(response.status), response.content_type, response.cache_control);
    for (const auto& [name, value] : response.headers)
        fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, value);
    if (!keep_alive) head += "Connection: close\r\n";
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n\r\n", response.body.size());
    return head;
}

}  // namespace

const std::string* http_request::find(std::string_view name) const noexcept {
    const auto found =
        std::ranges::find_if(headers, [&](const auto& header) { return is_same_name(header.first, name); });
    return found == headers.end() ? nullptr : &found->second;
}

/// State shared by the sessions and the pending `done` callbacks; it outlives the server.
struct http_server::shared {
    http_handler handler;  ///< empty once the server is destroyed
    http_server_bounds bounds;
    std::shared_ptr<const tls_context> tls{};                  ///< for new sessions; null for plain HTTP
    std::function<bool(const source_key&)> may_shake_hands{};  ///< empty: always
    connection_room room{bounds.sessions_max};
    bool draining = false;
    std::unordered_set<session*> sessions{};  ///< all open sessions

    /// Closes one of the sessions that wait for their clients. False if there is none.
    bool make_room();

    /// Closes sessions whose answers other sources do not read. False if that would not be enough for another answer of
    /// this size to this source.
    bool make_room_for_answer(std::size_t size, const source_key& to);

    /// True if this source has as many requests that wait for us as it may.
    bool has_too_many_requests(const source_key& source) const;

    /// False if there are too many sessions from the same source; the one in question counts already.
    bool has_room_for(const source_key& source) const;

    /// What each source occupies.
    struct use {
        std::size_t sessions = 0;
        std::size_t answers_size = 0;
    };
    std::map<source_key, use> uses() const;

    /// Sessions waiting for their answer, by request number; nothing else owns them meanwhile. An answer names the
    /// request rather than the session, so that a second answer finds none.
    std::map<std::uint64_t, std::shared_ptr<session>> waiting{};
    std::uint64_t requests = 0;
    std::uint64_t waits = 0;       ///< how often a session has begun to wait for its client
    std::size_t answers_size = 0;  ///< bytes of the bodies that are being sent

    // Also used by other threads.
    std::mutex mutex{};
    boost::asio::io_context* context = nullptr;  ///< null once the server is destroyed, as the context may be gone then
};

class http_server::session : public std::enable_shared_from_this<session> {
public:
    session(tcp::socket socket, std::shared_ptr<shared> server)
        : stream_{std::move(socket)}, server_{std::move(server)} {
        error_code error;
        const tcp::endpoint endpoint = connection().socket().remote_endpoint(error);
        if (!error) remote_ = endpoint.address();
        source_ = source_of(remote_);
        server_->sessions.insert(this);
    }
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session() {
        server_->sessions.erase(this);
        discount_answer();
    }

    void start() {
        tls_ = server_->tls;
        if (!tls_) return read();
        // A handshake is waiting for a request, too. Its first byte tells it from a request without TLS.
        wait_for_client();
        connection().expires_after(server_->bounds.handshake_time);
        connection().async_read_some(boost::asio::buffer(&first_octet_, 1),
                                     [self = shared_from_this()](error_code error, std::size_t) {
                                         if (error) return;
                                         if (self->first_octet_ != tls_handshake) return self->refuse_plain_http();
                                         const auto& may_shake_hands = self->server_->may_shake_hands;
                                         if (may_shake_hands && !may_shake_hands(self->source_)) return;
                                         self->accept_tls();
                                     });
    }

    /// Reads the next request; part of it may have arrived already.
    void read() {
        request_ = {};
        head_size_ = 0;
        searched_ = 0;
        empty_line_skipped_ = false;
        chunks_ = http::chunked_body{server_->bounds.body_size_max};
        wait_for_client();
        connection().expires_after(server_->bounds.request_time);
        take();
    }

    void close() {
        waits_since_ = 0;
        discount_answer();  // its memory is freed before anything else happens
        connection().close();
    }

    /// Tells which session has waited longer for its client: for a request or the rest of it, or for the client to read
    /// the answer or to go. 0 if this one does not wait for its client.
    std::uint64_t waits_since() const noexcept { return waits_since_; }

    /// Bytes of the body that is being sent.
    std::size_t answer_size() const noexcept { return answer_size_; }

    const source_key& source() const noexcept { return source_; }

private:
    /// The TCP connection, which closes itself when the time that was set last is up.
    beast::tcp_stream& connection() noexcept { return stream_.tcp(); }

    void wait_for_client() noexcept { waits_since_ = ++server_->waits; }

    void discount_answer() noexcept { server_->answers_size -= std::exchange(answer_size_, 0); }

    void accept_tls() {
        stream_.start_tls(std::move(tls_));
        stream_.async_accept_tls(boost::asio::buffer(&first_octet_, 1),
                                 [self = shared_from_this()](error_code error, std::size_t) {
                                     if (error) return self->report_tls_error(error);
                                     self->read();
                                 });
    }

    /// A client that accepts neither our certificate nor our versions of TLS says so in an alert, with TLS 1.3 only
    /// after the handshake. One that has gone without a word is not worth a line.
    void report_tls_error(const error_code& error) {
        if (!is_tls_error(error) || error == boost::asio::ssl::error::stream_truncated) return;
        report("TLS with a client failed", error.message());
    }

    void refuse_plain_http() {
        report("a client speaks plain HTTP to a listener that speaks TLS", "it must use https://");
        keep_alive_ = false;
        write({.status = 400, .body = "this port speaks TLS: use https://\n"});
    }

    void report(std::string_view what, std::string reason) {
        error_code error;
        const tcp::endpoint local = connection().socket().local_endpoint(error);
        log::write_seldom(
            {what, client_network(remote_)}, log::level::warn, what,
            {{"listener", to_text(local)}, {"remote", remote_.to_string()}, {"reason", std::move(reason)}});
    }

    void take() {
        if (head_size_ == 0 && !take_head()) return;
        if (expects_continue_ && in_.size() == head_size_ && !is_body_complete()) return write_continue();
        take_body();
    }

    void read_more() {
        const auto space = in_.space(1);
        stream_.async_read_some(boost::asio::buffer(space.data(), space.size()),
                                [self = shared_from_this()](error_code error, std::size_t count) {
                                    // The client has gone, or its time is up: no response.
                                    if (error) return self->report_tls_error(error);
                                    self->in_.commit(count);
                                    self->take();
                                });
    }

    /// Returns false if the head is incomplete, and reading has been started, or if it has been refused.
    bool take_head() {
        if (!empty_line_skipped_ && in_.text().starts_with("\r\n")) {
            in_.consume(2);
            empty_line_skipped_ = true;
        }
        const std::string_view octets = in_.text();
        const auto end = http::find_head_end(octets, searched_);
        if (!end && !http::may_become_request_head(octets, searched_)) {
            refuse(http::status::bad_request);
        } else if (end.value_or(octets.size()) > server_->bounds.head_size_max) {
            refuse(http::status::header_fields_too_large);
        } else if (!end) {
            searched_ = octets.size();
            read_more();
        } else if (const auto head = http::parse_request_head(octets.substr(0, *end)); !head) {
            refuse(head.error());
        } else if (head->content_length > server_->bounds.body_size_max) {
            refuse(http::status::content_too_large);
        } else {
            return keep(*head);
        }
        return false;
    }

    /// The views of `head` are lost when more arrives.
    bool keep(const http::request_head& head) {
        head_size_ = head.size;
        framing_ = head.body;
        content_length_ = head.content_length;
        expects_continue_ = head.expects_continue;
        is_head_ = head.method == "HEAD";
        keep_alive_ = head.keep_alive;
        request_.method = is_head_ ? "GET" : std::string{head.method};
        request_.target = head.target;
        for (const auto& [name, value] : http::fields_of(in_.text().substr(0, head.size))) {
            const auto is_single = [&field = name](std::string_view single) { return is_same_name(field, single); };
            if (std::ranges::any_of(single_fields, is_single) && request_.find(name) != nullptr) {
                refuse(http::status::bad_request);
                return false;
            }
            const bool is_host = is_same_name(name, "host");  // a target with an authority overrides it
            request_.headers.emplace_back(std::string{name}, std::string{is_host ? head.host : value});
        }
        return true;
    }

    void write_continue() {
        expects_continue_ = false;
        boost::asio::async_write(stream_, boost::asio::buffer(http::continue_answer),
                                 [self = shared_from_this()](error_code error, std::size_t) {
                                     if (!error) self->take();
                                 });
    }

    bool is_body_complete() const { return framing_ == http::framing::content_length && content_length_ == 0; }

    void take_body() {
        const auto octets = in_.octets().subspan(head_size_);
        if (framing_ == http::framing::content_length) {
            if (octets.size() < content_length_) return read_more();
            return hand_over(content_length_, content_length_);
        }
        switch (chunks_.advance(octets)) {
            case http::chunked_body::state::incomplete:
                // The limit on the body does not cover chunk lines, so the bytes buffered for them are bounded here.
                if (octets.size() > 2 * server_->bounds.body_size_max + server_->bounds.head_size_max)
                    return refuse(http::status::content_too_large);
                return read_more();
            case http::chunked_body::state::complete:
                return hand_over(chunks_.size(), chunks_.consumed());
            case http::chunked_body::state::malformed:
                return refuse(http::status::bad_request);
            case http::chunked_body::state::too_large:
                return refuse(http::status::content_too_large);
        }
    }

    void hand_over(std::size_t body_size, std::size_t consumed) {
        if (!server_->handler) return;
        request_.body = in_.text().substr(head_size_, body_size);
        in_.consume(head_size_ + consumed);
        if (server_->has_too_many_requests(source_)) {
            return write({.status = 503, .body = "too many requests at a time: try again later\n"});
        }
        waits_since_ = 0;
        connection().expires_never();
        request_.remote = remote_;

        const auto number = ++server_->requests;
        server_->waiting.emplace(number, shared_from_this());
        server_->handler(std::move(request_), [server = server_, number](http_response response) {
            const std::lock_guard lock{server->mutex};
            if (server->context == nullptr) return;
            boost::asio::post(*server->context, [server, number, response = std::move(response)]() mutable {
                const auto found = server->waiting.extract(number);
                if (!found.empty()) found.mapped()->write(std::move(response));
            });
        });
    }

    /// Refuses a malformed or oversized request, whose end is unknown.
    void refuse(http::status status) {
        is_head_ = false;
        keep_alive_ = false;
        const auto hint = http::hint_on_protocol(in_.text());
        const auto why = [&]() -> std::string_view {
            switch (status) {
                case http::status::header_fields_too_large:
                    return "the head is too large";
                case http::status::content_too_large:
                    return "the body is too large";
                case http::status::expectation_failed:
                    return "the only expectation that can be met is 100-continue";
                default:
                    return hint.empty() ? "this is not a valid HTTP/1.1 request (RFC 9112)" : hint;
            }
        }();
        const bool is_malformed = status == http::status::bad_request;
        write({.status = static_cast<unsigned>(status),
               .body = fmt::format("{}{}\n", is_malformed ? "malformed HTTP: " : "", why)});
    }

    void write(http_response response) {
        keep_alive_ = keep_alive_ && !server_->draining;
        // Answers may be large, and clients that read slowly may be many.
        if (!server_->make_room_for_answer(is_head_ ? 0 : response.body.size(), source_)) {
            response = {.status = 503, .body = "too many large answers are being sent: try again later\n"};
        }
        head_ = serialize_head(response, keep_alive_);
        body_ = is_head_ ? std::string{} : std::move(response.body);
        answer_size_ = body_.size();
        server_->answers_size += answer_size_;
        wait_for_client();
        connection().expires_after(server_->bounds.request_time);
        const std::array octets{boost::asio::buffer(head_), boost::asio::buffer(body_)};
        boost::asio::async_write(stream_, octets, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return;
            self->head_ = {};
            self->discount_answer();
            std::string{}.swap(self->body_);  // an assignment would keep the memory
            if (self->keep_alive_) return self->read();
            self->in_.consume(self->in_.size());
            self->in_.give_back();
            self->connection().expires_after(linger_time);
            if (!self->stream_.is_encrypted()) return self->end_sending();
            self->stream_.async_end_tls([self](error_code) { self->end_sending(); });
        });
    }

    void end_sending() {
        error_code ignored;
        connection().socket().shutdown(tcp::socket::shutdown_send, ignored);
        linger();
    }

    /// Whatever still arrives is of no interest, and is not decrypted.
    void linger() {
        connection().async_read_some(boost::asio::buffer(thrown_away_),
                                     [self = shared_from_this()](error_code error, std::size_t) {
                                         if (!error) self->linger();
                                     });
    }

    maybe_tls<beast::tcp_stream> stream_;
    std::shared_ptr<shared> server_;
    boost::asio::ip::address remote_;
    source_key source_{};
    std::uint64_t waits_since_ = 0;
    std::shared_ptr<const tls_context> tls_;  ///< until the handshake begins
    char first_octet_ = 0;                    ///< of a connection that should speak TLS
    receive_buffer in_;
    std::array<char, 4096> thrown_away_;

    // The request that is being read.
    http_request request_;
    std::size_t head_size_ = 0;  // 0 until the head is complete
    std::size_t searched_ = 0;   // bytes of an incomplete head already searched for its end
    bool empty_line_skipped_ = false;
    bool expects_continue_ = false;
    http::framing framing_ = http::framing::content_length;
    std::size_t content_length_ = 0;
    http::chunked_body chunks_;

    // The answer to it.
    bool is_head_ = false;
    bool keep_alive_ = false;
    std::string head_;
    std::string body_;
    std::size_t answer_size_ = 0;  ///< what of it the server counts
};

std::map<source_key, http_server::shared::use> http_server::shared::uses() const {
    std::map<source_key, use> by_source;
    for (const session* const each : sessions) {
        use& of_source = by_source[each->source()];
        ++of_source.sessions;
        of_source.answers_size += each->answer_size();
    }
    return by_source;
}

bool http_server::shared::make_room() {
    const auto by_source = uses();
    // A source with a few is not looked at before one with a single one: strangers can have many addresses.
    const std::size_t few = bounds.sessions_max / 8;
    session* chosen = nullptr;
    std::size_t most = 0;
    for (session* const each : sessions) {
        if (each->waits_since() == 0) continue;
        const std::size_t count = std::max(by_source.at(each->source()).sessions, few);
        if (count > most || (count == most && each->waits_since() < chosen->waits_since())) {
            chosen = each;
            most = count;
        }
    }
    if (chosen != nullptr) chosen->close();
    return chosen != nullptr;
}

bool http_server::shared::make_room_for_answer(std::size_t size, const source_key& to) {
    // Small answers of all sessions together are nothing, and no reason to end another one.
    constexpr std::size_t little = 4096;
    if (size <= little) return true;
    while (answers_size != 0 && answers_size + size > bounds.answers_size_max) {
        auto by_source = uses();
        std::size_t most = by_source[to].answers_size + size;
        session* chosen = nullptr;
        for (session* const each : sessions) {
            if (each->answer_size() == 0) continue;
            const std::size_t of_source = by_source.at(each->source()).answers_size;
            const bool waits_longer = chosen != nullptr && each->waits_since() < chosen->waits_since();
            if (of_source > most || (of_source == most && waits_longer)) {
                chosen = each;
                most = of_source;
            }
        }
        if (chosen == nullptr) return false;
        chosen->close();
    }
    return true;
}

bool http_server::shared::has_too_many_requests(const source_key& source) const {
    const std::size_t max = bounds.requests_per_source_max != 0 ? bounds.requests_per_source_max
                                                                : bounds.sessions_max - bounds.sessions_max / 8;
    const auto count =
        std::ranges::count_if(waiting, [&](const auto& each) { return each.second->source() == source; });
    return static_cast<std::size_t>(count) >= max;
}

bool http_server::shared::has_room_for(const source_key& source) const {
    if (bounds.sessions_per_source_max == 0) return true;
    const auto count = std::ranges::count(sessions, source, &session::source);
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
    shared_->may_shake_hands = nullptr;
    for (auto* open : shared_->sessions) open->close();
    shared_->waiting.clear();
}

void http_server::use_tls(std::shared_ptr<const tls_context> context) noexcept {
    shared_->tls = std::move(context);
}

void http_server::ask_before_handshakes(std::function<bool(const source_key&)> may_shake_hands) noexcept {
    shared_->may_shake_hands = std::move(may_shake_hands);
}

error_code http_server::listen(const listening_point& at) {
    const error_code error = open_acceptor(acceptor_, at, port_use::alone);
    if (!error) accept();
    return error;
}

tcp::endpoint http_server::local_endpoint() const {
    return acceptor_.local_endpoint();
}

void http_server::drain() noexcept {
    shared_->draining = true;
}

void http_server::accept() {
    acceptor_.async_accept([this, server = shared_](error_code error, tcp::socket socket) {
        if (!server->handler || error == boost::asio::error::operation_aborted) return;
        if (error) {
            log::write_seldom({"accept", error.message()}, log::level::warn, "cannot accept connections",
                              {{"error", with_advice(error)}});
            auto pause = std::make_shared<boost::asio::steady_timer>(context_, accept_pause);
            return pause->async_wait([this, server, pause](error_code) {
                if (server->handler) accept();
            });
        }
        const bool is_short = is_kept_back(socket.native_handle(), server->bounds.clients);
        const bool is_full = server->room.is_full(server->sessions.size(), is_short);
        const auto opened = std::make_shared<session>(std::move(socket), server);
        // A source that has used up its own places must not cost another source one.
        if (server->has_room_for(opened->source()) && (!is_full || server->make_room())) opened->start();
        accept();
    });
}

}  // namespace connector
