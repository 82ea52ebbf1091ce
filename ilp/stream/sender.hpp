#pragma once

#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "ilp/packet.hpp"
#include "ilp/payment/payment_answer.hpp"
#include "ilp/stream/envelope.hpp"
#include "ilp/stream/keys.hpp"
#include "ilp/stream/stream_packet.hpp"
#include "ilp/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ilp::stream {

/// What a receiver says about the asset that it counts in. The code is whatever it wrote: escape it before it reaches a
/// log or a terminal.
struct receiver_asset {
    std::string code;
    std::uint8_t scale = 0;
    friend bool operator==(const receiver_asset&, const receiver_asset&) = default;
};

/// What a sender needs while it writes or reads a packet: about 64 KiB. The senders of one thread share it.
class sender_memory {
public:
    /// Throws std::runtime_error if libcrypto lacks the cipher.
    sender_memory();

private:
    friend class sender;

    envelope_cipher cipher_;
    std::vector<octet> plaintext_;
    std::vector<octet> envelope_;
};

/// The sender's end of one connection: it writes the Prepares that an outgoing_payment and a payment_quote ask for, and
/// reads what their answers say. Used by one thread. Each number is used once.
class sender {
public:
    /// `memory` must outlive the sender. `destination` and `shared_secret` are what the receiver gave for this
    /// connection. `own_address` is told to the receiver, which then says what its asset is.
    sender(sender_memory& memory, std::string destination, bytes_view shared_secret, std::string own_address);

    /// Appends the Prepare of a packet that pays. `minimum` is for the receiver: it fulfills nothing below.
    void write_prepare(bytes& out, std::uint64_t number, amount amount, ilp::amount minimum, timestamp expires_at);

    /// Appends the Prepare of a probe. Its condition is random, so that nobody can fulfill it; the receiver answers how
    /// much has arrived.
    void write_probe(bytes& out, std::uint64_t number, amount amount, timestamp expires_at);

    /// Appends a Prepare without money that says that no more is to come on this connection. Nobody can fulfill it.
    void write_close(bytes& out, std::uint64_t number, timestamp expires_at);

    /// What the receiver says it has got; nullopt without an authentic reply to this packet.
    std::optional<amount> read_fulfill(std::uint64_t number, const fulfill_view& fulfill);
    payment_rejection read_reject(std::uint64_t number, const reject_view& reject);

    /// Once an answer to a probe has said it.
    const std::optional<receiver_asset>& asset() const noexcept { return asset_; }

private:
    void write_unfulfillable(bytes& out, const packet_writer& writer, amount amount, timestamp expires_at);
    std::optional<amount> read_reply(std::uint64_t number, packet_type carried_by, bytes_view data);

    sender_memory& memory_;
    std::string destination_;
    std::string own_address_;
    connection_keys keys_;
    std::optional<receiver_asset> asset_;
};

}  // namespace ilp::stream
