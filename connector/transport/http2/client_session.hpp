#pragma once

#include "connector/transport/http2/session.hpp"

#include <algorithm>
#include <vector>

namespace connector::http2 {

/// The side of a connection that sends requests. Each gets one event, `message` or `reset`, unless it is given up.
class client_session final : public session {
public:
    /// Appends what a client sends first.
    explicit client_session(ilp::bytes& out);

    static constexpr std::size_t streams_max = 2000;  ///< also if the server takes more

    /// True if the other side takes another request now. It becomes true again with an event or with `needs_more`.
    bool may_open() const noexcept {
        return !has_failed() && !goaway_received_ && last_local_ < stream_id_max &&
               streams_.size() < std::min<std::size_t>(remote_streams_max_, streams_max);
    }
    /// How many requests the other side takes now.
    std::size_t room() const noexcept {
        if (!may_open()) return 0;
        const std::size_t ids_left = (stream_id_max - last_local_) / 2;
        return std::min(std::min<std::size_t>(remote_streams_max_, streams_max) - streams_.size(), ids_left);
    }
    /// Requests that may be open at a time; at least one, because a server that takes none now will do so later.
    std::size_t places() const noexcept { return std::clamp<std::size_t>(remote_streams_max_, 1, streams_max); }
    /// No further request is possible on this connection, although its open ones go on.
    bool is_leaving() const noexcept { return goaway_received_.has_value() || last_local_ >= stream_id_max; }

    /// Sends a request and returns its number. `block` has the fields, made with append_indexed() and so on.
    /// Precondition: may_open().
    std::uint64_t request(ilp::bytes_view block, ilp::bytes_view body, ilp::bytes& out);

    /// Gives a request up: no event follows. It counts as open as long as the other side is not told; that is bounded,
    /// because servers end connections with many resets.
    void give_up(std::uint64_t number, ilp::bytes& out, ilp::steady_time now);

    /// The trace id beside a response that has one. Call it with the number of its event, before more input is
    /// processed.
    const trace_id& trace_of(std::uint64_t number) const { return traces_.at(number >> 32U); }

    /// Memory for the trace ids of streams.
    std::size_t trace_memory() const noexcept { return traces_.capacity() * sizeof(trace_id); }

    /// Tells the server that no request follows, before the connection is closed.
    void leave(ilp::bytes& out) { append_goaway(out, 0, error_code::no_error, {}); }

private:
    bool take_head(std::uint32_t id, bool ends_stream, ilp::bytes_view block, ilp::bytes& out) override;
    bool take_end(stream& ended, ilp::bytes_span body, ilp::bytes& out) override;
    bool take_goaway(std::uint32_t last) override;
    void take_ping_answer(ilp::bytes_view, ilp::bytes&) override {}
    bool take_delayed() override;
    bool is_awaited(const stream& of) const noexcept override { return !of.is_dropping; }
    struct known_traced {
        std::size_t place = 0;
        trace_id trace{};
    };
    std::optional<known_traced> find_traced(ilp::bytes_view block) const;
    void keep_trace(const stream& of, const trace_id& trace);

    response_fields fields_;
    std::vector<trace_id> traces_;  ///< by the place of the stream; those of streams whose facts have one are valid
    flood_budget own_;              ///< of what we send
    std::size_t given_up_ = 0;      ///< closed streams whose answer may still come
    std::size_t look_at_ = 0;       ///< the place of the next stream to be checked against goaway_received_
    bool looks_ = false;
};

}  // namespace connector::http2
