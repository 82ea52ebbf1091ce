#pragma once

#include "connector/transport/http2/session.hpp"

namespace connector::http2 {

/// The side of a connection that gets requests. For each there is an event `head`, after which the owner answers at
/// once, or awaits the event `message` and then answers, at any time and in any order.
class server_session final : public session {
public:
    /// Streams that a client may have open at a time.
    static constexpr std::uint32_t streams_max = 1000;
    /// While more bytes than these cannot be sent, because the client opens no window, further requests are refused.
    static constexpr std::size_t unsent_max = 1024 * 1024;

    /// Appends what a server sends first.
    explicit server_session(ilp::bytes& out) : session{true} { append_greeting(out); }

    /// Answers a request. `block` has the fields, made with append_status() and so on. If the request is not complete,
    /// the rest of it is dropped.
    void answer(std::uint64_t number, ilp::bytes_view block, ilp::bytes_view body, ilp::bytes& out);

    /// Sends the interim response 100, for which the client of this request waits.
    void answer_continue(std::uint64_t number, ilp::bytes& out);

    /// Forgets what blocks mean: the owner's meanings are not valid any more.
    void forget_known() noexcept { known_.forget_all(); }
    void forget_known(std::size_t place) noexcept { known_.forget(place); }

    /// Tells the client to open no further streams. Those that it has opened until it learns of that are taken.
    void drain(ilp::bytes& out);
    /// Refuses streams that are opened from now on. A client may send them again on another connection.
    void drain_at_once(ilp::bytes& out);
    /// Streams that are opened now are refused.
    bool refuses_new() const noexcept { return goaway_sent_ && *goaway_sent_ != stream_id_max; }
    /// No request is open, and none will come.
    bool is_drained() const noexcept { return refuses_new() && streams_.size() == 0; }

    /// When the oldest request began that is not complete.
    std::optional<ilp::steady_time> oldest_incomplete() const noexcept;
    /// The number of a request that is not complete and began no later than this; 0 if there is none.
    std::uint64_t incomplete_since(ilp::steady_time time) const noexcept;

private:
    bool take_head(std::uint32_t id, bool ends_stream, ilp::bytes_view block, ilp::bytes& out) override;
    bool take_end(stream& ended, ilp::bytes_span body, ilp::bytes& out) override;
    bool take_goaway(std::uint32_t) override { return false; }
    void take_ping_answer(ilp::bytes_view octets, ilp::bytes& out) override;
    bool take_delayed() override;
    bool is_awaited(const stream& of) const noexcept override { return of.has_head && !of.local_ended; }
    struct known_part {
        std::size_t place = 0;
        std::string_view label;
    };
    std::optional<known_part> find_part(ilp::bytes_view block) const;
    bool open_request(std::uint32_t id, bool ends_stream, ilp::bytes_view block, ilp::bytes& out);

    request_fields fields_;
    std::uint64_t ended_with_head_ = 0;  ///< the request whose message follows its head at once
};

}  // namespace connector::http2
