#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/routing/reject_reason.hpp"
#include "connector/transport/trace_id.hpp"
#include "ilp/bytes.hpp"
#include "ilp/clock.hpp"
#include "ilp/packet.hpp"
#include "peering/splitting/split_header.hpp"
#include "peering/splitting/split_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace connector {

class link_listener;

/// A Prepare as a link knows it: its identity, its listener, and the peer that sent it.
struct carried_packet {
    static constexpr std::uint32_t this_node = std::numeric_limits<std::uint32_t>::max() - 1;

    link_listener* listener = nullptr;
    std::uint8_t sent_again = 0;  ///< for the link: how often it was sent again, because it was certainly not taken
    bool came_in_time = false;    ///< the peer has been told so about its answer, which counts even if it is late here
    std::uint16_t status = 0;     ///< of the last response to its request, where the link speaks HTTP
    std::uint16_t place = 0;      ///< for the link, which finds the packet with it
    std::uint16_t parts = 1;      ///< for the link: the number of requests that carry it
    bool is_question = false;     ///< for the link: see ask_outcome()
    /// Id of the peer that sent it; a link divides its connections and places among senders.
    std::uint32_t sender = this_node;
    /// When it was given to the link, or to a connection if it had to wait for one.
    ilp::steady_time sent_at{};
    ilp::steady_time due = ilp::steady_time::max();  ///< no answer counts that comes later
    /// What the peer takes in parts, as the last response to its request says. With `max_parts` of 0 it takes none.
    peering::split_terms accepts{};
    /// Of the answer, if that begins as a Reject does and has one. A link sets it before it passes on such an answer.
    trace_id trace{};
};

/// Only such answers have a trace id.
inline bool begins_as_reject(ilp::bytes_view answer) noexcept {
    return !answer.empty() && ilp::packet_type{answer.front()} == ilp::packet_type::reject;
}

/// How a packet crosses the link in parts (docs/splitting.md).
struct parting {
    peering::split_id id{};
    peering::split_plan plan;
};

/// Receives the outcome of each packet that a link has accepted: exactly one call per packet, unless the link was told
/// to forget it or gave it back through withdraw(). Never called from within send().
class link_listener {
public:
    /// `answer` is the next hop's answer, not yet validated. It is in the link's buffer and valid only during the call.
    virtual void answered(carried_packet& packet, ilp::bytes_span answer) = 0;
    virtual void failed(carried_packet& packet, reject_reason reason) = 0;

protected:
    ~link_listener() = default;
};

/// The connections from one worker to one peer. A packet's bytes are copied and sent at the end of the turn. A link
/// sends a Prepare a second time only if the next hop has certainly not taken it the first time.
class link : public disposable {
public:
    /// Returns nullopt if the packet was accepted, otherwise the reason to refuse it with.
    virtual std::optional<reject_reason> send(carried_packet& packet, ilp::bytes_view prepare) = 0;

    /// As send(), but in parts, which all travel on one connection. The first answer to any of them is the answer of
    /// the packet. It fails with part_never_left if the next hop certainly does not have all parts; they are not sent
    /// again.
    virtual std::optional<reject_reason> send_parts(carried_packet& /*packet*/, ilp::bytes_view /*prepare*/,
                                                    const parting& /*how*/) {
        return reject_reason::part_never_left;
    }

    /// Asks the peer for the Fulfill of a packet that has crossed the link in parts. It is the answer to `question`,
    /// which has no other use; without one, the question fails. It does not wait behind packets, and says nothing of
    /// the next hop if it gets no answer in time.
    virtual std::optional<reject_reason> ask_outcome(carried_packet& /*question*/, const peering::split_id& /*of*/) {
        return reject_reason::part_never_left;
    }

    /// Takes back a packet that is still waiting to be sent, and returns the reason to refuse it with. Returns nullopt
    /// if the packet may already have been sent to the next hop.
    virtual std::optional<reject_reason> withdraw(carried_packet& packet) = 0;

    /// Called before forget(): no answer to a packet that was sent is taken any more. Returns false if one has come in
    /// time and the listener is about to be told: the packet does not expire, and must not be forgotten.
    virtual bool give_up_answer(carried_packet& /*packet*/) { return true; }

    /// Called when a packet that was sent has expired: any later answer from the next hop is dropped.
    virtual void forget(carried_packet& packet) = 0;

    virtual std::size_t connection_count() const noexcept = 0;
    /// Packets that wait for a connection.
    virtual std::size_t waiting_count() const noexcept = 0;

    /// The last problem with the peer that was logged, for example that it is unreachable and why; empty while there is
    /// none.
    virtual std::string_view trouble() const noexcept = 0;

    /// Accepts no further packets, finishes those that it has, and closes its connections. The link must not be
    /// destroyed before is_done(), because handlers of its connections still refer to it.
    virtual void retire() = 0;
    virtual bool is_done() const noexcept = 0;
};

}  // namespace connector
