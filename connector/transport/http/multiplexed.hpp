#pragma once

#include "connector/transport/http/message.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"
#include "peering/directory/peer.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace connector {

class turn_share;

/// The first bytes of a client that speaks HTTP/2 without asking first (RFC 9113 section 3.3 and 3.4).
inline constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What is decided about a request from its head.
struct admission {
    const peering::peer* from = nullptr;
    ilp::steady_time until = ilp::steady_time::max();  ///< when the token ceases to be valid
    turn_share* share = nullptr;                       ///< of `from`, or of all strangers
    std::optional<http::status> refusal{};
    bool is_lasting = false;  ///< the same head means the same until its sender changes
};

/// The requests of a client that sends many at a time on one connection. The connection carries the bytes, and does
/// what does not depend on the protocol: who the client is, whose turn it is, sending, time limits, and closing.
class multiplexed_requests {
public:
    /// The connection.
    class carrier {
    public:
        virtual admission admit(const http::request_head& head) = 0;
        /// The next piece of work belongs to this share.
        virtual void set_share(turn_share* share) = 0;
        /// There is output, which is to be sent at the end of the turn.
        virtual void send_soon() = 0;
        /// Accounts for memory, in bytes.
        virtual void account(std::ptrdiff_t change) = 0;
        /// Returns the address of the client, or 0.0.0.0 once it has gone.
        virtual boost::asio::ip::address remote_address() const noexcept = 0;

    protected:
        ~carrier() = default;
    };

    enum class progress : std::uint8_t {
        handled,     ///< a request was handled, and the next one may follow
        needs_more,  ///< further bytes are needed
        ended,       ///< the connection is to be closed once the output is sent
    };
    struct result {
        progress made = progress::needs_more;
        std::size_t consumed = 0;    ///< bytes of the input
        std::size_t wanted = 1;      ///< further bytes that are needed
        bool is_incomplete = false;  ///< a request has begun and is not complete, so due() may have come nearer
    };

    virtual ~multiplexed_requests() = default;

    /// Handles received bytes, up to one request.
    virtual result take(ilp::bytes_span input) = 0;

    /// What is to be sent. The caller sends it, empties it, and then calls output_sent().
    virtual ilp::bytes& output() = 0;
    virtual void output_sent() = 0;

    /// The client is told to send no further requests on this connection.
    virtual void drain() = 0;
    /// True if the connection is to be closed once the output is sent.
    virtual bool has_ended() const = 0;

    virtual void peers_changed(std::span<const peering::peer_update> updates) = 0;

    /// The connection is closed: no request gets its answer.
    virtual void abandon() = 0;

    /// Requests that have been passed on, and have no answer yet.
    virtual std::size_t awaited() const = 0;

    /// No request has begun that is not answered, and no answer is still to be sent.
    virtual bool is_idle() const = 0;

    /// When time_out() is to be called, if nothing happens until then.
    virtual ilp::steady_time due(ilp::steady_time last_activity) const = 0;
    virtual void time_out(ilp::steady_time last_activity) = 0;
};

}  // namespace connector
