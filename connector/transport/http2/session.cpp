#include "connector/transport/http2/session.hpp"

#include "connector/transport/http2/server_session.hpp"
#include "ilp/invariant.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace connector::http2 {
namespace {

constexpr unsigned continuations_max = 16;
constexpr std::size_t spare_buffers_max = 4;
constexpr std::size_t spare_capacity_max = 4096;
constexpr std::size_t unsent_kept_max = 4096;  ///< what of a body that has been sent may be kept with the rest
/// Bytes of a body that nobody wants, after which its sender is told to stop. Most bodies end before.
constexpr std::size_t dropped_max = 16 * 1024;
/// Padding that was received, but not given back to the window of its stream.
constexpr std::uint32_t padding_max = 16 * 1024;

/// Removes the padding of a DATA or HEADERS frame. Returns null, or why that is not possible.
const char* remove_padding(const frame_head& head, ilp::bytes_span& payload) noexcept {
    if (!head.has(flag::padded)) return nullptr;
    if (payload.empty()) return "a padded frame without the length of its padding";
    const std::size_t padding = payload.front();
    payload = payload.subspan(1);
    if (padding > payload.size()) return "padding that is longer than its frame";
    payload = payload.first(payload.size() - padding);
    return nullptr;
}

}  // namespace

const event& session::next(ilp::bytes_span input, ilp::bytes& out, ilp::steady_time now) {
    now_ = now;
    event_ = {};
    keep_spare(whole_body_);
    if (failure_ == nullptr && take_delayed()) return event_;
    unsigned frames = 0;
    while (failure_ == nullptr) {
        const ilp::bytes_span rest = input.subspan(event_.consumed);
        if (is_server_ && !preface_taken_) {
            const std::size_t have = std::min(rest.size(), preface.size());
            if (ilp::as_text(rest.first(have)) != preface.substr(0, have)) {
                fail(error_code::protocol_error, "the connection does not begin with the preface of HTTP/2", out);
                break;
            }
            event_.wanted = preface.size() - have;
            if (event_.wanted != 0) return event_;
            event_.consumed += have;
            preface_taken_ = true;
            continue;
        }
        if (rest.size() < frame_head_size) {
            event_.wanted = frame_head_size - rest.size();
            return event_;
        }
        const frame_head head = read_frame_head(rest.data());
        if (head.size > frame_size_default) {
            fail(error_code::frame_size_error, "a frame is larger than announced", out);
            break;
        }
        if (!settings_taken_ && (head.type != frame_type::settings || head.has(flag::ack))) {
            fail(error_code::protocol_error, "the first frame is not SETTINGS", out);
            break;
        }
        const std::size_t size = frame_head_size + head.size;
        if (rest.size() < size) {
            event_.wanted = size - rest.size();
            return event_;
        }
        if (++frames > frames_at_once) {
            event_.kind = event_kind::pause;
            return event_;
        }
        event_.consumed += size;
        if (take_frame(head, rest.subspan(frame_head_size, head.size), rest.subspan(size), out)) return event_;
        event_ = {.consumed = event_.consumed};
    }
    event_ = {.kind = event_kind::failed, .consumed = input.size(), .code = failure_code_, .by_us = true};
    return event_;
}

bool session::take_frame(const frame_head& head, ilp::bytes_span payload, ilp::bytes_span rest, ilp::bytes& out) {
    if (open_head_.stream != 0 && (head.type != frame_type::continuation || head.stream != open_head_.stream)) {
        fail(error_code::protocol_error, "another frame inside a header block", out);
        return false;
    }
    switch (head.type) {
        case frame_type::data:
            return take_data(head, payload, rest, out);
        case frame_type::headers:
            return take_headers(head, payload, out);
        case frame_type::continuation:
            return take_continuation(head, payload, out);
        case frame_type::rst_stream:
            return take_rst_stream(head, payload, out);
        case frame_type::window_update:
            return take_window_update(head, payload, out);
        case frame_type::goaway:
            return take_goaway_frame(head, payload, out);
        case frame_type::settings:
            take_settings(head, payload, out);
            return false;
        case frame_type::ping:
            take_ping(head, payload, out);
            return false;
        case frame_type::push_promise:  // a client may not send it, and as a client we have forbidden it
            fail(error_code::protocol_error, "PUSH_PROMISE", out);
            return false;
        case frame_type::priority:
            if (head.stream == 0) fail(error_code::protocol_error, "PRIORITY without a stream", out);
            if (head.size != 5) fail(error_code::frame_size_error, "the size of a PRIORITY frame", out);
            break;
    }
    take(flood::ignored_frames, out);  // other types belong to extensions (section 5.5)
    return false;
}

bool session::take_data(const frame_head& head, ilp::bytes_span payload, ilp::bytes_span rest, ilp::bytes& out) {
    if (is_idle(head.stream)) {
        fail(error_code::protocol_error, "DATA on a stream that is not open", out);
        return false;
    }
    receive_window_ -= head.size;
    if (receive_window_ < 0) {
        fail(error_code::flow_control_error, "more DATA than the window of the connection allows", out);
        return false;
    }
    give_back_window(head.size, out);
    stream* const to = streams_.find(head.stream);
    if (to != nullptr && to->remote_ended) {
        fail(error_code::stream_closed, "DATA behind the end of a stream", out);
        return false;
    }
    const char* const problem = remove_padding(head, payload);
    bool ends = head.has(flag::end_stream);
    if (!ends && payload.empty() && !take(flood::empty_data, out)) return false;
    if (to == nullptr) return false;  // it was on its way when the stream was closed
    if (problem != nullptr) {
        fail(error_code::protocol_error, problem, out);
        return false;
    }
    if (!to->has_head) return refuse_stream(*to, error_code::protocol_error, out);
    to->receive_window -= head.size;
    if (to->receive_window < 0) return refuse_stream(*to, error_code::flow_control_error, out);
    to->padding += head.size - static_cast<std::uint32_t>(payload.size());
    if (to->padding >= padding_max && !ends) {
        append_window_update(out, to->id, to->padding);
        to->receive_window += std::exchange(to->padding, 0);
    }
    // Many clients end a stream with an empty frame behind the one with the body, which then need not be copied.
    if (!ends && to->received == 0 && rest.size() >= frame_head_size) {
        const frame_head next = read_frame_head(rest.data());
        if (next.type == frame_type::data && next.size == 0 && next.flags == flag::end_stream &&
            next.stream == to->id) {
            event_.consumed += frame_head_size;
            ends = true;
        }
    }
    return take_body(*to, payload, ends, out);
}

bool session::take_body(stream& to, ilp::bytes_span data, bool ends, ilp::bytes& out) {
    to.received += data.size();
    const std::size_t announced = to.facts.content_length;
    if (announced != unknown_length && (to.received > announced || (ends && to.received != announced))) {
        return refuse_stream(to, error_code::protocol_error, out);
    }
    if (to.is_dropping) {
        if (ends) {
            end_remote(to);
            if (is_server_) {
                close_if_done(to);
            } else {
                close(to);
            }
        } else if (to.received > dropped_max && to.unsent.empty()) {
            send_reset(to.id, is_server_ ? error_code::no_error : error_code::cancel, out);
            close(to);
        }
        return false;
    }
    if (to.received > http::body_size_max) {
        event_.kind = event_kind::message;
        event_.number = streams_.number_of(to);
        event_.status = to.facts.status;
        event_.is_too_large = true;
        drop_body(to);
        to.is_dropping = true;
        if (ends) end_remote(to);
        if (!is_server_) {
            if (!ends) send_reset(to.id, error_code::cancel, out);
            close(to);
        }
        return true;
    }
    if (ends) {
        end_remote(to);
        if (to.body.empty()) return take_end(to, data, out);
        ilp::append(to.body, data);
        partly_received_ -= to.body.size() - data.size();
        whole_body_ = std::exchange(to.body, {});
        return take_end(to, whole_body_, out);
    }
    if (data.empty()) return false;
    if (partly_received_ + data.size() > partly_received_max) {
        return refuse_stream(to, is_server_ ? error_code::refused_stream : error_code::cancel, out);
    }
    if (to.body.capacity() == 0) to.body = spare();
    ilp::append(to.body, data);
    partly_received_ += data.size();
    return false;
}

void session::drop_body(stream& of) {
    partly_received_ -= of.body.size();
    keep_spare(of.body);
}

bool session::take_headers(const frame_head& head, ilp::bytes_span payload, ilp::bytes& out) {
    constexpr std::size_t priority_size = 5;
    if (head.stream == 0) {
        fail(error_code::protocol_error, "HEADERS without a stream", out);
        return false;
    }
    if (const char* const problem = remove_padding(head, payload)) {
        fail(error_code::protocol_error, problem, out);
        return false;
    }
    if (head.has(flag::priority)) {
        if (payload.size() < priority_size) {
            fail(error_code::frame_size_error, "HEADERS that are too short for their priority", out);
            return false;
        }
        payload = payload.subspan(priority_size);
    }
    if (head.has(flag::end_headers)) return take_head(head.stream, head.has(flag::end_stream), payload, out);
    open_head_ = {.stream = head.stream,
                  .ends_stream = head.has(flag::end_stream),
                  .block = ilp::bytes{payload.begin(), payload.end()}};
    return false;
}

bool session::take_continuation(const frame_head& head, ilp::bytes_span payload, ilp::bytes& out) {
    if (open_head_.stream == 0) {
        fail(error_code::protocol_error, "CONTINUATION without HEADERS", out);
        return false;
    }
    if (++open_head_.continuations > continuations_max ||
        open_head_.block.size() + payload.size() > head_block_size_max) {
        fail_of(flood::header_blocks, "a header block is too long", out);
        return false;
    }
    ilp::append(open_head_.block, payload);
    if (!head.has(flag::end_headers)) return false;
    const open_head whole = std::exchange(open_head_, {});
    return take_head(whole.stream, whole.ends_stream, whole.block, out);
}

bool session::decode(ilp::bytes_view block, field_sink& sink, ilp::bytes& out) {
    if (!leaves_table(block)) known_.forget_all();
    switch (decoder_.decode(block, sink)) {
        case head_decoder::outcome::decoded:
            return true;
        case head_decoder::outcome::malformed:
            fail(error_code::compression_error, "a header block cannot be decoded", out);
            return false;
        case head_decoder::outcome::too_large:
            fail_of(flood::header_blocks, "a header block is too large", out);
            return false;
    }
    return false;
}

bool session::take_trailers(stream& of, bool ends_stream, ilp::bytes_view block, ilp::bytes& out) {
    trailer_fields fields;
    if (!decode(block, fields, out)) return false;
    if (!ends_stream || fields.is_malformed()) return refuse_stream(of, error_code::protocol_error, out);
    return take_body(of, {}, true, out);
}

bool session::take_rst_stream(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out) {
    if (head.size != 4) {
        fail(error_code::frame_size_error, "the size of a RST_STREAM frame", out);
        return false;
    }
    if (is_idle(head.stream)) {
        fail(error_code::protocol_error, "RST_STREAM on a stream that is not open", out);
        return false;
    }
    if (!take(flood::resets_received, out)) return false;
    stream* const ended = streams_.find(head.stream);
    if (ended == nullptr) return false;
    const bool awaited = is_awaited(*ended);
    event_.kind = event_kind::reset;
    event_.number = streams_.number_of(*ended);
    event_.code = error_code{read_32(payload.data())};
    event_.not_processed = event_.code == error_code::refused_stream;
    close(*ended);
    return awaited;
}

bool session::take_window_update(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out) {
    if (head.size != 4) {
        fail(error_code::frame_size_error, "the size of a WINDOW_UPDATE frame", out);
        return false;
    }
    if (!take(flood::window_updates, out)) return false;
    const std::int64_t increment = read_32(payload.data()) & window_max;
    if (head.stream == 0) {
        if (increment == 0) {
            fail(error_code::protocol_error, "WINDOW_UPDATE by nothing", out);
        } else if (send_window_ + increment > window_max) {
            fail(error_code::flow_control_error, "the window of the connection is too large", out);
        } else {
            send_window_ += increment;
            send_all_unsent(out);
        }
        return false;
    }
    if (is_idle(head.stream)) {
        fail(error_code::protocol_error, "WINDOW_UPDATE on a stream that is not open", out);
        return false;
    }
    stream* const of = streams_.find(head.stream);
    if (of == nullptr) return false;
    if (increment == 0) return refuse_stream(*of, error_code::protocol_error, out);
    if (of->send_window + increment > window_max) return refuse_stream(*of, error_code::flow_control_error, out);
    of->send_window += increment;
    if (of->is_blocked) send_unsent(*of, out);
    return false;
}

void session::take_settings(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out) {
    constexpr std::size_t entry_size = 6;
    if (head.stream != 0) return fail(error_code::protocol_error, "SETTINGS on a stream", out);
    if (head.has(flag::ack)) {
        if (head.size != 0) return fail(error_code::frame_size_error, "SETTINGS that confirm and set", out);
        settings_confirmed_ = take(flood::ignored_frames, out);
        return;
    }
    if (head.size % entry_size != 0) return fail(error_code::frame_size_error, "the size of a SETTINGS frame", out);
    if (!take(flood::settings, out)) return;
    if (!std::exchange(settings_taken_, true)) remote_streams_max_ = stream_id_max;  // there is no bound by default
    std::optional<std::uint32_t> window;
    for (; !payload.empty(); payload = payload.subspan(entry_size)) {
        const std::uint32_t value = read_32(payload.data() + 2);
        switch (setting{read_16(payload.data())}) {
            case setting::header_table_size:
                must_announce_table_ = true;
                break;
            case setting::enable_push:
                if (value > 1 || (value == 1 && !is_server_)) {
                    return fail(error_code::protocol_error, "the value of SETTINGS_ENABLE_PUSH", out);
                }
                break;
            case setting::max_concurrent_streams:
                remote_streams_max_ = value;
                break;
            case setting::initial_window_size:
                if (value > window_max) {
                    return fail(error_code::flow_control_error, "the value of SETTINGS_INITIAL_WINDOW_SIZE", out);
                }
                window = value;
                break;
            case setting::max_frame_size:
                if (value < frame_size_default || value > 0xff'ffff) {
                    return fail(error_code::protocol_error, "the value of SETTINGS_MAX_FRAME_SIZE", out);
                }
                break;  // we send no frame above the smallest value
            case setting::max_header_list_size:
                break;
        }
    }
    append_frame_head(out, {.type = frame_type::settings, .flags = flag::ack});
    if (window) take_window_setting(*window, out);
}

/// The setting changes the windows of open streams, too, and may make them negative (section 6.9.2).
void session::take_window_setting(std::uint32_t window, ilp::bytes& out) {
    const std::int64_t change = std::int64_t{window} - remote_window_;
    remote_window_ = window;
    if (change == 0) return;
    for (stream& each : streams_.places()) {
        if (each.id == 0) continue;
        each.send_window += change;
        if (each.send_window > window_max) {
            return fail(error_code::flow_control_error, "SETTINGS_INITIAL_WINDOW_SIZE makes a window too large", out);
        }
    }
    if (change > 0) send_all_unsent(out);
}

void session::take_ping(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out) {
    if (head.stream != 0) return fail(error_code::protocol_error, "PING on a stream", out);
    if (head.size != 8) return fail(error_code::frame_size_error, "the size of a PING frame", out);
    if (!take(flood::pings, out)) return;
    if (head.has(flag::ack)) return take_ping_answer(payload, out);
    append_ping(out, payload, true);
}

bool session::take_goaway_frame(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out) {
    if (head.stream != 0) {
        fail(error_code::protocol_error, "GOAWAY on a stream", out);
        return false;
    }
    if (head.size < 8) {
        fail(error_code::frame_size_error, "the size of a GOAWAY frame", out);
        return false;
    }
    if (!take(flood::settings, out)) return false;
    return take_goaway(read_32(payload.data()) & stream_id_max);
}

bool session::is_idle(std::uint32_t id) const noexcept {
    const bool is_of_client = (id & 1U) != 0;
    return !is_of_client || id > (is_server_ ? last_remote_ : last_local_);
}

void session::give_back_window(std::size_t size, ilp::bytes& out) {
    to_give_back_ += size;
    if (to_give_back_ < connection_window / 2) return;
    append_window_update(out, 0, static_cast<std::uint32_t>(to_give_back_));
    receive_window_ += static_cast<std::int64_t>(std::exchange(to_give_back_, 0));
}

stream& session::open(std::uint32_t id) {
    stream& opened = streams_.open(id);
    opened.send_window = remote_window_;
    opened.receive_window = stream_window;
    opened.began_at = now_;
    ++incomplete_;
    return opened;
}

void session::close_if_done(stream& done) {
    if (done.remote_ended && done.local_ended && !done.is_blocked) close(done);
}

void session::close(stream& closed) {
    if (!closed.remote_ended) --incomplete_;
    unsent_ -= closed.unsent.size() - closed.unsent_at;
    unsent_memory_ -= closed.unsent.capacity();
    keep_spare(closed.unsent);
    drop_body(closed);
    streams_.close(closed);
}

void session::reset(std::uint64_t number, error_code code, ilp::bytes& out) {
    stream* const ended = streams_.find_number(number);
    if (ended == nullptr || has_failed()) return;
    send_reset(ended->id, code, out);
    close(*ended);
}

bool session::refuse_stream(stream& broken, error_code code, ilp::bytes& out) {
    const bool awaited = is_awaited(broken);
    event_.kind = event_kind::reset;
    event_.number = streams_.number_of(broken);
    event_.code = code;
    event_.by_us = true;
    send_reset(broken.id, code, out);
    close(broken);
    return awaited;
}

void session::send_reset(std::uint32_t id, error_code code, ilp::bytes& out) {
    if (take(flood::resets_sent, out)) append_rst_stream(out, id, code);
}

bool session::take(flood kind, ilp::bytes& out) {
    if (budget_.take(kind, now_)) return true;
    fail_of(kind, "too many frames of a kind that costs nothing to send", out);
    return false;
}

void session::fail_of(flood kind, const char* why, ilp::bytes& out) {
    if (failure_ == nullptr) flooded_by_ = kind;
    fail(error_code::enhance_your_calm, why, out);
}

void session::fail(error_code code, const char* why, ilp::bytes& out) {
    if (failure_ != nullptr) return;
    failure_ = why;
    failure_code_ = code;
    append_goaway(out, std::min(last_remote_, goaway_sent_.value_or(stream_id_max)), code, why);
}

void session::append_greeting(ilp::bytes& out) {
    const std::size_t at = out.size();
    append_frame_head(out, {.type = frame_type::settings});
    if (is_server_) {
        append_setting(out, setting::max_concurrent_streams, server_session::streams_max);
    } else {
        append_setting(out, setting::enable_push, 0);
    }
    append_setting(out, setting::initial_window_size, stream_window);
    append_setting(out, setting::max_header_list_size, field_list_size_max);
    out[at + 2] = static_cast<ilp::octet>(out.size() - at - frame_head_size);
    append_window_update(out, 0, connection_window - static_cast<std::uint32_t>(window_default));
}

void session::append_head(std::uint32_t id, ilp::bytes_view block, std::uint8_t flags, ilp::bytes& out) {
    const std::size_t prefix = std::exchange(must_announce_table_, false) ? 1 : 0;
    const std::size_t first = std::min(block.size(), frame_size_default - prefix);
    if (first == block.size()) flags |= flag::end_headers;
    append_frame_head(out, {.size = static_cast<std::uint32_t>(prefix + first),
                            .type = frame_type::headers,
                            .flags = flags,
                            .stream = id});
    if (prefix != 0) out.push_back(table_size_zero);
    ilp::append(out, block.first(first));
    for (block = block.subspan(first); !block.empty();) {
        const std::size_t size = std::min<std::size_t>(block.size(), frame_size_default);
        append_frame_head(out, {.size = static_cast<std::uint32_t>(size),
                                .type = frame_type::continuation,
                                .flags = size == block.size() ? flag::end_headers : std::uint8_t{0},
                                .stream = id});
        ilp::append(out, block.first(size));
        block = block.subspan(size);
    }
}

void session::append_message(stream& to, ilp::bytes_view block, ilp::bytes_view body, ilp::bytes& out) {
    to.local_ended = true;
    append_head(to.id, block, body.empty() ? flag::end_stream : std::uint8_t{0}, out);
    body = body.subspan(append_data(to, body, out));
    if (body.empty()) return;
    to.unsent = spare();
    ilp::append(to.unsent, body);
    unsent_memory_ += to.unsent.capacity();
    to.is_blocked = true;
    unsent_ += body.size();
    if (blocked_.size() > 2 * streams_.size() + 8) send_all_unsent(out);  // removes those that are not blocked any more
    blocked_.push_back(streams_.number_of(to));
}

/// Appends what the windows allow, and returns its size. The last frame ends the stream.
std::size_t session::append_data(stream& to, ilp::bytes_view data, ilp::bytes& out) {
    std::size_t sent = 0;
    while (sent != data.size()) {
        const std::int64_t allowed = std::min({send_window_, to.send_window, std::int64_t{frame_size_default}});
        if (allowed <= 0) break;
        const std::size_t size = std::min(data.size() - sent, static_cast<std::size_t>(allowed));
        const bool is_last = sent + size == data.size();
        append_frame_head(out, {.size = static_cast<std::uint32_t>(size),
                                .type = frame_type::data,
                                .flags = is_last ? flag::end_stream : std::uint8_t{0},
                                .stream = to.id});
        ilp::append(out, data.subspan(sent, size));
        send_window_ -= static_cast<std::int64_t>(size);
        to.send_window -= static_cast<std::int64_t>(size);
        sent += size;
        budget_.give_back(flood::window_updates, 2);  // one for the stream, one for the connection
    }
    return sent;
}

void session::send_unsent(stream& to, ilp::bytes& out) {
    const std::size_t sent = append_data(to, ilp::bytes_view{to.unsent}.subspan(to.unsent_at), out);
    to.unsent_at += sent;
    unsent_ -= sent;
    if (to.unsent_at != to.unsent.size()) {
        // A window that is one byte short must not keep the memory of all that was sent.
        if (to.unsent_at < unsent_kept_max || to.unsent_at < to.unsent.size() / 2) return;
        unsent_memory_ -= to.unsent.capacity();
        to.unsent = ilp::bytes(to.unsent.begin() + static_cast<std::ptrdiff_t>(to.unsent_at), to.unsent.end());
        unsent_memory_ += to.unsent.capacity();
        to.unsent_at = 0;
        return;
    }
    unsent_memory_ -= to.unsent.capacity();
    keep_spare(to.unsent);
    to.unsent_at = 0;
    to.is_blocked = false;
    close_if_done(to);
}

void session::send_all_unsent(ilp::bytes& out) {
    std::size_t kept = 0;
    for (const std::uint64_t number : blocked_) {
        if (stream* const each = streams_.find_number(number); each != nullptr && each->is_blocked) {
            send_unsent(*each, out);
        }
        const stream* const left = streams_.find_number(number);
        if (left != nullptr && left->is_blocked) blocked_[kept++] = number;
    }
    blocked_.resize(kept);
}

ilp::bytes session::spare() {
    if (spare_.empty()) return {};
    ilp::bytes taken = std::move(spare_.back());
    spare_.pop_back();
    return taken;
}

/// Empties the buffer, and keeps its memory if it is small.
void session::keep_spare_memory(ilp::bytes& used) {
    if (used.capacity() <= spare_capacity_max && spare_.size() < spare_buffers_max) {
        used.clear();
        spare_.push_back(std::move(used));
    }
    used = ilp::bytes{};
}

}  // namespace connector::http2
