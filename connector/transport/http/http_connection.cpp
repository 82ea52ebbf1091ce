#include "connector/transport/http/http_connection.hpp"

#include "connector/transport/http/lost_request.hpp"
#include "ilp/invariant.hpp"

#include <algorithm>
#include <utility>

namespace connector {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds connect_time_max{5000};
constexpr milliseconds handshake_time_max{5000};
constexpr milliseconds idle_time_default{60000};
constexpr milliseconds other_answers_time_max{10'000};  // to the parts of a packet, from the first one
constexpr std::size_t request_kept_max = 4096;
constexpr unsigned interim_answers_max = 8;
constexpr unsigned switching_protocols = 101;  // an interim answer in number only, and we never ask for it

/// Idle connections are closed before the other side closes them: otherwise a packet could meet a half-closed one.
milliseconds idle_time(std::uint32_t announced_seconds) {
    const milliseconds announced{std::int64_t{announced_seconds} * 1000};
    return std::min(idle_time_default, announced > milliseconds{2000} ? announced - milliseconds{1000} : announced / 2);
}

}  // namespace

http_connection::http_connection(owner& owner, event_loop& loop)
    : tcp_connection{loop}, owner_{owner}, timer_{*this}, idle_time_max_{idle_time_default} {}

void http_connection::connect(dial_target target, std::unique_ptr<stream_filter> filter) {
    filter_ = std::move(filter);
    target.time_limit = connect_time_max;
    dial_ = dial{loop_.context(), std::move(target), [this](auto socket) {
                     loop_.enter();
                     if (socket) return connected(std::move(*socket));
                     give_up(socket.error());
                 }};
}

void http_connection::connected(boost::asio::ip::tcp::socket socket) {
    if (!adopt(std::move(socket), std::move(filter_))) {
        return give_up({.why = "the system cannot watch another socket: raise the limit fs.epoll.max_user_watches"});
    }
    if (state_ == state::connecting) loop_.set(timer_, loop_.now().steady + handshake_time_max);
}

void http_connection::take_over(tcp_connection& established) {
    if (!tcp_connection::take_over(established)) give_up({.why = "the system cannot watch its socket"});
}

void http_connection::established() {
    become_idle();
    receive();
    owner_.usable(*this);
}

void http_connection::give_up(const dial_failure& failure) {
    owner_.connect_failed(failure);
    abandon();
}

ilp::bytes& http_connection::carry(carried_packet& packet) {
    ilp::require(state_ == state::idle, "a connection carries one packet at a time");
    packet_ = &packet;
    answers_due_ = packet.parts;
    state_ = state::queued;
    loop_.flush_prepares_of(*this);
    request_.clear();
    return request_;
}

void http_connection::flush() {
    if (state_ != state::queued) return;  // forgotten or broken in the meantime
    state_ = state::awaiting_answer;
    interim_answers_ = 0;
    if (request_.capacity() > request_kept_max) took(request_.capacity());
    switch (send(request_)) {
        case send_outcome::accepted:
            return;
        case send_outcome::nothing_has_left:
            return hand_back(&owner::not_sent);
        case send_outcome::part_may_have_left:  // the packet must not be sent a second time
            return fail(reject_reason::next_hop_connection_lost);
    }
}

void http_connection::received() {
    if (state_ == state::awaiting_answer) return read_answers();
    hand_back(&owner::not_sent);  // unsolicited bytes: later answers could not be matched to requests
}

/// The memory of a large request is counted from flush() on, because from then on the next hop decides how long it is
/// kept.
void http_connection::forget_request() {
    if (request_.capacity() <= request_kept_max) return;
    if (state_ == state::awaiting_answer) gave_back(request_.capacity());
    request_ = ilp::bytes{};  // `= {}` would keep the memory
}

/// Called when the connection turns out to be unusable, and the packet, if there is one, may use another.
void http_connection::hand_back(void (owner::*how)(carried_packet&, ilp::bytes)) {
    carried_packet* const packet = std::exchange(packet_, nullptr);
    ilp::bytes request = request_;
    abandon();
    if (packet != nullptr) (owner_.*how)(*packet, std::move(request));
}

/// A packet in parts is not sent again: the peer may have some of them.
void http_connection::not_taken() {
    if (packet_->parts != 1) return fail(reject_reason::part_never_left);
    hand_back(&owner::not_taken);
}

/// Called when the peer has ended the connection. `status` is that of a complete answer, or 0.
bool http_connection::was_not_taken(unsigned status) const {
    return packet_ != nullptr && may_be_sent_again({.on_reused_connection = is_reused_,
                                                    .sent_before = packet_->sent_again != 0,
                                                    .ended_before_arrival = has_unconfirmed(),
                                                    .answered_request_timeout = status == 408});
}

/// Returns false if the head is incomplete or the connection has failed.
bool http_connection::read_head() {
    chunks_ = {};
    while (!head_) {
        if (const auto* const known = known_head_.find(in_.text())) {
            searched_ = 0;
            head_ = *known;
            break;
        }
        const auto end = http::find_head_end(in_.text(), searched_);
        if (end.value_or(in_.size()) > http::head_size_max ||
            (!end && !http::may_become_response_head(in_.text(), searched_))) {
            fail(reject_reason::next_hop_answered_nonsense);
            return false;
        }
        if (!end) {
            searched_ = in_.size();
            receive();
            return false;
        }
        searched_ = 0;
        if (!take_head(*end)) return false;
    }
    return true;
}

/// Takes a complete head of this size, unless it is that of an interim answer, which is skipped. Returns false if the
/// connection has failed.
bool http_connection::take_head(std::size_t size) {
    const auto head = http::parse_response_head(in_.text().substr(0, size));
    const bool is_interim = head && head->status_code < 200;
    // Whoever sends interim answers without end would keep the loop busy with them.
    if (!head || head->status_code == switching_protocols || (is_interim && ++interim_answers_ > interim_answers_max)) {
        fail(reject_reason::next_hop_answered_nonsense);
        return false;
    }
    if (is_interim) {
        in_.consume(size);
        return true;
    }
    if (head->content_length > http::body_size_max) {
        if (packet_ != nullptr) owner_.answered(*this, *std::exchange(packet_, nullptr), head->status_code, {});
        abandon();
        return false;
    }
    if (!head->has_trace) known_head_.keep(in_.text().substr(0, size), *head);  // otherwise it does not come again
    head_ = *head;
    return true;
}

void http_connection::read_answers() {
    while (read_answer()) {
    }
}

/// Returns true if the answer to another part follows, of which some bytes have been received.
bool http_connection::read_answer() {
    if (!head_ && !read_head()) return false;
    const auto read_on = [this](std::size_t wanted) {
        receive(wanted);
        return false;
    };
    const auto nonsense = [this] {
        fail(reject_reason::next_hop_answered_nonsense);
        return false;
    };
    const std::size_t have = in_.size() - head_->size;
    char* const body = in_.octets().data() + head_->size;
    const auto as_octets = [&](std::size_t size) { return ilp::bytes_span{reinterpret_cast<ilp::octet*>(body), size}; };
    switch (head_->body) {
        case http::framing::content_length:
            if (have < head_->content_length) return read_on(head_->content_length - have);
            return finish_answer(as_octets(head_->content_length), head_->content_length);
        case http::framing::chunked:
            switch (chunks_.advance({body, have})) {
                case http::chunked_body::state::incomplete:
                    if (have > 2 * http::body_size_max) break;
                    return read_on(1);
                case http::chunked_body::state::complete:
                    return finish_answer(as_octets(chunks_.size()), chunks_.consumed());
                case http::chunked_body::state::malformed:
                case http::chunked_body::state::too_large:
                    break;
            }
            return nonsense();
        case http::framing::until_close:
            if (have > http::body_size_max) return nonsense();
            return read_on(1);  // disconnected() finishes the answer
    }
    return false;
}

/// Returns true if the answer to another part follows, of which some bytes have been received.
bool http_connection::finish_answer(ilp::bytes_span body, std::size_t consumed) {
    const http::response_head head = *std::exchange(head_, std::nullopt);
    const bool is_last = !head.keep_alive || has_ended();
    if (is_last && head.status_code >= 400 && was_not_taken(head.status_code)) {
        not_taken();
        return false;
    }
    carried_packet* const packet = std::exchange(packet_, nullptr);
    const bool is_part = packet == nullptr || answers_due_ != 1;
    const bool has_all = --answers_due_ == 0;
    forget_request();
    if (is_part) [[unlikely]]
        watch_other_answers(packet != nullptr);
    if (head.keep_alive_seconds) {
        const milliseconds announced = idle_time(*head.keep_alive_seconds);
        if (announced < idle_time_max_ && has_all) timer_.cancel();  // it was set for the longer time
        idle_time_max_ = announced;
    }
    const std::size_t size = head.size + consumed;
    // If part of the request has not been sent, the peer did not read it. A further one would only queue up behind it.
    const bool may_go_on = !is_last && (!has_all || (in_.size() == size && !is_send_blocked()));
    if (may_go_on && has_all && idle_time_max_ != milliseconds{0}) become_idle();
    const bool goes_on = is_idle() || (may_go_on && !has_all);
    is_reused_ = true;
    if (packet != nullptr) [[likely]] {
        packet->accepts = head.accepts;
        if (begins_as_reject(body)) [[unlikely]]
            packet->trace = head.has_trace ? http::trace_in(in_.text().substr(0, head.size)) : trace_id{};
        owner_.answered(*this, *packet, head.status_code, body);
    } else if (is_idle()) {
        owner_.free_again(*this);
    }
    in_.consume(size);
    if (is_closed()) return false;
    if (!goes_on) {
        abandon();
        return false;
    }
    if (!has_all && !in_.empty()) return true;
    receive();
    return false;
}

/// The first answer ends a packet in parts. The others have to follow in time.
void http_connection::watch_other_answers(bool is_first) {
    if (answers_due_ == 0) {
        timer_.cancel();
    } else if (is_first) {
        loop_.set(timer_, loop_.now().steady + other_answers_time_max);
    }
}

void http_connection::become_idle() {
    state_ = state::idle;
    idle_since_ = loop_.now().steady;
    if (!timer_.is_set()) loop_.set(timer_, idle_since_ + idle_time_max_);
}

void http_connection::disconnected(end_of_stream how) {
    if (state_ == state::connecting) {
        if (was_shed()) return give_up({.why = shed_text});
        const std::string_view why = filter() == nullptr ? std::string_view{} : filter()->failure();
        return give_up({.why = std::string{why.empty() ? "the connection broke during the handshake" : why}});
    }
    if (!is_reused_ && filter() != nullptr && filter()->was_refused()) {
        owner_.refused(filter()->failure());
        return fail(reject_reason::next_hop_refused_us);
    }
    if (head_ && head_->body == http::framing::until_close) {
        // A packet contains its own length, so it does not matter whether the end is an orderly one.
        auto* const body = reinterpret_cast<ilp::octet*>(in_.octets().data()) + head_->size;
        finish_answer({body, in_.size() - head_->size}, in_.size() - head_->size);
        return;
    }
    if (state_ != state::awaiting_answer) return hand_back(&owner::not_sent);
    const bool has_begun_to_answer = head_ || !in_.empty();
    if (how == end_of_stream::orderly && !has_begun_to_answer && was_not_taken(0)) return not_taken();
    fail(reject_reason::next_hop_connection_lost);
}

void http_connection::fail(reject_reason reason) {
    if (packet_ != nullptr) owner_.failed(*std::exchange(packet_, nullptr), reason);
    abandon();
}

void http_connection::abandon() {
    if (is_closed()) return;
    if (state_ == state::idle) owner_.not_idle_any_more(*this);
    forget_request();
    state_ = state::closed;
    packet_ = nullptr;
    timer_.cancel();
    dial_ = {};
    close();
}

void http_connection::released() {
    owner_.closed(*this);
}

void http_connection::time_out() {
    if (state_ == state::connecting) return give_up({.why = "the handshake timed out"});
    // The answers to the other parts of a packet do not come.
    if (state_ == state::awaiting_answer && packet_ == nullptr) return abandon();
    if (state_ != state::idle) return;  // become_idle() sets the timer again
    const auto due = idle_since_ + idle_time_max_;
    if (due > loop_.now().steady) return loop_.set(timer_, due);
    abandon();
}

}  // namespace connector
