#pragma once

#include "connector/transport/http2/flood_budget.hpp"
#include "connector/transport/http2/frame.hpp"
#include "connector/transport/http2/head_block.hpp"
#include "connector/transport/http2/message_head.hpp"
#include "connector/transport/http2/stream_table.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace connector::http2 {

enum class event_kind : std::uint8_t {
    needs_more,  ///< all complete frames have been processed
    pause,       ///< many frames have been processed that caused no event; others may have their turn before the rest
    head,        ///< server: a request has begun; answer it, drop it, or await its message
    message,     ///< a request or response is complete
    reset,       ///< an exchange of which the owner knows has ended without a message from the other side
    failed,      ///< the connection is to be closed once the output has been sent
};

struct event {
    event_kind kind = event_kind::needs_more;
    /// Bytes of the input that were processed. Views into the input are valid until it is consumed.
    std::size_t consumed = 0;
    /// needs_more: further bytes without which nothing can be done.
    std::size_t wanted = 1;
    /// Of the stream. It is unique within the session, and the upper half is a small number that streams share one
    /// after the other.
    std::uint64_t number = 0;

    /// head: the fields, unless the block is a known one. Valid until the next call.
    const http::request_head* head = nullptr;
    /// head: the value of `ilp-split`, behind a known block.
    std::string_view split{};
    /// head: the place where the owner keeps the meaning of the block; known_blocks::places if it is not kept.
    std::size_t place = known_blocks::places;
    /// head: the status to answer with, whatever the request is.
    std::optional<http::status> fault{};

    /// message: it may be changed in place, and is valid until the input is consumed or the next call.
    ilp::bytes_span body{};
    bool is_too_large = false;       ///< message of a response: the body was longer than any packet, and is not here
    unsigned status = 0;             ///< message of a response
    bool has_trace = false;          ///< message of a response: see client_session::trace_of()
    peering::split_terms accepts{};  ///< message of a response: see head_facts

    /// reset, failed: why.
    error_code code = error_code::no_error;
    bool by_us = false;          ///< reset: because of what the other side sent
    bool not_processed = false;  ///< reset: the other side has certainly not processed the request
};

/// What both sides of a connection have in common: framing, flow control, and the bounds on what the other side may
/// cause. Bytes are given to next(), and everything that is to be sent is appended to a buffer of the caller. It uses
/// no clock of its own, and allocates nothing while messages come in single frames and windows are open.
class session {
public:
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Processes the input up to the next event, which is valid until the next call, but no more than
    /// `frames_at_once` frames. Call it again, after consuming, until it says `needs_more` or `failed`.
    const event& next(ilp::bytes_span input, ilp::bytes& out, ilp::steady_time now);

    /// Ends a stream without a message, and tells the other side. No event follows.
    void reset(std::uint64_t number, error_code code, ilp::bytes& out);

    /// Ends the connection with an error of ours, such as settings_timeout.
    void fail(error_code code, const char* why, ilp::bytes& out);

    bool has_failed() const noexcept { return failure_ != nullptr; }
    /// Why; for the log. It contains nothing that the other side has sent.
    std::string_view failure() const noexcept { return failure_ == nullptr ? "" : failure_; }
    /// True once the first SETTINGS of the other side have come: it speaks HTTP/2.
    bool has_settings() const noexcept { return settings_taken_; }
    /// True once the other side has confirmed our settings, which it must do in reasonable time.
    bool are_settings_confirmed() const noexcept { return settings_confirmed_; }
    /// The budget that the other side has used up, of something that costs it nothing; the connection has failed then.
    std::optional<flood> flooded_by() const noexcept { return flooded_by_; }

    std::size_t open_streams() const noexcept { return streams_.size(); }
    /// True if the other side has not ended each of them.
    bool has_incomplete() const noexcept { return incomplete_ != 0; }
    /// Bytes that are kept because windows do not allow them to be sent yet, the memory that they take, and the bytes
    /// of bodies that are not complete.
    std::size_t unsent() const noexcept { return unsent_; }
    std::size_t unsent_memory() const noexcept { return unsent_memory_; }
    std::size_t partly_received() const noexcept { return partly_received_; }
    /// Bytes that are taken for streams, also after many were open.
    std::size_t table_memory() const noexcept {
        return streams_.memory() + blocked_.capacity() * sizeof(std::uint64_t);
    }

    static constexpr unsigned frames_at_once = 256;
    /// The window that the other side has for each body. A longer one can be recognized before it stalls.
    static constexpr std::uint32_t stream_window = http::body_size_max + 1;
    static constexpr std::uint32_t connection_window = 1024 * 1024;
    /// Bytes of bodies that are not complete; a stream that would exceed it is refused.
    static constexpr std::size_t partly_received_max = connection_window;

protected:
    explicit session(bool is_server) noexcept : is_server_{is_server} {}
    ~session() = default;

    /// Appends our settings and the window of the connection.
    void append_greeting(ilp::bytes& out);

    stream& open(std::uint32_t id);
    void end_remote(stream& of) noexcept {
        of.remote_ended = true;
        --incomplete_;
    }
    /// Closes it if both sides have ended it and everything is sent.
    void close_if_done(stream& done);
    void close(stream& closed);

    /// Appends the HEADERS of a message and its body, as far as the windows allow. An empty body ends with the HEADERS.
    void append_message(stream& to, ilp::bytes_view block, ilp::bytes_view body, ilp::bytes& out);
    void append_head(std::uint32_t id, ilp::bytes_view block, std::uint8_t flags, ilp::bytes& out);

    /// Decodes a block that is not a known one. Returns false if the connection has failed.
    bool decode(ilp::bytes_view block, field_sink& sink, ilp::bytes& out);
    bool take_trailers(stream& of, bool ends_stream, ilp::bytes_view block, ilp::bytes& out);
    /// More of a body, perhaps its end.
    bool take_body(stream& to, ilp::bytes_span data, bool ends, ilp::bytes& out);
    void drop_body(stream& of);
    /// A stream error (RFC 9113 section 5.4.2).
    bool refuse_stream(stream& broken, error_code code, ilp::bytes& out);
    void send_reset(std::uint32_t id, error_code code, ilp::bytes& out);
    bool take(flood kind, ilp::bytes& out);
    void fail_of(flood kind, const char* why, ilp::bytes& out);

    const bool is_server_;
    stream_table streams_;
    known_blocks known_;
    std::array<head_facts, known_blocks::places> known_facts_{};
    event event_;  ///< made by next(); a copy would have to wait until its parts have been written
    ilp::steady_time now_;
    std::uint32_t last_remote_ = 0;  ///< the highest id of a stream that the other side has opened
    std::uint32_t last_local_ = 0;
    std::uint32_t remote_streams_max_ = 100;        ///< until the other side announces another number
    std::optional<std::uint32_t> goaway_sent_;      ///< the last id that it named
    std::optional<std::uint32_t> goaway_received_;  ///< likewise

private:
    struct open_head {
        std::uint32_t stream = 0;  ///< 0: none
        bool ends_stream = false;
        unsigned continuations = 0;
        ilp::bytes block{};
    };

    // Each of the functions that return a bool returns true if event_ is to be given to the owner.

    /// A complete head block.
    virtual bool take_head(std::uint32_t id, bool ends_stream, ilp::bytes_view block, ilp::bytes& out) = 0;
    /// The other side has sent everything.
    virtual bool take_end(stream& ended, ilp::bytes_span body, ilp::bytes& out) = 0;
    virtual bool take_goaway(std::uint32_t last) = 0;
    virtual void take_ping_answer(ilp::bytes_view octets, ilp::bytes& out) = 0;
    /// Events that were caused by earlier input. If there is none, event_ stays as it was.
    virtual bool take_delayed() = 0;
    /// The owner has been told of the stream, and awaits a message or has to answer.
    virtual bool is_awaited(const stream& of) const noexcept = 0;

    bool take_frame(const frame_head& head, ilp::bytes_span payload, ilp::bytes_span rest, ilp::bytes& out);
    bool take_data(const frame_head& head, ilp::bytes_span payload, ilp::bytes_span rest, ilp::bytes& out);
    bool take_headers(const frame_head& head, ilp::bytes_span payload, ilp::bytes& out);
    bool take_continuation(const frame_head& head, ilp::bytes_span payload, ilp::bytes& out);
    bool take_rst_stream(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out);
    bool take_window_update(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out);
    void take_settings(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out);
    void take_window_setting(std::uint32_t window, ilp::bytes& out);
    void take_ping(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out);
    bool take_goaway_frame(const frame_head& head, ilp::bytes_view payload, ilp::bytes& out);
    bool is_idle(std::uint32_t id) const noexcept;
    void give_back_window(std::size_t size, ilp::bytes& out);
    std::size_t append_data(stream& to, ilp::bytes_view data, ilp::bytes& out);
    void send_unsent(stream& to, ilp::bytes& out);
    void send_all_unsent(ilp::bytes& out);
    ilp::bytes spare();
    /// Most bodies come in one piece, and most messages are sent at once, so there is seldom a buffer.
    void keep_spare(ilp::bytes& used) {
        if (used.capacity() != 0) [[unlikely]]
            keep_spare_memory(used);
    }
    void keep_spare_memory(ilp::bytes& used);

    head_decoder decoder_;
    flood_budget budget_;
    open_head open_head_;
    ilp::bytes whole_body_;          ///< of the last message that came in pieces
    std::vector<ilp::bytes> spare_;  ///< buffers for bodies in pieces
    std::vector<std::uint64_t> blocked_;
    std::size_t incomplete_ = 0;  ///< streams that the other side has not ended
    std::size_t unsent_ = 0;
    std::size_t unsent_memory_ = 0;
    std::size_t partly_received_ = 0;
    std::int64_t send_window_ = window_default;
    std::int64_t receive_window_ = connection_window;
    std::size_t to_give_back_ = 0;                 ///< bytes received and not yet given back to the connection's window
    std::int64_t remote_window_ = window_default;  ///< for new streams
    std::uint32_t remote_frame_size_ = frame_size_default;
    const char* failure_ = nullptr;
    std::optional<flood> flooded_by_;
    error_code failure_code_ = error_code::no_error;
    bool preface_taken_ = false;
    bool settings_taken_ = false;
    bool settings_confirmed_ = false;
    bool must_announce_table_ = true;
};

}  // namespace connector::http2
