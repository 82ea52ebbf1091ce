#include "connector/transport/http/incoming_connection.hpp"

#include "connector/base/client_network.hpp"
#include "connector/transport/http/answer.hpp"
#include "connector/transport/http/hint.hpp"
#include "ilp/hex.hpp"
#include "ilp/invariant.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace connector {
namespace {

using http::status;
using std::chrono::milliseconds;

constexpr milliseconds linger_time{2000};
/// Bytes that are read together from a client that sends many requests at a time, while it sends much.
constexpr std::size_t read_together = 64 * 1024;
/// Requests of a client that sends many at a time which count as one piece of work: together they cost about as much as
/// one that comes alone, for which there are system calls.
constexpr std::uint32_t multiplexed_in_piece = 8;
/// Bytes of answers in one system call; may be exceeded by one answer.
constexpr std::size_t sent_together_max = 64 * 1024;

/// "/accounts/bob/ilp" -> "bob"; "/" and "/ilp" -> ""; nullopt for anything else, which is not an ILP path.
std::optional<std::string_view> account_of_path(std::string_view target) {
    target = target.substr(0, target.find('?'));
    if (target == "/" || target == "/ilp") return "";
    constexpr std::string_view prefix = "/accounts/";
    constexpr std::string_view suffix = "/ilp";
    if (target.size() <= prefix.size() + suffix.size() || !target.starts_with(prefix) || !target.ends_with(suffix)) {
        return std::nullopt;
    }
    const auto account = target.substr(prefix.size(), target.size() - prefix.size() - suffix.size());
    if (account.find('/') != std::string_view::npos) return std::nullopt;
    return account;
}

/// The same for the target of any request that is answered here, also of a question for an outcome.
std::optional<std::string_view> account_of_request(std::string_view method, std::string_view target) {
    const auto outcome = method == "GET" ? http::parse_outcome_target(target) : std::nullopt;
    return account_of_path(outcome ? outcome->endpoint : target);
}

}  // namespace

incoming_connection::incoming_connection(event_loop& loop, owner& owner, prepare_handler& handler,
                                         const incoming_timeouts& timeouts)
    : tcp_connection{loop},
      owner_{owner},
      handler_{handler},
      timeouts_{timeouts},
      share_{handler.share_of_handshakes()},
      timer_{*this} {
    ring_.resize(1);
}

bool incoming_connection::start(boost::asio::ip::tcp::socket socket, std::unique_ptr<stream_filter> filter) {
    began_at_ = last_activity_ = loop_.now().steady;
    if (!adopt(std::move(socket), std::move(filter))) {
        abandon();
        return false;
    }
    if (!is_established() && !is_closed()) loop_.set(timer_, *due());
    return true;
}

void incoming_connection::established() {
    share_ = handler_.share_of(nullptr);
    if (filter() != nullptr) client_key_ = ilp::parse_hex_digest(filter()->peer_key());
    last_activity_ = loop_.now().steady;
    loop_.set(timer_, *due());
    receive();
}

void incoming_connection::received() {
    assert(!is_receiving());
    last_activity_ = loop_.now().steady;
    sends_much_ = in_.size() >= receive_buffer::capacity_min;
    if (lingering_ || closing_) {
        lingered_ += in_.size();
        in_.consume(in_.size());
        if (lingered_ > linger_octets_max) return abandon();
        return receive();
    }
    take_requests(true);
}

/// Handles requests that have been read. If `is_turn`, the first ones are part of the piece of work that has begun.
void incoming_connection::take_requests(bool is_turn) {
    const turn_share* payer = share_;
    std::uint32_t left_of_piece = is_turn ? requests_in_piece() : 0;
    while (!is_closed() && !closing_) {
        if (share_ != payer) left_of_piece = 0;  // the next requests may be of another peer
        if (left_of_piece == 0 && !in_.empty()) {
            if (!is_its_turn()) return;
            payer = share_;
            left_of_piece = requests_in_piece();
        }
        if (!take_request()) break;
        if (left_of_piece != 0) --left_of_piece;
    }
    if (closing_ && !is_closed()) receive();
}

/// What strangers send is never many requests for one piece: to refuse it costs as much, however it comes.
std::uint32_t incoming_connection::requests_in_piece() const {
    return multiplexed_ && share_ != handler_.share_of(nullptr) ? multiplexed_in_piece : 1;
}

void incoming_connection::on_turn() {
    loop_.enter();
    if (!is_established()) return go_on_shaking_hands();
    if (is_receiving()) return go_on_reading();
    take_requests(true);
}

authenticated incoming_connection::authenticate(const http::request_head& head, std::string_view account) {
    return handler_.authenticate(http::bearer_token(head.authorization), account,
                                 client_key_ ? &*client_key_ : nullptr);
}

/// Returns true if a request was handled and the next one may follow. Otherwise reading has been started or will be
/// resumed.
bool incoming_connection::take_request() {
    if (skip_ != 0) {
        const std::size_t skipped = std::min(skip_, in_.size());
        in_.consume(skipped);
        skip_ -= skipped;
    }
    if (next_request_ - first_request_ >= requests_max_) return false;  // flush() resumes reading
    if (is_send_blocked()) return false;                                // sent_all() resumes reading
    if (multiplexed_) return take_multiplexed();
    if (next_request_ == 0 && !request_ && in_.text().starts_with(http2_preface.substr(0, 4))) {
        if (in_.size() >= http2_preface.size()) {
            if (begin_multiplexed()) return true;
        } else if (http2_preface.starts_with(in_.text())) {
            read_on(http2_preface.size() - in_.size());
            return false;
        }
    }
    if (!request_ && !take_head()) return false;
    if (!request_) return true;  // refused
    return take_body();
}

/// Returns false if these bytes are not the preface of HTTP/2, or the owner does not know that protocol.
bool incoming_connection::begin_multiplexed() {
    if (!in_.text().starts_with(http2_preface)) return false;
    multiplexed_ = owner_.make_multiplexed(*this);
    if (!multiplexed_) return false;
    request_began_.reset();
    searched_ = 0;
    if (draining_) drain_multiplexed();
    loop_.set(timer_, *due());
    return true;
}

/// As take_request().
bool incoming_connection::take_multiplexed() {
    const auto result = multiplexed_->take({reinterpret_cast<ilp::octet*>(in_.octets().data()), in_.size()});
    in_.consume(result.consumed);
    if (result.consumed != 0) request_began_.reset();
    switch (result.made) {
        case multiplexed_requests::progress::handled:
            return true;
        case multiplexed_requests::progress::needs_more:
            read_on(sends_much_ ? std::max(result.wanted, read_together) : result.wanted);
            if (result.is_incomplete) loop_.set(timer_, *due());
            return false;
        case multiplexed_requests::progress::ended:
            closing_ = true;
            return true;
    }
    return false;
}

void incoming_connection::account(std::ptrdiff_t change) {
    if (change > 0) {
        took(static_cast<std::size_t>(change));
    } else {
        gave_back(static_cast<std::size_t>(-change));
    }
}

void incoming_connection::drain_multiplexed() {
    multiplexed_->drain();
    if (is_established() && !lingering_) loop_.set(timer_, *due());
}

void incoming_connection::flush_multiplexed() {
    if (lingering_) return;
    ilp::bytes& output = multiplexed_->output();
    if (!output.empty()) {
        if (send(output) != send_outcome::accepted) return abandon();
        output.clear();
        last_activity_ = loop_.now().steady;
    }
    multiplexed_->output_sent();
    if (is_send_blocked()) return loop_.set(timer_, *due());
    const bool is_done = other_side_ended_ && multiplexed_->awaited() == 0;
    if (!multiplexed_->has_ended() && !is_done) return;
    closing_ = true;
    finish();
}

/// Clients used to send an empty line after a body, so one before a request is skipped (RFC 9112 section 2.2).
bool incoming_connection::skip_empty_line() {
    if (empty_line_skipped_ || !in_.text().starts_with("\r\n")) return false;
    in_.consume(2);
    searched_ = 0;
    if (in_.empty()) request_began_.reset();
    return empty_line_skipped_ = true;
}

bool incoming_connection::take_head() {
    if (const open_request* const known = known_head_.find(in_.text()); known && loop_.now().steady < known->until) {
        request_ = *known;
        share_ = request_->share;
        searched_ = 0;
        return true;
    }
    if (skip_empty_line()) return take_head();
    const auto end = http::find_head_end(in_.text(), searched_);
    if (!end || *end > http::head_size_max) {
        if (!end && !http::may_become_request_head(in_.text(), searched_)) {
            refuse_head(status::bad_request, std::nullopt);
            return true;
        }
        searched_ = in_.size();
        if (end || searched_ > http::head_size_max) {
            refuse_head(status::header_fields_too_large, std::nullopt);
            return true;
        }
        read_on();
        return false;
    }
    searched_ = 0;
    const auto head = http::parse_request_head(in_.text().substr(0, *end));
    if (!head) {
        refuse_head(head.error(), std::nullopt);
        return true;
    }
    const admission admitted = admit(*head);
    share_ = admitted.share;
    if (admitted.refusal) {
        refuse_head(*admitted.refusal, *head);
        return true;
    }
    auto exchange = http::exchange_of(*head, admitted.from->outgoing);
    if (!exchange) {
        refuse_head(exchange.error().status, *head, exchange.error().detail);
        return true;
    }
    const auto split = http::split_request_of(*head);
    if (!split) {
        refuse_head(split.error(), *head, "The field ILP-Split cannot be read, or is in an asynchronous request.");
        return true;
    }
    request_ = {admitted.from,        admitted.until,   head->body, head->size,
                head->content_length, head->keep_alive, share_,     {}};
    if (*split) split_ = std::make_unique<const http::split_request>(**split);
    if (*exchange) exchange_ = std::make_unique<const http::exchange>(**std::move(exchange));
    if (head->expects_continue && in_.size() == head->size) {
        // The client waits for the 100. A client that pipelines does not send such a request before it has the earlier
        // answers.
        if (first_request_ != next_request_ || send(ilp::as_bytes(http::continue_answer)) != send_outcome::accepted) {
            refuse_head(status::expectation_failed, std::nullopt);
        }
    }
    // Keeps only a head whose meaning does not change until its sender does, and which may come again.
    if (request_ && admitted.is_lasting && !exchange_ && !split_ && !head->expects_continue) {
        known_head_.keep(in_.text().substr(0, head->size), *request_);
    }
    return true;
}

/// Decides about a request from its head, in any version of HTTP. The connection stops being a newcomer with the first
/// valid token.
admission incoming_connection::admit(const http::request_head& head) {
    const bool is_question = head.method == "GET" && http::parse_outcome_target(head.target).has_value();
    const auto account = account_of_request(head.method, head.target);
    if (!account) return {.share = share_, .refusal = status::not_found};
    if (head.method != "POST" && !is_question) return {.share = share_, .refusal = status::method_not_allowed};
    const auto [from, until] = authenticate(head, *account);
    admission admitted{.from = from, .until = until, .share = handler_.share_of(from)};
    if (from == nullptr) {
        handler_.unauthenticated(remote_address());
        admitted.refusal = status::unauthorized;
        return admitted;
    }
    if (!owner_.may_stay(*this, *from)) {
        draining_ = true;
        if (multiplexed_) drain_multiplexed();
        admitted.refusal = status::service_unavailable;
        return admitted;
    }
    is_newcomer_ = false;
    newcomer_hook::unlink();
    if (is_question) {
        const bool has_body = head.content_length != 0 || head.body == http::framing::chunked;
        if (has_body) admitted.refusal = status::content_too_large;
        return admitted;
    }
    admitted.is_lasting = account->empty() || *account == from->name();
    if (!http::is_packet_content_type(head.content_type)) {
        admitted.refusal = status::unsupported_media_type;
    } else if (!http::accepts_packets(head.accept)) {
        admitted.refusal = status::not_acceptable;
    } else if (head.content_length > http::body_size_max) {
        admitted.refusal = status::content_too_large;
    }
    return admitted;
}

bool incoming_connection::take_body() {
    const std::size_t have = in_.size() - request_->head_size;
    char* const body = in_.octets().data() + request_->head_size;
    const auto as_octets = [&](std::size_t size) { return ilp::bytes_span{reinterpret_cast<ilp::octet*>(body), size}; };
    if (request_->framing == http::framing::content_length) {
        if (have < request_->content_length) {
            read_on(request_->content_length - have);
            return false;
        }
        dispatch(as_octets(request_->content_length), request_->content_length);
        return true;
    }
    switch (request_->chunks.advance({body, have})) {
        case http::chunked_body::state::incomplete:
            // The limit on the body does not cover chunk lines, so the bytes buffered for them are bounded here.
            if (have > 2 * http::body_size_max) {
                refuse_head(status::content_too_large, std::nullopt);
                return true;
            }
            read_on();
            return false;
        case http::chunked_body::state::complete:
            dispatch(as_octets(request_->chunks.size()), request_->chunks.consumed());
            return true;
        case http::chunked_body::state::malformed:
            refuse_head(status::bad_request, std::nullopt);
            return true;
        case http::chunked_body::state::too_large:
            refuse_head(status::content_too_large, std::nullopt);
            return true;
    }
    return false;
}

void incoming_connection::dispatch(ilp::bytes_span body, std::size_t consumed) {
    const open_request request = *std::exchange(request_, std::nullopt);
    request_began_.reset();
    const std::uint64_t number = begin_request(request.keep_alive && !draining_);
    if (request.from->split) [[unlikely]] {
        pending(number).accepts = &*request.from->split;
        requests_max_ = std::max(requests_max_, requests_usual + request.from->split->max_parts);
    }
    const bool is_usual = exchange_ == nullptr && split_ == nullptr;
    if (owed_answer* const packet = is_usual ? handler_.prepare_received(*this, number, *request.from, body)
                                             : pass_on_unusual(number, *request.from, body)) {
        pending(number).packet = packet;
    }
    in_.consume(request.head_size + consumed);
}

/// Passes on the current request if it is in asynchronous mode, or has to do with packets in parts.
owed_answer* incoming_connection::pass_on_unusual(std::uint64_t number, const peering::peer& from,
                                                  ilp::bytes_span body) {
    const auto exchange = std::move(exchange_);
    const auto split = std::move(split_);
    const auto response =
        exchange ? http::pass_on(handler_, *exchange, from, body) : std::optional<http::exchange_response>{};
    if (response) {
        respond(number, *response);
        return nullptr;
    }
    if (!split) return handler_.prepare_received(*this, number, from, body);
    if (split->part) return handler_.part_received(*this, number, from, *split->part, body);
    if (const auto outcome = handler_.outcome_of(from, split->asked)) {
        answer(number, *outcome, false);
    } else {
        respond(number, {status::ok});
    }
    return nullptr;
}

/// Refuses the current request. Without a parsed head its end is unknown, so the connection must be closed too.
void incoming_connection::refuse_head(status status, std::optional<http::request_head> head, std::string_view detail) {
    const bool end_known = head && head->body == http::framing::content_length && !head->expects_continue &&
                           head->content_length <= http::body_size_max;
    const bool keep_alive = end_known && head->keep_alive && !draining_;
    const std::string_view hint = detail.empty() ? http::hint_on_packet_request(status, in_.text()) : detail;
    if (end_known) {
        in_.consume(head->size);
        skip_ = head->content_length;
    } else {
        in_.consume(in_.size());
    }
    searched_ = 0;
    request_.reset();
    exchange_.reset();
    split_.reset();
    request_began_.reset();
    refuse(begin_request(keep_alive), status, hint);
}

std::uint64_t incoming_connection::begin_request(bool keep_alive) {
    if (next_request_ - first_request_ == ring_.size()) {
        std::vector<pending_answer> larger(ring_.size() * 2);
        for (std::uint64_t i = first_request_; i != next_request_; ++i) {
            larger[i % larger.size()] = std::move(ring_[i % ring_.size()]);
        }
        ring_ = std::move(larger);
    }
    empty_line_skipped_ = false;
    const std::uint64_t number = next_request_++;
    pending_answer& made = pending(number);
    made.state = answer_state::waited_for;
    made.keep_alive = keep_alive;
    made.packet = nullptr;
    made.accepts = nullptr;
    closing_ = !keep_alive;
    return number;
}

incoming_connection::pending_answer& incoming_connection::pending(std::uint64_t request) {
    ilp::require(request - first_request_ < next_request_ - first_request_,
                 "an answer belongs to a request that waits");
    return ring_[request % ring_.size()];
}

void incoming_connection::answer(std::uint64_t request, ilp::bytes_view packet, bool held) {
    pending_answer& answer = pending(request);
    loop_.spare().lend(answer.octets);
    http::append_packet_answer(answer.octets, packet, answer.keep_alive, answer.accepts);
    took(answer.octets.capacity());
    if (held) {
        answer.state = answer_state::held;
    } else {
        make_ready(request, answer);
    }
}

void incoming_connection::reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) {
    pending_answer& answer = pending(request);
    loop_.spare().lend(answer.octets);
    http::append_packet_answer(answer.octets, packet, answer.keep_alive, answer.accepts);
    http::add_trace(answer.octets, failure.trace);
    took(answer.octets.capacity());
    make_ready(request, answer);
}

void incoming_connection::revoke(std::uint64_t request, ilp::bytes_view packet, const failure& failure) {
    pending_answer& answer = pending(request);
    gave_back(answer.octets.capacity());
    loop_.spare().give_back(answer.octets);
    reject(request, packet, failure);
}

void incoming_connection::refuse(std::uint64_t request, status status, std::string_view detail) {
    pending_answer& answer = pending(request);
    loop_.spare().lend(answer.octets);
    http::append_refusal(answer.octets, status, answer.keep_alive, detail);
    took(answer.octets.capacity());
    make_ready(request, answer);
}

void incoming_connection::respond(std::uint64_t request, const http::exchange_response& response) {
    if (response.status != status::ok && response.status != status::accepted)
        return refuse(request, response.status, response.detail);
    pending_answer& answer = pending(request);
    loop_.spare().lend(answer.octets);
    http::append_empty_answer(answer.octets, response.status, answer.keep_alive);
    took(answer.octets.capacity());
    make_ready(request, answer);
}

void incoming_connection::release(std::uint64_t request) {
    make_ready(request, pending(request));
}

void incoming_connection::refuse_malformed(std::uint64_t request) {
    refuse(request, status::bad_request);
}

void incoming_connection::make_ready(std::uint64_t request, pending_answer& answer) {
    answer.state = answer_state::ready;
    answer.packet = nullptr;
    if (request == first_request_) loop_.flush_answers_of(*this);
}

void incoming_connection::drain() {
    draining_ = true;
    if (multiplexed_) return drain_multiplexed();
    const bool is_idle = first_request_ == next_request_;
    if (is_idle || closing_ || request_ || !in_.empty()) return;
    pending_answer& last = pending(next_request_ - 1);
    last.keep_alive = false;
    if (last.state != answer_state::waited_for) {
        gave_back(last.octets.capacity());
        http::add_connection_close(last.octets);
        took(last.octets.capacity());
    }
    closing_ = true;
}

void incoming_connection::peers_changed(std::span<const peering::peer_update> updates) {
    const auto has_changed = [updates](const peering::peer* peer) {
        return std::ranges::any_of(updates, [peer](const auto& update) { return update.before.get() == peer; });
    };
    if (multiplexed_) return multiplexed_->peers_changed(updates);
    if (known_head_.meaning() != nullptr && has_changed(known_head_.meaning()->from)) known_head_.forget();
    for (std::uint64_t i = first_request_; i != next_request_; ++i) {
        const auto owns = [accepts = pending(i).accepts](const auto& update) {
            return update.before && update.before->split && &*update.before->split == accepts;
        };
        const auto update = std::ranges::find_if(updates, owns);
        if (update == updates.end()) continue;
        const bool still_accepts = update->after && update->after->split;
        pending(i).accepts = still_accepts ? &*update->after->split : nullptr;
    }
    if (!request_ || !has_changed(request_->from)) return;
    // The head is still in the buffer in front of the body. Its token may have become invalid.
    const auto head = http::parse_request_head(in_.text().substr(0, request_->head_size));
    const auto [from, until] = authenticate(*head, *account_of_request(head->method, head->target));
    request_->from = from;
    request_->until = until;
    share_ = request_->share = handler_.share_of(request_->from);
    if (request_->from != nullptr) return;
    handler_.unauthenticated(remote_address());
    refuse_head(status::unauthorized, std::nullopt);
}

void incoming_connection::flush() {
    if (is_closed()) return;
    if (multiplexed_) return flush_multiplexed();
    const bool was_full = next_request_ - first_request_ >= requests_max_;
    while (first_request_ != next_request_ && pending(first_request_).state == answer_state::ready) {
        if (!send_ready_answers()) return abandon();
    }
    last_activity_ = loop_.now().steady;
    if (is_send_blocked()) {
        loop_.set(timer_, *due());
        return;
    }
    if (first_request_ == next_request_ && (closing_ || other_side_ended_)) return finish();
    if (was_full && !closing_) resume();
}

/// Sends the first answer, which is ready, and the ready ones behind it in one system call, up to about
/// sent_together_max bytes. Returns false if the connection is broken.
bool incoming_connection::send_ready_answers() {
    const auto is_ready = [this](std::uint64_t request) {
        return request != next_request_ && pending(request).state == answer_state::ready;
    };
    ilp::bytes_view octets = pending(first_request_).octets;
    std::uint64_t next = first_request_ + 1;
    if (is_ready(next)) {
        ilp::bytes& together = loop_.scratch();
        together.assign(octets.begin(), octets.end());
        for (; is_ready(next) && together.size() < sent_together_max; ++next) {
            ilp::append(together, pending(next).octets);
        }
        octets = together;
    }
    const bool sent = send(octets) == send_outcome::accepted;
    for (; first_request_ != next; ++first_request_) {
        ilp::bytes& done = pending(first_request_).octets;
        gave_back(done.capacity());
        loop_.spare().give_back(done);
    }
    return sent;
}

/// Continues with the buffered bytes in a new turn: work begun at the end of a turn would be left unfinished.
void incoming_connection::resume() {
    operation_begins();
    loop_.post([this] {
        if (!operation_ended() || is_receiving() || closing_) return;
        last_activity_ = loop_.now().steady;
        take_requests(false);
    });
}

void incoming_connection::sent_all() {
    last_activity_ = loop_.now().steady;
    if (multiplexed_) {
        flush_multiplexed();
        if (is_closed()) return;
    } else if (first_request_ == next_request_ && (closing_ || other_side_ended_)) {
        return finish();
    }
    if (!is_receiving() && !closing_) take_requests(false);
}

/// All answers have been sent. Closing while the other side is still sending would make its system discard our answer,
/// so its bytes are read and dropped for a while.
void incoming_connection::finish() {
    if (other_side_ended_) return abandon();
    if (lingering_) return;
    lingering_ = true;
    end_sending();
    loop_.set(timer_, loop_.now().steady + linger_time);
    receive();
}

void incoming_connection::read_on(std::size_t wanted) {
    const bool idle = in_.empty() && !request_;
    if (!idle && !request_began_) {
        request_began_ = loop_.now().steady;
        loop_.set(timer_, *due());
    }
    receive(wanted);
}

void incoming_connection::disconnected(end_of_stream how) {
    if (how == end_of_stream::broken) return abandon();
    other_side_ended_ = true;
    if (multiplexed_) {
        // Otherwise flush_multiplexed() ends it when the last answer has gone.
        if (multiplexed_->awaited() == 0 && multiplexed_->output().empty() && !is_send_blocked()) abandon();
        return;
    }
    // The other side may have closed only its sending direction and still wait for answers.
    if (first_request_ == next_request_ && !is_send_blocked()) abandon();
}

bool incoming_connection::is_idle() const noexcept {
    if (multiplexed_ && !multiplexed_->is_idle()) return false;
    const bool knows_nothing = first_request_ == next_request_ && !request_ && in_.empty() && !is_waiting();
    if (!knows_nothing || is_closed() || is_send_blocked()) return false;
    // A request may have come that no event has announced yet.
    char octet = 0;
    return ::recv(descriptor(), &octet, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void incoming_connection::abandon() {
    if (is_closed()) return;
    newcomer_hook::unlink();
    timer_.cancel();
    stop_waiting();
    if (multiplexed_) multiplexed_->abandon();
    for (std::uint64_t i = first_request_; i != next_request_; ++i) {
        if (owed_answer* const packet = pending(i).packet) packet->answer_to = nullptr;
    }
    first_request_ = next_request_;
    close();
}

boost::asio::ip::address incoming_connection::remote_address() const noexcept {
    return peer_address(descriptor());
}

void incoming_connection::released() {
    owner_.connection_closed(*this);
}

std::optional<ilp::steady_time> incoming_connection::due() const {
    if (lingering_) return {};  // its deadline is not moved
    return is_newcomer_ ? std::min(due_of_request(), began_at_ + timeouts_.newcomer) : due_of_request();
}

ilp::steady_time incoming_connection::due_of_request() const {
    if (!is_established()) return last_activity_ + timeouts_.request;
    if (is_send_blocked()) return last_activity_ + timeouts_.request;
    if (request_began_) return *request_began_ + timeouts_.request;
    if (multiplexed_) return multiplexed_->due(last_activity_);
    if (first_request_ == next_request_) return last_activity_ + timeouts_.idle;
    return loop_.now().steady + timeouts_.idle;  // a packet is in flight, and only its own expiry counts
}

void incoming_connection::time_out() {
    const auto when = due();
    if (when && *when > loop_.now().steady) return loop_.set(timer_, *when);
    const bool is_newcomer_overdue = is_newcomer_ && loop_.now().steady >= began_at_ + timeouts_.newcomer;
    if (multiplexed_ && when && !request_began_ && !is_send_blocked() && !is_newcomer_overdue) {
        multiplexed_->time_out(last_activity_);
        return loop_.set(timer_, std::max(*due(), loop_.now().steady + milliseconds{10}));
    }
    if (multiplexed_ && when && multiplexed_->awaited() != 0 && !is_send_blocked() && !is_newcomer_overdue) {
        // Part of a frame does not become whole. The packets that are in flight still get their answers.
        request_began_.reset();
        return drain_multiplexed();
    }
    if (when && !multiplexed_ && request_began_ && !is_send_blocked())
        return refuse_head(status::request_timeout, std::nullopt);
    abandon();
}

}  // namespace connector
