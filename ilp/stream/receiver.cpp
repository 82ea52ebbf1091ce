#include "ilp/stream/receiver.hpp"

namespace ilp::stream {

received receiver::receive(const connection_keys& keys, bytes_view data, std::span<const octet, hash_size> condition,
                           ilp::amount amount, std::string_view asset_code, std::uint8_t asset_scale) noexcept {
    const auto plaintext = cipher_.open(keys.encryption, data, plaintext_);
    const auto request = plaintext ? packet_view::parse(*plaintext) : std::unexpected{packet_error::malformed};
    if (!request) return {.verdict = verdict::unreadable};
    const ilp::fulfillment fulfillment = fulfillment_of(keys.fulfillment, data);
    const decision decided = stream::receive({.request = *request,
                                              .amount = amount,
                                              .fulfillable = fulfills(fulfillment, condition),
                                              .asset_code = asset_code,
                                              .asset_scale = asset_scale},
                                             reply_);
    if (decided.verdict == verdict::not_a_request) return {.verdict = decided.verdict};
    return {decided.verdict, decided.verdict == verdict::fulfill ? fulfillment : ilp::fulfillment{},
            cipher_.seal(keys.encryption, decided.reply, sealed_reply_), decided.closes};
}

}  // namespace ilp::stream
