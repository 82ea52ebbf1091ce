#pragma once

#include "connector/event_loop.hpp"
#include "connector/packet_in_flight.hpp"
#include "connector/reject_reason.hpp"
#include "ilp/bytes.hpp"

#include <cstddef>
#include <optional>

namespace connector {

/// Whom a link tells what became of a packet; exactly one call for each that it took and was not told to forget. Not
/// called from within send().
class link_listener {
public:
    /// The next hop's answer, which may be anything; in the link's buffer, to be used before returning.
    virtual void answered(packet_in_flight& packet, ilp::bytes_span answer) = 0;
    virtual void failed(packet_in_flight& packet, reject_reason reason) = 0;

protected:
    ~link_listener() = default;
};

/// The way to one peer from one worker. The octets of a packet are copied, and leave at the end of the turn. It never
/// sends a Prepare twice.
class link : public disposable {
public:
    /// Empty: taken. Else the reason to refuse the packet with.
    virtual std::optional<reject_reason> send(packet_in_flight& packet, ilp::bytes_view prepare) = 0;

    /// Takes a packet back that still waits to be sent: the reason to refuse it with. Empty: the next hop may have it.
    virtual std::optional<reject_reason> withdraw(packet_in_flight& packet) = 0;

    /// A packet that was sent has expired: whatever the next hop still answers is dropped.
    virtual void forget(packet_in_flight& packet) = 0;

    virtual std::size_t connection_count() const noexcept = 0;

    /// Takes no further packets, finishes those that it has, and closes its connections. It may be destroyed when it is
    /// done: until then handlers of its connections know it.
    virtual void retire() = 0;
    virtual bool is_done() const noexcept = 0;
};

}  // namespace connector
