#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/stream/envelope.hpp"
#include "ilp/stream/keys.hpp"
#include "ilp/stream/stream_packet.hpp"

#include <cstdint>
#include <optional>

/// The sender's side of a packet.
namespace ilp::stream {

struct sealed_request {
    bytes_view data;             ///< of the Prepare; a view of the caller's buffer
    ilp::condition condition{};  ///< which the receiver can fulfill; any other asks only how much arrives
};

/// Seals a request that a packet_writer has written. Precondition: it has at most `plaintext_size_max` octets, and `to`
/// has room for `envelope_overhead` more.
sealed_request seal_request(envelope_cipher& cipher, const connection_keys& keys, bytes_view plaintext,
                            bytes_span to) noexcept;

/// Opens the data of a Fulfill or a Reject into `to`, which must have room for `plaintext_size_max` octets and outlive
/// the result. Nullopt unless the receiver wrote it for the request with this sequence number, and for this kind of
/// answer: a node on the way can neither make a reply nor move one from another packet. What a reply says is still only
/// the receiver's word.
std::optional<packet_view> open_reply(envelope_cipher& cipher, const connection_keys& keys, bytes_view data,
                                      packet_type carried_by, std::uint64_t sequence, bytes_span to) noexcept;

}  // namespace ilp::stream
