#include "connector/transport/http2/http2_requests.hpp"

#include "connector/base/client_network.hpp"
#include "connector/base/log.hpp"
#include "connector/transport/http/answer.hpp"
#include "connector/transport/http/hint.hpp"
#include "ilp/invariant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <memory>
#include <optional>
#include <utility>

namespace connector {
namespace {

static_assert(http2_preface == http2::preface);

ilp::bytes make_answer_block() {
    ilp::bytes block;
    http2::append_indexed(block, http2::static_table::status_200);
    http2::append_literal(block, http2::static_table::content_type, "application/octet-stream");
    return block;
}

std::size_t size_of(const http::exchange& exchange) {
    return sizeof exchange + (exchange.reply_at ? exchange.reply_at->capacity() : 0);
}

const ilp::bytes answer_block = make_answer_block();

/// The same with what this node takes in parts from the sender.
ilp::bytes make_accepting_block(peering::split_terms terms) {
    terms.max_parts = std::min(terms.max_parts, http2::server_session::streams_max);
    std::string value;
    peering::append(value, terms);
    ilp::bytes block = answer_block;
    http2::append_named(block, peering::split_accept_field, value);
    return block;
}

ilp::bytes make_refusal_block(http::status status) {
    ilp::bytes block;
    http2::append_status(block, static_cast<unsigned>(status));
    http2::append_literal(block, http2::static_table::content_type, "application/problem+json");
    if (status == http::status::unauthorized)
        http2::append_literal(block, http2::static_table::www_authenticate, "Bearer");
    if (status == http::status::method_not_allowed) http2::append_literal(block, http2::static_table::allow, "POST");
    return block;
}

/// Finds out what the request has to do with packets in parts, and refuses it if that cannot be read.
void take_split(const http::request_head& head, admission& admitted,
                std::unique_ptr<const http::split_request>& split) {
    const auto found = http::split_request_of(head);
    if (!found) {
        admitted.refusal = found.error();
    } else if (*found) {
        split = std::make_unique<const http::split_request>(**found);
    }
}

}  // namespace

http2_requests::http2_requests(event_loop& loop, carrier& carrier, prepare_handler& handler,
                               const incoming_timeouts& timeouts, http2::flood_counts& floods)
    : loop_{loop},
      carrier_{carrier},
      handler_{handler},
      timeouts_{timeouts},
      floods_{floods},
      began_at_{loop.now().steady} {
    note_output();
}

multiplexed_requests::result http2_requests::take(ilp::bytes_span input) {
    if (out_.capacity() == 0) loop_.spare().lend_large(out_);
    result done{.made = progress::handled};
    while (done.made == progress::handled) {
        const http2::event& event = session_.next(input.subspan(done.consumed), out_, loop_.now().steady);
        bool is_work = false;
        switch (event.kind) {
            case http2::event_kind::needs_more:
                done.made = progress::needs_more;
                done.wanted = event.wanted;
                done.is_incomplete = session_.has_incomplete();
                break;
            case http2::event_kind::pause:
                is_work = true;
                break;
            case http2::event_kind::failed:
                done.made = progress::ended;
                note_flood();
                break;
            case http2::event_kind::head:
                is_work = !begin(event);
                break;
            case http2::event_kind::message:
                is_work = pass_on(event);
                break;
            case http2::event_kind::reset:
                if (open_request& reset = place_of(event.number); reset.number == event.number) forget(reset);
                break;
        }
        done.consumed += event.consumed;
        if (is_work) break;
    }
    if (out_.empty()) loop_.spare().give_back_large(out_);
    note_output();
    return done;
}

/// Returns false if the request was refused.
bool http2_requests::begin(const http2::event& head) {
    if (head.fault) {
        place_of(head.number).number = head.number;
        refuse(head.number, *head.fault);
        return false;
    }
    if (head.head == nullptr && head.split.data() == nullptr) [[likely]] {
        const admission& known = known_[head.place];  // of a request that is not refused
        carrier_.set_share(known.share);
        open_request& opened = place_of(head.number);
        opened.number = head.number;
        opened.from = known.from;
        return true;
    }
    return begin_unusual(head);
}

/// The same for a head that is not a known one, or that of a part of a packet.
bool http2_requests::begin_unusual(const http2::event& head) {
    admission admitted;
    std::expected<std::optional<http::exchange>, http::exchange_response> exchange;
    std::unique_ptr<const http::split_request> split;
    if (head.head == nullptr) {
        admitted = known_[head.place];
        http::request_head part;
        part.method = "POST";
        part.split = head.split;
        part.has_split = true;
        take_split(part, admitted, split);
    } else {
        admitted = carrier_.admit(*head.head);
        if (!admitted.refusal) exchange = http::exchange_of(*head.head, admitted.from->outgoing);
        if (!exchange) admitted.refusal = exchange.error().status;
        if (!admitted.refusal) take_split(*head.head, admitted, split);
        const bool is_kept = head.place != http2::known_blocks::places;
        // A signed token expires, so its requests are looked at one by one.
        const bool is_lasting =
            admitted.is_lasting && admitted.until == ilp::steady_time::max() && exchange && !*exchange && !split;
        if (is_kept && is_lasting && !admitted.refusal && !head.head->expects_continue) {
            known_[head.place] = admitted;
        } else if (is_kept) {
            session_.forget_known(head.place);
        }
    }
    carrier_.set_share(admitted.share);
    open_request& opened = place_of(head.number);
    opened.number = head.number;
    opened.from = admitted.from;
    if (admitted.refusal) {
        refuse(head.number, *admitted.refusal, exchange ? std::string_view{} : exchange.error().detail);
        return false;
    }
    if (*exchange) {
        opened.exchange = std::make_unique<const http::exchange>(**std::move(exchange));
        exchanges_ += size_of(*opened.exchange);
    }
    opened.split = std::move(split);
    if (head.head != nullptr && head.head->expects_continue) session_.answer_continue(head.number, out_);
    return true;
}

/// Returns true if a packet was handled.
bool http2_requests::pass_on(const http2::event& message) {
    if (message.is_too_large) {
        refuse(message.number, http::status::content_too_large);
        return false;
    }
    open_request& request = at(message.number);
    request.is_awaited = true;
    ++awaited_;
    const bool is_usual = request.exchange == nullptr && request.split == nullptr;
    owed_answer* const packet = is_usual ? handler_.prepare_received(*this, message.number, *request.from, message.body)
                                         : pass_on_unusual(message.number, *request.from, message.body);
    if (packet != nullptr) at(message.number).packet = packet;
    return true;
}

/// Passes on a request that is in asynchronous mode, or has to do with packets in parts.
owed_answer* http2_requests::pass_on_unusual(std::uint64_t number, const peering::peer& from, ilp::bytes_span body) {
    if (const auto exchange = take_exchange(at(number))) {
        if (const auto response = http::pass_on(handler_, *exchange, from, body)) {
            respond(number, *response);
            return nullptr;
        }
    }
    const auto split = std::move(at(number).split);
    if (!split) return handler_.prepare_received(*this, number, from, body);
    if (split->part) return handler_.part_received(*this, number, from, *split->part, body);
    if (const auto outcome = handler_.outcome_of(from, split->asked)) {
        send_answer(number, *outcome);
    } else {
        respond(number, {http::status::ok});
    }
    return nullptr;
}

void http2_requests::answer(std::uint64_t number, ilp::bytes_view packet, bool held) {
    if (!held) return send_answer(number, packet);
    open_request& request = at(number);
    loop_.spare().lend(request.held);
    ilp::append(request.held, packet);
    held_ += request.held.capacity();
    note_output();
}

/// The trace id comes last: the other side knows what is in front of it.
void http2_requests::reject(std::uint64_t number, ilp::bytes_view packet, const failure& failure) {
    if (out_.capacity() == 0) loop_.spare().lend_large(out_);
    open_request& request = at(number);
    ilp::bytes block = block_for(request);
    const trace_id::text_form trace = failure.trace.text();
    http2::append_named(block, trace_field, as_text(trace));
    forget(request);
    session_.answer(number, block, packet, out_);
    note_output();
}

void http2_requests::release(std::uint64_t number) {
    ilp::bytes held = std::exchange(at(number).held, {});
    held_ -= held.capacity();
    send_answer(number, held);
    loop_.spare().give_back(held);
}

/// The fields of an answer to this request.
const ilp::bytes& http2_requests::block_for(const open_request& request) {
    const bool accepts_parts = request.from != nullptr && request.from->split;
    if (accepts_parts && (accepted_ != *request.from->split || accepting_block_.empty())) [[unlikely]] {
        accepted_ = *request.from->split;
        accepting_block_ = make_accepting_block(accepted_);
    }
    return accepts_parts ? accepting_block_ : answer_block;
}

void http2_requests::send_answer(std::uint64_t number, ilp::bytes_view packet) {
    if (out_.capacity() == 0) loop_.spare().lend_large(out_);
    open_request& request = at(number);
    const ilp::bytes& block = block_for(request);
    forget(request);
    session_.answer(number, block, packet, out_);
    note_output();
}

void http2_requests::refuse_malformed(std::uint64_t number) {
    refuse(number, http::status::bad_request);
}

void http2_requests::respond(std::uint64_t number, const http::exchange_response& response) {
    if (response.status != http::status::ok && response.status != http::status::accepted)
        return refuse(number, response.status, response.detail);
    if (out_.capacity() == 0) loop_.spare().lend(out_);
    forget(at(number));
    ilp::bytes block;
    http2::append_status(block, static_cast<unsigned>(response.status));
    session_.answer(number, block, {}, out_);
    note_output();
}

/// Without a detail, the response says what its status usually means.
void http2_requests::refuse(std::uint64_t number, http::status status, std::string_view detail) {
    forget(at(number));
    ilp::bytes document;
    http::append_problem(document, status, detail.empty() ? http::hint_on_packet_request(status, {}) : detail);
    session_.answer(number, make_refusal_block(status), document, out_);
    note_output();
}

http2_requests::open_request& http2_requests::place_of(std::uint64_t number) {
    const auto place = static_cast<std::size_t>(number >> 32U);
    if (place >= requests_.size()) requests_.resize(place + 1);
    return requests_[place];
}

http2_requests::open_request& http2_requests::at(std::uint64_t number) {
    open_request& request = place_of(number);
    ilp::require(request.number == number && number != 0, "an answer belongs to a request that waits");
    return request;
}

/// Null if it has none.
std::unique_ptr<const http::exchange> http2_requests::take_exchange(open_request& request) {
    if (request.exchange != nullptr) exchanges_ -= size_of(*request.exchange);
    return std::move(request.exchange);
}

void http2_requests::forget(open_request& request) {
    if (request.packet != nullptr) request.packet->answer_to = nullptr;
    if (request.is_awaited) --awaited_;
    request.number = 0;
    request.from = nullptr;
    request.packet = nullptr;
    request.is_awaited = false;
    if (request.exchange != nullptr) take_exchange(request);
    request.split.reset();
    held_ -= request.held.capacity();
    if (request.held.capacity() != 0) loop_.spare().give_back(request.held);
}

/// Counts it, and tells the operator, if the connection ended because the client sent too much of something.
void http2_requests::note_flood() {
    const auto kind = session_.flooded_by();
    if (!kind || std::exchange(is_flood_noted_, true)) return;
    floods_.note(*kind);
    const boost::asio::ip::address remote = carrier_.remote_address();
    log::write_seldom({"flood of HTTP/2", client_network(remote)}, log::level::warn,
                      "ended an incoming connection: too many frames of HTTP/2 of a kind",
                      {{"remote", remote.to_string()}, {"kind", std::string{http2::name_of(*kind)}}});
}

/// Has the output sent, and accounts for the memory.
void http2_requests::note_output() {
    note_flood();
    if (!out_.empty() || has_ended()) carrier_.send_soon();
    const std::size_t for_streams = session_.table_memory() + requests_.capacity() * sizeof(open_request);
    const std::size_t used =
        out_.capacity() + held_ + exchanges_ + session_.unsent_memory() + session_.partly_received() + for_streams;
    if (used == accounted_) return;
    carrier_.account(static_cast<std::ptrdiff_t>(used) - static_cast<std::ptrdiff_t>(accounted_));
    accounted_ = used;
}

void http2_requests::output_sent() {
    if (out_.empty()) loop_.spare().give_back_large(out_);
    note_output();
}

void http2_requests::drain() {
    if (!drained_at_) drained_at_ = loop_.now().steady;
    session_.drain(out_);
    note_output();
}

bool http2_requests::has_ended() const {
    return session_.has_failed() || is_over_ || session_.is_drained();
}

void http2_requests::peers_changed(std::span<const peering::peer_update> updates) {
    const auto has_changed = [updates](const peering::peer* peer) {
        return std::ranges::any_of(updates, [peer](const auto& update) { return update.before.get() == peer; });
    };
    for (std::size_t place = 0; place < known_.size(); ++place) {
        if (known_[place].from == nullptr || !has_changed(known_[place].from)) continue;
        session_.forget_known(place);
        known_[place] = {};
    }
    // Their heads are gone, so a changed peer's requests that are still being received must come again.
    for (open_request& each : requests_) {
        if (each.number == 0 || each.from == nullptr || !has_changed(each.from)) continue;
        if (each.is_awaited) {  // its answer says what is accepted now
            const auto update = std::ranges::find(updates, each.from, [](const auto& u) { return u.before.get(); });
            each.from = update->after.get();
            continue;
        }
        const std::uint64_t number = each.number;
        forget(each);
        session_.reset(number, http2::error_code::refused_stream, out_);
    }
    note_output();
}

void http2_requests::abandon() {
    for (open_request& each : requests_) forget(each);
}

ilp::steady_time http2_requests::due(ilp::steady_time last_activity) const {
    // While a packet is in flight, only its own expiry counts.
    ilp::steady_time due = (awaited_ == 0 ? last_activity : loop_.now().steady) + timeouts_.idle;
    if (!session_.are_settings_confirmed()) due = std::min(due, began_at_ + timeouts_.confirmation);
    if (drained_at_ && !session_.refuses_new()) due = std::min(due, *drained_at_ + timeouts_.confirmation);
    if (const auto oldest = session_.oldest_incomplete()) due = std::min(due, *oldest + timeouts_.request);
    return due;
}

void http2_requests::time_out(ilp::steady_time last_activity) {
    const ilp::steady_time now = loop_.now().steady;
    if (!session_.are_settings_confirmed() && now >= began_at_ + timeouts_.confirmation) {
        session_.fail(http2::error_code::settings_timeout, "the settings were not confirmed", out_);
    }
    if (drained_at_ && now >= *drained_at_ + timeouts_.confirmation) session_.drain_at_once(out_);
    while (const std::uint64_t late = session_.incomplete_since(now - timeouts_.request)) {
        if (session_.has_failed()) break;
        if (place_of(late).number == late) refuse(late, http::status::request_timeout);
        session_.reset(late, http2::error_code::no_error, out_);
    }
    if (awaited_ == 0 && now >= last_activity + timeouts_.idle && !session_.has_failed()) {
        session_.drain_at_once(out_);
        is_over_ = true;
    }
    note_output();
}

}  // namespace connector
