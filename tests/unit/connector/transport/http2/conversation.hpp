#pragma once

#include "connector/transport/http2/client_session.hpp"
#include "connector/transport/http2/server_session.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Sessions under test, with what they are given and what they say as short lines of text.
namespace http2_conversation {

using namespace connector::http2;

inline ilp::steady_time at(int milliseconds) {
    return ilp::steady_time{std::chrono::hours{1} + std::chrono::milliseconds{milliseconds}};
}

inline ilp::bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

// Frames, as the other side would send them.

inline ilp::bytes frame(frame_type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
    ilp::bytes out;
    append_frame_head(out, {static_cast<std::uint32_t>(payload.size()), type, flags, stream});
    ilp::append(out, payload);
    return out;
}

inline std::string number(std::uint32_t value) {
    return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U), static_cast<char>(value >> 8U),
            static_cast<char>(value)};
}

inline ilp::bytes settings(const std::vector<std::pair<setting, std::uint32_t>>& values = {}) {
    ilp::bytes payload;
    for (const auto& [name, value] : values) append_setting(payload, name, value);
    return frame(frame_type::settings, 0, 0, ilp::as_text(payload));
}

/// A literal with a name of its own, as a client with a bad library might send it.
inline void append_field(ilp::bytes& block, std::string_view name, std::string_view value, ilp::octet kind = 0x00) {
    block.push_back(kind);
    for (const auto text : {name, value}) {
        if (text.size() < 127) {
            block.push_back(static_cast<ilp::octet>(text.size()));
        } else {
            block.push_back(127);
            std::size_t rest = text.size() - 127;
            for (; rest >= 128; rest >>= 7U) block.push_back(static_cast<ilp::octet>(rest | 0x80U));
            block.push_back(static_cast<ilp::octet>(rest));
        }
        ilp::append(block, text);
    }
}

using fields = std::vector<std::pair<std::string, std::string>>;

inline ilp::bytes block_of(const fields& list, ilp::octet kind = 0x00) {
    ilp::bytes block;
    for (const auto& [name, value] : list) append_field(block, name, value, kind);
    return block;
}

inline fields post_fields() {
    return {{":method", "POST"}, {":scheme", "http"}, {":path", "/ilp"}, {":authority", "a"}};
}

inline ilp::bytes headers(std::uint32_t stream, ilp::bytes_view block, bool ends = false) {
    return frame(frame_type::headers, flag::end_headers | (ends ? flag::end_stream : 0), stream, ilp::as_text(block));
}

inline ilp::bytes data(std::uint32_t stream, std::string_view body, bool ends = true) {
    return frame(frame_type::data, ends ? flag::end_stream : std::uint8_t{0}, stream, body);
}

inline ilp::bytes operator+(ilp::bytes left, const ilp::bytes& right) {
    ilp::append(left, right);
    return left;
}

inline ilp::bytes request(std::uint32_t stream, std::string_view body = "packet", const fields& with = post_fields()) {
    return headers(stream, block_of(with), body.empty()) + (body.empty() ? ilp::bytes{} : data(stream, body));
}

inline std::string code_text(error_code code) {
    constexpr std::array names{"NO_ERROR",
                               "PROTOCOL_ERROR",
                               "INTERNAL_ERROR",
                               "FLOW_CONTROL_ERROR",
                               "SETTINGS_TIMEOUT",
                               "STREAM_CLOSED",
                               "FRAME_SIZE_ERROR",
                               "REFUSED_STREAM",
                               "CANCEL",
                               "COMPRESSION_ERROR",
                               "CONNECT_ERROR",
                               "ENHANCE_YOUR_CALM",
                               "INADEQUATE_SECURITY",
                               "HTTP_1_1_REQUIRED"};
    return names.at(static_cast<std::size_t>(code));
}

/// The frames in `out`, one line each, and empties it.
inline std::vector<std::string> frames_in(ilp::bytes& out) {
    std::vector<std::string> lines;
    ilp::bytes_view rest = out;
    if (ilp::as_text(rest).starts_with(preface)) {
        lines.emplace_back("preface");
        rest = rest.subspan(preface.size());
    }
    for (; rest.size() >= frame_head_size;) {
        const auto head = read_frame_head(rest.data());
        const auto payload = rest.subspan(frame_head_size, head.size);
        const std::string on = " " + std::to_string(head.stream);
        const std::string end = head.has(flag::end_stream) ? " end" : "";
        switch (head.type) {
            case frame_type::data:
                lines.push_back("DATA" + on + " " + std::to_string(head.size) + end);
                break;
            case frame_type::headers:
                lines.push_back("HEADERS" + on + end);
                break;
            case frame_type::settings:
                lines.emplace_back(head.has(flag::ack) ? "SETTINGS ack" : "SETTINGS");
                break;
            case frame_type::ping:
                lines.push_back(std::string{"PING "} + (head.has(flag::ack) ? "ack " : "") +
                                std::string{ilp::as_text(payload)});
                break;
            case frame_type::goaway:
                lines.push_back("GOAWAY " + std::to_string(read_32(payload.data())) + " " +
                                code_text(error_code{read_32(payload.data() + 4)}));
                break;
            case frame_type::rst_stream:
                lines.push_back("RST_STREAM" + on + " " + code_text(error_code{read_32(payload.data())}));
                break;
            case frame_type::window_update:
                lines.push_back("WINDOW_UPDATE" + on + " " + std::to_string(read_32(payload.data())));
                break;
            default:
                lines.push_back("type " + std::to_string(static_cast<int>(head.type)) + on);
                break;
        }
        rest = rest.subspan(frame_head_size + head.size);
    }
    out.clear();
    return lines;
}

using lines = std::vector<std::string>;

/// A session, the bytes that it has not consumed, and what it told.
template <typename Session>
struct side {
    ilp::bytes out;
    Session session{out};
    ilp::bytes input;
    lines told;
    std::map<std::uint32_t, std::uint64_t> numbers;  ///< by stream
    std::vector<event> events;
    ilp::steady_time now = at(0);

    /// Gives it these bytes, and returns what it told.
    lines receive(const ilp::bytes& bytes) {
        ilp::append(input, bytes);
        told.clear();
        for (;;) {
            const event e = session.next(input, out, now);
            note(e);
            input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(e.consumed));
            if (e.kind == event_kind::needs_more || e.kind == event_kind::failed) return told;
        }
    }

    lines sent() { return frames_in(out); }

    void note(const event& e) {
        const auto id = static_cast<std::uint32_t>(e.number);
        const std::string on = " " + std::to_string(id);
        numbers[id] = e.number;
        events.push_back(e);
        switch (e.kind) {
            case event_kind::needs_more:
            case event_kind::pause:
                break;
            case event_kind::head: {
                std::string line = "head" + on;
                if (e.head != nullptr) line.append(" ").append(e.head->method).append(" ").append(e.head->target);
                if (e.fault) line += " fault " + std::to_string(static_cast<int>(*e.fault));
                told.push_back(line + (e.head == nullptr ? " known" : ""));
                break;
            }
            case event_kind::message:
                told.push_back("message" + on + (e.status != 0 ? " " + std::to_string(e.status) : "") + " " +
                               (e.is_too_large ? "too large" : std::string{ilp::as_text(e.body)}));
                break;
            case event_kind::reset:
                told.push_back("reset" + on + " " + code_text(e.code) + (e.by_us ? " by us" : "") +
                               (e.not_processed ? " not processed" : ""));
                break;
            case event_kind::failed:
                told.push_back("failed " + code_text(e.code));
                break;
        }
    }
};

using server_side = side<server_session>;
using client_side = side<client_session>;

/// A server that has got the preface and SETTINGS of a client.
inline void greet(server_side& server, const ilp::bytes& client_settings = settings()) {
    server.receive(bytes_of(preface) + client_settings + frame(frame_type::settings, flag::ack, 0));
    server.out.clear();
}
inline void greet(client_side& client, const ilp::bytes& server_settings = settings()) {
    client.receive(server_settings + frame(frame_type::settings, flag::ack, 0));
    client.out.clear();
}

inline ilp::bytes ok_block() {
    ilp::bytes block;
    append_status(block, 200);
    return block;
}

}  // namespace http2_conversation
