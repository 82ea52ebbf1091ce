#include "connector/transport/http2/frame.hpp"

#include <array>

namespace connector::http2 {
namespace {

void append_32(ilp::bytes& out, std::uint32_t value) {
    const std::array<ilp::octet, 4> octets{static_cast<ilp::octet>(value >> 24U), static_cast<ilp::octet>(value >> 16U),
                                           static_cast<ilp::octet>(value >> 8U), static_cast<ilp::octet>(value)};
    ilp::append(out, octets);
}

}  // namespace

void append_frame_head(ilp::bytes& out, const frame_head& head) {
    const std::array<ilp::octet, frame_head_size> octets{static_cast<ilp::octet>(head.size >> 16U),
                                                         static_cast<ilp::octet>(head.size >> 8U),
                                                         static_cast<ilp::octet>(head.size),
                                                         static_cast<ilp::octet>(head.type),
                                                         head.flags,
                                                         static_cast<ilp::octet>(head.stream >> 24U),
                                                         static_cast<ilp::octet>(head.stream >> 16U),
                                                         static_cast<ilp::octet>(head.stream >> 8U),
                                                         static_cast<ilp::octet>(head.stream)};
    ilp::append(out, octets);
}

void append_setting(ilp::bytes& out, setting name, std::uint32_t value) {
    const auto number = static_cast<std::uint16_t>(name);
    const std::array<ilp::octet, 2> octets{static_cast<ilp::octet>(number >> 8U), static_cast<ilp::octet>(number)};
    ilp::append(out, octets);
    append_32(out, value);
}

void append_rst_stream(ilp::bytes& out, std::uint32_t stream, error_code code) {
    append_frame_head(out, {.size = 4, .type = frame_type::rst_stream, .stream = stream});
    append_32(out, static_cast<std::uint32_t>(code));
}

void append_ping(ilp::bytes& out, ilp::bytes_view octets, bool ack) {
    append_frame_head(out, {.size = 8, .type = frame_type::ping, .flags = ack ? flag::ack : std::uint8_t{0}});
    ilp::append(out, octets);
}

void append_goaway(ilp::bytes& out, std::uint32_t last_stream, error_code code, std::string_view why) {
    append_frame_head(out, {.size = static_cast<std::uint32_t>(8 + why.size()), .type = frame_type::goaway});
    append_32(out, last_stream);
    append_32(out, static_cast<std::uint32_t>(code));
    ilp::append(out, why);
}

void append_window_update(ilp::bytes& out, std::uint32_t stream, std::uint32_t increment) {
    append_frame_head(out, {.size = 4, .type = frame_type::window_update, .stream = stream});
    append_32(out, increment);
}

}  // namespace connector::http2
