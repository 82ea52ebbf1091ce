#pragma once

#include "ilp/amount.hpp"
#include "ilp/condition.hpp"
#include "ilp/stream/envelope.hpp"
#include "ilp/stream/keys.hpp"
#include "ilp/stream/known_connections.hpp"
#include "ilp/stream/receive.hpp"
#include "ilp/stream/receiver_token.hpp"

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace ilp::stream {

/// What is answered to one Prepare.
struct received {
    stream::verdict verdict;
    ilp::fulfillment fulfillment{};  ///< if the verdict is `fulfill`
    bytes_view data{};               ///< of the Fulfill or the Reject: valid until the next packet is received
    bool closes = false;             ///< see decision
};

/// Receives the packets of all connections of a node: it opens their data, decides, and seals the replies. Used by one
/// thread; there is one for each worker, because it keeps the memory for a packet.
class receiver {
public:
    /// Throws std::runtime_error if libcrypto lacks the cipher.
    explicit receiver(std::shared_ptr<const receiver_secrets> secrets) : connections_{std::move(secrets)} {}

    /// The connection whose token is the last segment of the destination. See known_connections::find().
    const receiver_connection* find_connection(std::string_view segment) noexcept {
        return connections_.find(cipher_, segment);
    }

    /// `keys` are those of the connection. `amount` is what would be credited, in units of the account with this asset.
    received receive(const connection_keys& keys, bytes_view data, std::span<const octet, hash_size> condition,
                     ilp::amount amount, std::string_view asset_code, std::uint8_t asset_scale) noexcept;

private:
    known_connections connections_;
    envelope_cipher cipher_;
    std::array<octet, plaintext_size_max> plaintext_;
    std::array<octet, reply_size_max> reply_;
    std::array<octet, envelope_overhead + reply_size_max> sealed_reply_;
};

}  // namespace ilp::stream
