#pragma once

#include "ilp/bytes.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

/// STREAM (RFC 29): payments and data over ILP packets, whose data only the two ends can read.
namespace ilp::stream {

/// The error codes of RFC 29, for ConnectionClose and StreamClose. Others may arrive.
enum class close_code : std::uint8_t {
    no_error = 1,
    internal_error = 2,
    endpoint_busy = 3,
    flow_control_error = 4,
    stream_id_error = 5,
    stream_state_error = 6,
    frame_format_error = 7,
    protocol_violation = 8,
    application_error = 9,
};

// The frames. Texts and octets are views into the packet that they were read from. Texts are whatever the other end
// wrote: escape them before they reach a log or a terminal.

struct connection_close {
    static constexpr octet type = 0x01;
    close_code code{};
    std::string_view message;
    friend bool operator==(const connection_close&, const connection_close&) = default;
};

struct connection_new_address {
    static constexpr octet type = 0x02;
    std::string_view address;  ///< may be empty, and need not be an address: it is not checked
    friend bool operator==(const connection_new_address&, const connection_new_address&) = default;
};

struct connection_max_data {
    static constexpr octet type = 0x03;
    std::uint64_t max_offset = 0;
    friend bool operator==(const connection_max_data&, const connection_max_data&) = default;
};

struct connection_data_blocked {
    static constexpr octet type = 0x04;
    std::uint64_t max_offset = 0;
    friend bool operator==(const connection_data_blocked&, const connection_data_blocked&) = default;
};

struct connection_max_stream_id {
    static constexpr octet type = 0x05;
    std::uint64_t max_stream_id = 0;
    friend bool operator==(const connection_max_stream_id&, const connection_max_stream_id&) = default;
};

struct connection_stream_id_blocked {
    static constexpr octet type = 0x06;
    std::uint64_t max_stream_id = 0;
    friend bool operator==(const connection_stream_id_blocked&, const connection_stream_id_blocked&) = default;
};

struct connection_asset_details {
    static constexpr octet type = 0x07;
    std::string_view asset_code;
    std::uint8_t asset_scale = 0;
    friend bool operator==(const connection_asset_details&, const connection_asset_details&) = default;
};

struct stream_close {
    static constexpr octet type = 0x10;
    std::uint64_t stream_id = 0;
    close_code code{};
    std::string_view message;
    friend bool operator==(const stream_close&, const stream_close&) = default;
};

struct stream_money {
    static constexpr octet type = 0x11;
    std::uint64_t stream_id = 0;
    std::uint64_t shares = 0;  ///< the sum over the frames of a packet may exceed 2^64-1
    friend bool operator==(const stream_money&, const stream_money&) = default;
};

struct stream_max_money {
    static constexpr octet type = 0x12;
    std::uint64_t stream_id = 0;
    std::uint64_t receive_max = 0;  ///< a larger one was read as 2^64-1
    std::uint64_t total_received = 0;
    friend bool operator==(const stream_max_money&, const stream_max_money&) = default;
};

struct stream_money_blocked {
    static constexpr octet type = 0x13;
    std::uint64_t stream_id = 0;
    std::uint64_t send_max = 0;  ///< a larger one was read as 2^64-1
    std::uint64_t total_sent = 0;
    friend bool operator==(const stream_money_blocked&, const stream_money_blocked&) = default;
};

struct stream_data {
    static constexpr octet type = 0x14;
    std::uint64_t stream_id = 0;
    std::uint64_t offset = 0;  ///< the end of the data may be beyond 2^64-1
    std::string_view data;
    friend bool operator==(const stream_data&, const stream_data&) = default;
};

struct stream_max_data {
    static constexpr octet type = 0x15;
    std::uint64_t stream_id = 0;
    std::uint64_t max_offset = 0;
    friend bool operator==(const stream_max_data&, const stream_max_data&) = default;
};

struct stream_data_blocked {
    static constexpr octet type = 0x16;
    std::uint64_t stream_id = 0;
    std::uint64_t max_offset = 0;
    friend bool operator==(const stream_data_blocked&, const stream_data_blocked&) = default;
};

/// Of RFC 39, which is deprecated: read so that it is understood, never written by this node.
struct stream_receipt {
    static constexpr octet type = 0x17;
    std::uint64_t stream_id = 0;
    std::string_view receipt;
    friend bool operator==(const stream_receipt&, const stream_receipt&) = default;
};

using frame = std::variant<connection_close, connection_new_address, connection_max_data, connection_data_blocked,
                           connection_max_stream_id, connection_stream_id_blocked, connection_asset_details,
                           stream_close, stream_money, stream_max_money, stream_money_blocked, stream_data,
                           stream_max_data, stream_data_blocked, stream_receipt>;

}  // namespace ilp::stream
