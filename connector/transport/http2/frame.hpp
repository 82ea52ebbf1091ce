#pragma once

#include "ilp/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

/// HTTP/2 (RFC 9113) without sockets: bytes in, events and bytes out.
namespace connector::http2 {

/// What a client sends first (section 3.4).
inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline constexpr std::size_t frame_head_size = 9;
/// The largest payload of a frame unless SETTINGS_MAX_FRAME_SIZE says otherwise; ours never does.
inline constexpr std::uint32_t frame_size_default = 16'384;
inline constexpr std::int64_t window_default = 65'535;
inline constexpr std::int64_t window_max = 0x7fff'ffff;
inline constexpr std::uint32_t stream_id_max = 0x7fff'ffff;

enum class frame_type : std::uint8_t {
    data = 0,
    headers = 1,
    priority = 2,
    rst_stream = 3,
    settings = 4,
    push_promise = 5,
    ping = 6,
    goaway = 7,
    window_update = 8,
    continuation = 9,
};

namespace flag {
inline constexpr std::uint8_t end_stream = 0x1;
inline constexpr std::uint8_t ack = 0x1;
inline constexpr std::uint8_t end_headers = 0x4;
inline constexpr std::uint8_t padded = 0x8;
inline constexpr std::uint8_t priority = 0x20;
}  // namespace flag

/// Section 7.
enum class error_code : std::uint32_t {
    no_error = 0,
    protocol_error = 1,
    internal_error = 2,
    flow_control_error = 3,
    settings_timeout = 4,
    stream_closed = 5,
    frame_size_error = 6,
    refused_stream = 7,
    cancel = 8,
    compression_error = 9,
    connect_error = 10,
    enhance_your_calm = 11,
    inadequate_security = 12,
    http_1_1_required = 13,
};

enum class setting : std::uint16_t {
    header_table_size = 1,
    enable_push = 2,
    max_concurrent_streams = 3,
    initial_window_size = 4,
    max_frame_size = 5,
    max_header_list_size = 6,
};

struct frame_head {
    std::uint32_t size = 0;  ///< of the payload
    frame_type type{};       ///< may be a value that has no name
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;

    bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
};

inline std::uint32_t read_32(const ilp::octet* at) noexcept {
    return std::uint32_t{at[0]} << 24U | std::uint32_t{at[1]} << 16U | std::uint32_t{at[2]} << 8U | at[3];
}

inline std::uint16_t read_16(const ilp::octet* at) noexcept {
    return static_cast<std::uint16_t>(at[0] << 8U | at[1]);
}

/// `at` points to frame_head_size bytes.
inline frame_head read_frame_head(const ilp::octet* at) noexcept {
    return {.size = std::uint32_t{at[0]} << 16U | std::uint32_t{at[1]} << 8U | at[2],
            .type = frame_type{at[3]},
            .flags = at[4],
            .stream = read_32(at + 5) & stream_id_max};
}

void append_frame_head(ilp::bytes& out, const frame_head& head);
void append_setting(ilp::bytes& out, setting name, std::uint32_t value);
void append_rst_stream(ilp::bytes& out, std::uint32_t stream, error_code code);
/// `octets` are the eight of a PING.
void append_ping(ilp::bytes& out, ilp::bytes_view octets, bool ack);
void append_goaway(ilp::bytes& out, std::uint32_t last_stream, error_code code, std::string_view why);
void append_window_update(ilp::bytes& out, std::uint32_t stream, std::uint32_t increment);

}  // namespace connector::http2
