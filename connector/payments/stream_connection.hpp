#pragma once

#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "ilp/packet.hpp"
#include "ilp/payment/payment_answer.hpp"
#include "ilp/stream/request.hpp"
#include "ilp/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace connector {

/// Where a payment goes, as SPSP or an operator says.
struct payment_receiver {
    std::string destination;  ///< a valid ILP address
    ilp::bytes shared_secret;
};

/// What a receiver says about its asset. Only to be shown: nothing is decided by it.
struct receiver_asset {
    std::string code;  ///< letters and digits, at most `code_size_max`
    std::uint8_t scale = 0;
    static constexpr std::size_t code_size_max = 20;
    friend bool operator==(const receiver_asset&, const receiver_asset&) = default;
};

/// The memory for one packet and one answer, which all connections of a worker use in turn: a packet allocates nothing.
struct stream_memory {
    ilp::stream::envelope_cipher cipher;
    ilp::bytes plaintext;
    ilp::bytes data;
    ilp::bytes prepare;
    ilp::bytes answer;
    ilp::bytes reply = ilp::bytes(ilp::stream::plaintext_size_max);
};

/// The sender's side of one STREAM connection (RFC 29), which only pays: it writes Prepares and reads what is answered
/// to them. Which packets there are is for others to decide. Used by one thread.
class stream_connection {
public:
    struct request {
        std::uint64_t number = 0;  ///< of the packet; never the same twice on a connection
        ilp::amount amount;
        ilp::amount minimum;  ///< the least that the receiver may fulfill
        ilp::timestamp expires_at;
        bool is_probe = false;  ///< nobody can fulfill it: the receiver says how much has arrived
    };

    /// `own_address` is told to the receiver in the first packet, because some say only then which asset they have.
    /// `memory` must outlive the connection.
    stream_connection(stream_memory& memory, payment_receiver receiver, std::string own_address);

    /// The Prepare of a request, in the memory, until the next one.
    ilp::bytes_span write(const request& wanted);

    /// The amount that has arrived by a Fulfill of the packet with this number, as the receiver says; nullopt if the
    /// data is not an authentic reply. Precondition: `fulfill` is canonical.
    std::optional<ilp::amount> read_fulfill(std::uint64_t number, ilp::bytes_view fulfill);
    /// Precondition: `reject` is canonical.
    ilp::payment_rejection read_reject(std::uint64_t number, ilp::bytes_view reject);

    const std::optional<receiver_asset>& asset() const noexcept { return asset_; }

private:
    std::optional<ilp::amount> read_reply(std::uint64_t number, ilp::packet_type answer, ilp::bytes_view data);

    stream_memory& memory_;
    std::string destination_;
    std::string own_address_;
    ilp::stream::connection_keys keys_;
    std::optional<receiver_asset> asset_;
};

}  // namespace connector
