#pragma once

#include "connector/routing/token_verifier.hpp"
#include "connector/transport/answer_sink.hpp"
#include "connector/transport/request_id.hpp"
#include "connector/transport/trace_id.hpp"
#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "peering/directory/peer.hpp"
#include "peering/splitting/split_header.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

class turn_share;

/// What becomes of a Prepare whose answer is to come in a request of ours.
enum class acceptance : std::uint8_t {
    accepted,   ///< the answer follows, whatever it is
    malformed,  ///< there is no Prepare in it
    repeated,   ///< one with the same id is in flight
    busy,       ///< too many of the peer's answers are on their way, or the daemon stops
};

/// The interface through which incoming connections use their worker.
class prepare_handler {
public:
    /// The peer that owns `token` and may send to `account`, the account name in the request path (may be empty), over
    /// a connection whose client has proved to have `client_key` (SHA-256 of the public key; null if none). Null if
    /// there is no such peer. Whoever remembers the peer for the next request with the same head must not do so for
    /// longer than the token is valid.
    virtual authenticated authenticate(std::string_view token, std::string_view account,
                                       const ilp::digest* client_key) = 0;

    /// A request from this address was refused because no peer owns its token.
    virtual void unauthenticated(const boost::asio::ip::address& remote) = 0;

    /// Handles one request body. The answer to `request` is given to `sink`, immediately or later. In the first case
    /// this returns null, in the second what is owed: if the sink goes first, it must reset `answer_to` in it.
    virtual owed_answer* prepare_received(answer_sink& sink, std::uint64_t request, const peering::peer& from,
                                          ilp::bytes_span body) = 0;

    // Packets in parts (docs/splitting.md).

    /// As prepare_received(), for one part of a Prepare. All parts of one come through the same sink.
    virtual owed_answer* part_received(answer_sink& sink, std::uint64_t request, const peering::peer& /*from*/,
                                       const peering::part_label& /*label*/, ilp::bytes_span /*body*/) {
        sink.refuse_malformed(request);
        return nullptr;
    }
    /// The Fulfill of a packet that has come in parts from this peer; nullopt if there is none.
    virtual std::optional<ilp::bytes> outcome_of(const peering::peer& /*from*/, const peering::split_id& /*id*/) {
        return std::nullopt;
    }

    // Asynchronous mode (RFC 35).

    /// Handles a Prepare whose answer is posted to the peer, at this target of its endpoint.
    virtual acceptance asynchronous_prepare_received(const peering::peer& /*from*/, const request_id& /*id*/,
                                                     const std::string& /*reply_at*/, ilp::bytes_span /*body*/) {
        return acceptance::malformed;
    }
    /// Handles the answer to a Prepare that was sent to the peer, and the trace id of a Reject. Returns false if no
    /// such Prepare was sent, or it has an answer.
    virtual bool reply_received(const peering::peer& /*from*/, const request_id& /*id*/, ilp::bytes_view /*answer*/,
                                const trace_id& /*trace*/) {
        return false;
    }

    /// The share of the loop's turns that this peer's requests have, or null if turns are not shared. For a null
    /// `peer`, it is the share of all senders that have not presented a token. It is valid as long as the handler.
    virtual turn_share* share_of(const peering::peer* /*peer*/) { return nullptr; }

    /// The share of the loop's turns that all handshakes have together, likewise.
    virtual turn_share* share_of_handshakes() { return nullptr; }

protected:
    ~prepare_handler() = default;
};

}  // namespace connector
