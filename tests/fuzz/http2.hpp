#pragma once

#include "connector/transport/http2/client_session.hpp"
#include "connector/transport/http2/server_session.hpp"
#include "tests/fuzz/property.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Code shared by the two targets for HTTP/2 sessions.
namespace fuzz {

/// Everything that a session told and sent, for comparison.
struct http2_record {
    std::string told;
    ilp::bytes sent;
    bool operator==(const http2_record&) const = default;
};

/// The frames that were sent are whole, and within the sizes that every receiver accepts.
inline void require_frames(ilp::bytes_view sent) {
    using namespace connector::http2;
    if (ilp::as_text(sent).starts_with(preface)) sent = sent.subspan(preface.size());
    while (!sent.empty()) {
        require(sent.size() >= frame_head_size, "a whole frame head");
        const frame_head head = read_frame_head(sent.data());
        require(head.size <= frame_size_default, "a frame of a usual size");
        require(head.size <= sent.size() - frame_head_size, "a whole frame");
        sent = sent.subspan(frame_head_size + head.size);
    }
}

inline ilp::steady_time http2_time() {
    return ilp::steady_time{std::chrono::hours{1}};
}

/// Gives `octets` to a session in pieces of at most `piece` bytes. `on_event` may answer; it gets the session and the
/// output.
template <typename Session, typename OnEvent>
void feed(Session& session, std::string_view octets, std::size_t piece, http2_record& record, OnEvent on_event) {
    using namespace connector::http2;
    ilp::bytes input;
    while (!octets.empty()) {
        const auto part = octets.substr(0, piece);
        octets.remove_prefix(part.size());
        ilp::append(input, part);
        for (;;) {
            const event e = session.next(input, record.sent, http2_time());
            require(e.consumed <= input.size(), "no more is consumed than there is");
            require(e.body.size() <= connector::http::body_size_max, "a body within its bound");
            const bool is_about_stream =
                e.kind == event_kind::head || e.kind == event_kind::message || e.kind == event_kind::reset;
            if (is_about_stream) {
                record.told += std::to_string(static_cast<int>(e.kind)) + ' ' + std::to_string(e.number) + ' ' +
                               std::to_string(e.status) + ' ' + std::to_string(static_cast<int>(e.code)) + ' ';
                record.told.append(ilp::as_text(e.body)).append("\n");
                require(e.number != 0, "an event belongs to a stream");
                on_event(e);
            }
            require(session.partly_received() <= session::partly_received_max, "bodies within their bound");
            input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(e.consumed));
            if (e.kind == event_kind::failed) {
                require(input.empty(), "a failed session consumes everything");
                record.told += session.failure();
                return;
            }
            if (e.kind == event_kind::needs_more) {
                require(e.wanted != 0, "more is needed");
                require(input.size() < frame_head_size + frame_size_default, "what waits is less than a frame");
                break;
            }
        }
    }
}

}  // namespace fuzz
