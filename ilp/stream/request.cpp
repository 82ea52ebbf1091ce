#include "ilp/stream/request.hpp"

namespace ilp::stream {

sealed_request seal_request(envelope_cipher& cipher, const connection_keys& keys, bytes_view plaintext,
                            bytes_span to) noexcept {
    const bytes_view data = cipher.seal(keys.encryption, plaintext, to);
    return {data, sha256(fulfillment_of(keys.fulfillment, data))};
}

std::optional<packet_view> open_reply(envelope_cipher& cipher, const connection_keys& keys, bytes_view data,
                                      packet_type carried_by, std::uint64_t sequence, bytes_span to) noexcept {
    if (data.size() > data_size_max) return std::nullopt;
    const auto plaintext = cipher.open(keys.encryption, data, to);
    if (!plaintext) return std::nullopt;
    const auto reply = packet_view::parse(*plaintext);
    if (!reply || reply->head().carried_by != carried_by || reply->head().sequence != sequence) return std::nullopt;
    return *reply;
}

}  // namespace ilp::stream
