#include "connector/transport/http/http_connection.hpp"

#include "connector/base/address_guard.hpp"
#include "ilp/invariant.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <utility>

namespace connector {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr auto no_endpoint = boost::asio::error::not_found;  // result of async_connect with no endpoints
constexpr milliseconds connect_time_max{5000};
constexpr milliseconds idle_time_default{60000};

/// Idle connections are closed before the other side closes them: otherwise a packet could meet a half-closed one.
milliseconds idle_time(std::uint32_t announced_seconds) {
    const milliseconds announced{std::int64_t{announced_seconds} * 1000};
    return std::min(idle_time_default, announced > milliseconds{2000} ? announced - milliseconds{1000} : announced / 2);
}

std::optional<reject_reason> reason_of(unsigned status) {
    if (status >= 200 && status < 300) return std::nullopt;
    if (status == 429 || status == 503) return reject_reason::next_hop_busy;
    if (status >= 500) return reject_reason::next_hop_failed;
    return reject_reason::next_hop_refused_us;
}

}  // namespace

http_connection::http_connection(http_link& link, event_loop& loop)
    : tcp_connection{loop}, link_{link}, timer_{*this}, idle_time_max_{idle_time_default} {}

void http_connection::connect(const std::string& host, std::uint16_t port, bool public_only) {
    loop_.set(timer_, loop_.now().steady + connect_time_max);
    auto& context = loop_.context();
    connecting_.reset(new attempt{tcp::resolver{context}, tcp::socket{context}, public_only});
    error_code not_literal;
    const auto literal = boost::asio::ip::make_address(host, not_literal);
    if (!not_literal) return connect_to({tcp::endpoint{literal, port}});
    operation_begins();
    connecting_->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                        [this](const error_code& error, const tcp::resolver::results_type& found) {
                                            if (!operation_ended()) return;
                                            if (error) return give_up(error.message());
                                            connect_to({found.begin(), found.end()});
                                        });
}

void http_connection::connect_to(std::vector<tcp::endpoint> endpoints) {
    if (connecting_->public_only)
        std::erase_if(endpoints, [](const tcp::endpoint& to) { return !is_public(to.address()); });
    operation_begins();
    boost::asio::async_connect(connecting_->socket, endpoints, [this](const error_code& error, const tcp::endpoint&) {
        if (!operation_ended()) return;
        if (error == no_endpoint)
            return give_up("its endpoint has no public address, and auto-peering accepts no other");
        if (error) return give_up(error.message());
        if (!adopt(std::move(connecting_->socket))) {
            return give_up("the system cannot watch another socket: raise the limit fs.epoll.max_user_watches");
        }
        connecting_.reset();
        become_idle();
        receive();
        link_.connected(*this);
    });
}

void http_connection::give_up(const std::string& why) {
    link_.connect_failed(*this, why);
    abandon();
}

void http_connection::carry(packet_in_flight& packet, ilp::bytes request) {
    ilp::require(state_ == state::idle, "a connection carries one packet at a time");
    packet_ = &packet;
    request_ = std::move(request);
    state_ = state::queued;
}

void http_connection::flush() {
    if (state_ != state::queued) return;  // forgotten or broken in the meantime
    state_ = state::awaiting_answer;
    if (!send(request_)) hand_back();
}

void http_connection::received() {
    if (state_ == state::awaiting_answer) return read_answer();
    hand_back();  // unsolicited bytes: later answers could not be matched to requests
}

/// Called when the connection turns out to be unusable before any byte of the queued request was sent.
void http_connection::hand_back() {
    packet_in_flight* const packet = std::exchange(packet_, nullptr);
    ilp::bytes request = std::move(request_);
    abandon();
    if (packet != nullptr) link_.stale(*packet, std::move(request));
}

/// Returns false if the head is incomplete or the connection has failed.
bool http_connection::read_head() {
    chunks_ = {};
    if (const auto* const known = known_head_.find(in_.text())) {
        searched_ = 0;
        head_ = *known;
        return true;
    }
    const auto end = http::find_head_end(in_.text(), searched_);
    if (!end) {
        searched_ = in_.size();
        if (searched_ > http::head_size_max) {
            fail(reject_reason::next_hop_answered_nonsense);
        } else {
            receive();
        }
        return false;
    }
    searched_ = 0;
    const auto head = http::parse_response_head(in_.text().substr(0, *end));
    if (!head) {
        fail(reject_reason::next_hop_answered_nonsense);
        return false;
    }
    if (head->status_code < 200) {
        in_.consume(head->size);
        return read_head();
    }
    if (head->content_length > http::body_size_max) {
        link_.answered_with_status(head->status_code);
        fail(reason_of(head->status_code).value_or(reject_reason::next_hop_answered_nonsense));
        return false;
    }
    known_head_.keep(in_.text().substr(0, head->size), *head);
    head_ = *head;
    return true;
}

void http_connection::read_answer() {
    if (!head_ && !read_head()) return;
    const std::size_t have = in_.size() - head_->size;
    char* const body = in_.octets().data() + head_->size;
    const auto as_octets = [&](std::size_t size) { return ilp::bytes_span{reinterpret_cast<ilp::octet*>(body), size}; };
    switch (head_->body) {
        case http::framing::content_length:
            if (have < head_->content_length) return receive(head_->content_length - have);
            return finish_answer(as_octets(head_->content_length), head_->content_length);
        case http::framing::chunked:
            switch (chunks_.advance({body, have})) {
                case http::chunked_body::state::incomplete:
                    if (have > 2 * http::body_size_max) break;
                    return receive();
                case http::chunked_body::state::complete:
                    return finish_answer(as_octets(chunks_.size()), chunks_.consumed());
                case http::chunked_body::state::malformed:
                case http::chunked_body::state::too_large:
                    break;
            }
            return fail(reject_reason::next_hop_answered_nonsense);
        case http::framing::until_close:
            if (have > http::body_size_max) return fail(reject_reason::next_hop_answered_nonsense);
            return receive();  // disconnected() finishes the answer
    }
}

void http_connection::finish_answer(ilp::bytes_span body, std::size_t consumed) {
    const http::response_head head = *std::exchange(head_, std::nullopt);
    packet_in_flight& packet = *std::exchange(packet_, nullptr);
    link_.answered_with_status(head.status_code);
    if (const auto reason = reason_of(head.status_code)) {
        link_.listener_.failed(packet, *reason);
    } else {
        link_.listener_.answered(packet, body);
    }
    in_.consume(head.size + consumed);
    if (head.keep_alive_seconds) {
        const milliseconds announced = idle_time(*head.keep_alive_seconds);
        if (announced < idle_time_max_) timer_.cancel();  // it was set for the longer time
        idle_time_max_ = announced;
    }
    if (!head.keep_alive || !in_.empty() || idle_time_max_ == milliseconds{0}) return abandon();
    become_idle();
    receive();
    link_.ready(*this);
}

void http_connection::become_idle() {
    state_ = state::idle;
    idle_since_ = loop_.now().steady;
    if (!timer_.is_set()) loop_.set(timer_, idle_since_ + idle_time_max_);
}

void http_connection::disconnected() {
    if (head_ && head_->body == http::framing::until_close) {
        auto* const body = reinterpret_cast<ilp::octet*>(in_.octets().data()) + head_->size;
        return finish_answer({body, in_.size() - head_->size}, in_.size() - head_->size);
    }
    if (state_ != state::awaiting_answer) return hand_back();
    fail(reject_reason::next_hop_unreachable);
}

void http_connection::fail(reject_reason reason) {
    if (packet_ != nullptr) link_.listener_.failed(*std::exchange(packet_, nullptr), reason);
    abandon();
}

void http_connection::abandon() {
    if (is_closed()) return;
    if (state_ == state::idle) link_.not_idle_any_more(*this);
    state_ = state::closed;
    packet_ = nullptr;
    timer_.cancel();
    if (connecting_) {
        // Not destroyed here: the pending operations access it once more before they end.
        connecting_->resolver.cancel();
        error_code ignored;
        connecting_->socket.close(ignored);
    }
    close();
}

void http_connection::released() {
    link_.gone(*this);
}

void http_connection::time_out() {
    if (state_ == state::connecting) {
        link_.connect_failed(*this, "connecting took too long");
        return abandon();
    }
    if (state_ != state::idle) return;  // become_idle() sets the timer again
    const auto due = idle_since_ + idle_time_max_;
    if (due > loop_.now().steady) return loop_.set(timer_, due);
    abandon();
}

}  // namespace connector
