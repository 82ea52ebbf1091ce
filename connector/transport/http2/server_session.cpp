#include "connector/transport/http2/server_session.hpp"

#include "ilp/invariant.hpp"

#include <algorithm>
#include <utility>

namespace connector::http2 {
namespace {

/// The PING whose answer says that the client has read the first GOAWAY.
constexpr std::string_view drain_mark = "draining";

}  // namespace

bool server_session::take_delayed() {
    fields_.release();
    const stream* const ended = streams_.find_number(std::exchange(ended_with_head_, 0));
    if (ended == nullptr || ended->local_ended) return false;
    event_.kind = event_kind::message;
    event_.number = streams_.number_of(*ended);
    return true;
}

bool server_session::take_head(std::uint32_t id, bool ends_stream, ilp::bytes_view block, ilp::bytes& out) {
    if ((id & 1U) == 0) {
        fail(error_code::protocol_error, "a client's stream with an even id", out);
        return false;
    }
    if (stream* const of = streams_.find(id)) {
        if (!of->remote_ended) return take_trailers(*of, ends_stream, block, out);
        fail(error_code::stream_closed, "HEADERS behind the end of a stream", out);
        return false;
    }
    const bool is_new = id > last_remote_;
    const bool comes_too_late = goaway_sent_ && id > *goaway_sent_;
    last_remote_ = std::max(last_remote_, id);
    if (is_new && !comes_too_late && streams_.size() < streams_max && unsent() <= unsent_max) {
        return open_request(id, ends_stream, block, out);
    }
    dropped_fields ignored;
    if (!decode(block, ignored, out)) return false;
    if (is_new && !comes_too_late) {
        send_reset(id, error_code::refused_stream, out);
    } else {
        // What was on its way when a stream was closed, or when we said GOAWAY, is not answered.
        take(flood::ignored_frames, out);
    }
    return false;
}

/// A part of a packet has the fields of a whole one, and its label behind them.
std::optional<server_session::known_part> server_session::find_part(ilp::bytes_view block) const {
    const auto begun = known_.find_beginning(block);
    if (!begun) return {};
    const auto label = value_of_only_field(block.subspan(begun->size), peering::split_field);
    if (!label) return {};
    return known_part{begun->place, *label};
}

bool server_session::open_request(std::uint32_t id, bool ends_stream, ilp::bytes_view block, ilp::bytes& out) {
    head_facts facts;
    if (const auto known = known_.find(block)) {
        event_.place = *known;
        facts = known_facts_[*known];
    } else if (const auto part = find_part(block)) {
        event_.place = part->place;
        event_.split = part->label;
        facts = known_facts_[part->place];
    } else {
        fields_.begin();
        if (!decode(block, fields_, out)) return false;
        fields_.end();
        if (fields_.is_malformed()) {
            send_reset(id, error_code::protocol_error, out);
            return false;
        }
        facts = fields_.facts();
        event_.head = &fields_.head();
        event_.fault = fields_.fault();
        const auto place = !event_.fault && leaves_table(block) ? known_.keep(block) : std::nullopt;
        if (place) known_facts_[*place] = facts;
        event_.place = place.value_or(known_blocks::places);
    }
    if (ends_stream && facts.content_length != unknown_length && facts.content_length != 0) {
        send_reset(id, error_code::protocol_error, out);
        // The owner has not seen the block, so it must not be recognized.
        if (event_.head != nullptr && event_.place != known_blocks::places) known_.forget(event_.place);
        return false;
    }
    stream& opened = open(id);
    opened.has_head = true;
    opened.facts = facts;
    if (ends_stream) end_remote(opened);
    event_.kind = event_kind::head;
    event_.number = streams_.number_of(opened);
    if (ends_stream) ended_with_head_ = event_.number;
    return true;
}

bool server_session::take_end(stream& ended, ilp::bytes_span body, ilp::bytes&) {
    event_.kind = event_kind::message;
    event_.number = streams_.number_of(ended);
    event_.body = body;
    return true;
}

void server_session::answer(std::uint64_t number, ilp::bytes_view block, ilp::bytes_view body, ilp::bytes& out) {
    stream* const to = streams_.find_number(number);
    if (to == nullptr || has_failed()) return;
    ilp::require(!to->local_ended, "a request gets one answer");
    if (!to->remote_ended) {
        drop_body(*to);
        to->is_dropping = true;
    }
    append_message(*to, block, body, out);
    close_if_done(*to);
}

void server_session::answer_continue(std::uint64_t number, ilp::bytes& out) {
    ilp::bytes block;
    append_status(block, 100);
    const stream* const to = streams_.find_number(number);
    if (to != nullptr && !to->remote_ended) append_head(to->id, block, 0, out);
}

void server_session::drain(ilp::bytes& out) {
    if (goaway_sent_ || has_failed()) return;
    goaway_sent_ = stream_id_max;
    append_goaway(out, stream_id_max, error_code::no_error, {});
    append_ping(out, ilp::as_bytes(drain_mark), false);
}

void server_session::drain_at_once(ilp::bytes& out) {
    if (has_failed() || (goaway_sent_ && *goaway_sent_ != stream_id_max)) return;
    goaway_sent_ = last_remote_;
    append_goaway(out, last_remote_, error_code::no_error, {});
}

void server_session::take_ping_answer(ilp::bytes_view octets, ilp::bytes& out) {
    if (goaway_sent_ && ilp::as_text(octets) == drain_mark) drain_at_once(out);
}

std::optional<ilp::steady_time> server_session::oldest_incomplete() const noexcept {
    std::optional<ilp::steady_time> oldest;
    if (!has_incomplete()) return oldest;
    for (const stream& each : streams_.places()) {
        if (each.id == 0 || each.remote_ended) continue;
        if (!oldest || each.began_at < *oldest) oldest = each.began_at;
    }
    return oldest;
}

std::uint64_t server_session::incomplete_since(ilp::steady_time time) const noexcept {
    const auto found = std::ranges::find_if(streams_.places(), [time](const stream& each) {
        return each.id != 0 && !each.remote_ended && each.began_at <= time;
    });
    return found == streams_.places().end() ? 0 : streams_.number_of(*found);
}

}  // namespace connector::http2
