#include "connector/transport/http2/client_session.hpp"

#include "ilp/invariant.hpp"

#include <algorithm>

namespace connector::http2 {
namespace {

constexpr unsigned interims_max = 8;  // as http_connection allows

}  // namespace

client_session::client_session(ilp::bytes& out) : session{false} {
    ilp::append(out, preface);
    append_greeting(out);
}

std::uint64_t client_session::request(ilp::bytes_view block, ilp::bytes_view body, ilp::bytes& out) {
    ilp::require(may_open(), "a stream is opened only where the other side takes one");
    last_local_ = last_local_ == 0 ? 1 : last_local_ + 2;
    stream& opened = open(last_local_);
    append_message(opened, block, body, out);
    return streams_.number_of(opened);
}

void client_session::give_up(std::uint64_t number, ilp::bytes& out, ilp::steady_time now) {
    stream* const given_up = streams_.find_number(number);
    if (given_up == nullptr || has_failed()) return;
    if (own_.take(flood::resets_sent, now)) {
        append_rst_stream(out, given_up->id, error_code::cancel);
        if (!given_up->has_head) ++given_up_;
        return close(*given_up);
    }
    drop_body(*given_up);
    given_up->is_dropping = true;
}

bool client_session::take_head(std::uint32_t id, bool ends_stream, ilp::bytes_view block, ilp::bytes& out) {
    stream* const of = streams_.find(id);
    if (of == nullptr) {
        if ((id & 1U) == 0 || id > last_local_) {
            fail(error_code::protocol_error, "HEADERS on a stream that is not open", out);
            return false;
        }
        dropped_fields ignored;
        if (!decode(block, ignored, out)) return false;
        // An answer to what was given up.
        if (given_up_ != 0) {
            --given_up_;
        } else {
            take(flood::ignored_frames, out);
        }
        return false;
    }
    if (of->has_head) return take_trailers(*of, ends_stream, block, out);
    if (const auto known = known_.find(block)) {
        of->facts = known_facts_[*known];
    } else if (const auto traced = find_traced(block)) {
        of->facts = known_facts_[traced->place];
        of->facts.has_trace = true;
        keep_trace(*of, traced->trace);
    } else {
        fields_.begin();
        if (!decode(block, fields_, out)) return false;
        fields_.end();
        if (fields_.is_malformed() || (fields_.is_interim() && ends_stream)) {
            return refuse_stream(*of, error_code::protocol_error, out);
        }
        if (fields_.is_interim()) {
            return ++of->interims > interims_max && refuse_stream(*of, error_code::enhance_your_calm, out);
        }
        of->facts = fields_.facts();
        if (of->facts.has_trace) keep_trace(*of, fields_.trace());
        // A block with a trace id does not come again.
        const auto place = !fields_.has_trace_field() && leaves_table(block) ? known_.keep(block) : std::nullopt;
        if (place) known_facts_[*place] = of->facts;
    }
    of->has_head = true;
    return ends_stream && take_body(*of, {}, true, out);
}

/// A Reject has the fields of another answer, and its trace id behind them.
std::optional<client_session::known_traced> client_session::find_traced(ilp::bytes_view block) const {
    const auto begun = known_.find_beginning(block);
    if (!begun) return {};
    const auto value = value_of_only_field(block.subspan(begun->size), trace_field);
    const auto trace = value ? trace_id::parse(*value) : std::nullopt;
    if (!trace) return {};
    return known_traced{begun->place, *trace};
}

void client_session::keep_trace(const stream& of, const trace_id& trace) {
    const auto place = static_cast<std::size_t>(streams_.number_of(of) >> 32U);
    if (place >= traces_.size()) traces_.resize(streams_.places().size());
    traces_[place] = trace;
}

bool client_session::take_end(stream& ended, ilp::bytes_span body, ilp::bytes& out) {
    event_.kind = event_kind::message;
    event_.number = streams_.number_of(ended);
    event_.status = ended.facts.status;
    event_.has_trace = ended.facts.has_trace;
    event_.accepts = ended.facts.accepts;
    event_.body = body;
    if (ended.is_blocked) send_reset(ended.id, error_code::cancel, out);  // it has answered without reading everything
    close(ended);
    return true;
}

bool client_session::take_goaway(std::uint32_t last) {
    goaway_received_ = std::min(last, goaway_received_.value_or(stream_id_max));
    look_at_ = 0;
    looks_ = true;
    return take_delayed();
}

/// Streams above the last one that the other side names have certainly not been processed (section 6.8).
bool client_session::take_delayed() {
    while (looks_ && look_at_ < streams_.places().size()) {
        stream& each = streams_.places()[look_at_++];
        if (each.id == 0 || each.id <= *goaway_received_) continue;
        const bool awaited = is_awaited(each);
        const std::uint64_t number = streams_.number_of(each);
        close(each);
        if (!awaited) continue;
        event_.kind = event_kind::reset;
        event_.number = number;
        event_.code = error_code::refused_stream;
        event_.not_processed = true;
        return true;
    }
    looks_ = false;
    return false;
}

}  // namespace connector::http2
