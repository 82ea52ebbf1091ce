#pragma once

#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "ilp/stream/stream_packet.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// The receiver's decision about one packet. It is stateless: it knows nothing of the packets before, and the same
/// packet twice is decided twice, the same. An account takes all money that arrives in time, so its limit is what an
/// amount can be, and how the money is divided among streams makes no difference.
namespace ilp::stream {

/// The end of the data that a stream, and a connection, may carry. Data is taken and dropped: this node has nobody to
/// hand it to, and some senders add data to every payment.
inline constexpr std::uint64_t data_offset_max = 64 * 1024;

/// Enough for an answer to each frame of an ordinary request. What does not fit is left out, however many frames a
/// request has.
inline constexpr std::size_t reply_size_max = 1024;

/// A request, and what is known about the packet that carried it.
struct arrival {
    const packet_view& request;
    ilp::amount amount;  ///< that would be credited, in units of the account
    bool fulfillable;    ///< the condition is the one of the fulfillment that only sender and receiver can compute
    std::string_view asset_code;
    std::uint8_t asset_scale;
};

enum class verdict : std::uint8_t {
    fulfill,
    not_fulfillable,     ///< the sender did not mean to pay: it asks how much arrives
    below_minimum,       ///< less has arrived than the sender wants to be fulfilled
    protocol_violation,  ///< the connection is closed
    not_a_request,       ///< the data was made for another kind of packet: there is no reply
    unreadable,          ///< the data is not a STREAM packet of this connection: there is no reply
};

struct decision {
    stream::verdict verdict;
    bytes_view reply;     ///< plaintext for the data of the Fulfill or the Reject; a view of the caller's buffer
    bool closes = false;  ///< the sender has closed the connection or a stream: no more is to come of this payment
};

/// Every request gets a reply that says how much has arrived, whatever the verdict (RFC 29). Never `unreadable`, which
/// is decided before.
decision receive(const arrival& arrived, std::span<octet, reply_size_max> buffer) noexcept;

}  // namespace ilp::stream
