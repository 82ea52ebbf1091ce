#pragma once

#include "connector/loop/event_loop.hpp"
#include "connector/payments/refusal.hpp"
#include "connector/transport/answer_sink.hpp"
#include "connector/transport/fair_turns.hpp"
#include "connector/transport/own_packets.hpp"
#include "ilp/bytes.hpp"
#include "ilp/payment/payment_answer.hpp"
#include "ilp/stream/sender.hpp"
#include "peering/directory/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace connector {

/// A run needs this while it sends a packet or reads an answer. The runs of a worker share it.
struct run_memory {
    ilp::stream::sender_memory of_sender;
    ilp::bytes prepare;
    ilp::bytes answer;
};

/// A run uses these parts of its worker, which outlive it.
struct run_surroundings {
    event_loop& loop;
    own_packets& packets;
    turn_share& share;  ///< of the loop's turns, for all payments together
    run_memory& memory;
};

/// The receiver's SPSP server says that the payment goes here.
struct payment_receiver {
    std::string destination;  ///< a valid ILP address
    ilp::bytes shared_secret;
};

/// Who pays, and to whom.
struct run_parties {
    peering::peer payer;  ///< see own_payer()
    payment_receiver receiver;
};

/// Carries out on a worker's loop what `ilp::payment_quote` or `ilp::outgoing_payment` decides: it sends their packets,
/// wakes at their times, and tells them what became of each packet. It ends when every packet has been answered, and
/// the postings of what was fulfilled are durable. Then it may close the connection, with one more packet, whose answer
/// changes nothing.
///
/// Packets of payments take turns with those of peers (fair_turns), so however much a payment has to send, forwarded
/// packets do not wait for it.
class stream_run : public disposable, private answer_sink, private turn_taker {
public:
    stream_run(const run_surroundings& around, run_parties parties);

    /// Sends what can be sent, from now on until the decision ends.
    void start() { advance(); }

    /// The decision has ended and no packet is in flight.
    bool has_ended() const noexcept { return has_ended_; }
    /// Called once, when the run has ended.
    void when_ended(std::function<void()> action) { when_ended_ = std::move(action); }
    /// Called once, later, when nothing of it is in flight: it may then be given to event_loop::dispose().
    void when_closed(std::function<void()> action) { when_closed_ = std::move(action); }

    /// Ends the run as soon as what is in flight has been answered.
    virtual void cancel() = 0;
    /// The same because the daemon stops: what is left can go on later.
    virtual void interrupt() = 0;

protected:
    enum class packet_kind : std::uint8_t { money, probe, closing };
    struct packet {
        std::uint64_t number;
        ilp::amount amount;
        ilp::amount minimum;
        ilp::steady_time expires_at;
        packet_kind kind;
    };
    struct wait_until {
        ilp::steady_time time;
    };
    struct ended {};
    using step = std::variant<packet, wait_until, ended>;

    // The decision, as the class that is derived from this one knows it.
    virtual step next(ilp::steady_time now) = 0;
    virtual void fulfilled(std::uint64_t number, std::optional<ilp::amount> delivered, ilp::steady_time now) = 0;
    virtual void rejected(std::uint64_t number, const ilp::payment_rejection& rejection, ilp::steady_time now) = 0;
    virtual void withdrawn(std::uint64_t number, ilp::steady_time now) = 0;
    /// The packet that closes the connection when the run has ended, if there is one.
    virtual std::optional<packet> closing(ilp::steady_time /*now*/) { return std::nullopt; }

    /// The last packet that was answered was rejected so.
    const std::optional<refusal>& last_refusal() const noexcept { return last_refusal_; }
    const std::optional<ilp::stream::receiver_asset>& asset() const noexcept { return sender_.asset(); }
    own_packets& packets() const noexcept { return packets_; }
    ilp::steady_time now() const noexcept { return loop_.now().steady; }
    /// Has the decision asked again in this turn, but not within this call.
    void ask_again();

private:
    // answer_sink
    void answer(std::uint64_t request, ilp::bytes_view octets, bool held) override;
    void reject(std::uint64_t request, ilp::bytes_view packet, const failure& failure) override;
    void revoke(std::uint64_t request, ilp::bytes_view packet, const failure& failure) override;
    void release(std::uint64_t request) override;
    void refuse_malformed(std::uint64_t request) override;

    // turn_taker
    void on_turn() override;

    void advance();
    void take_answer(std::uint64_t request, ilp::bytes_view octets, bool held, std::optional<reject_reason> reason);
    /// Returns false if the node takes no packet.
    bool send(const packet& next);
    void end();
    void close();

    event_loop& loop_;
    own_packets& packets_;
    turn_share& share_;
    run_memory& memory_;
    peering::peer payer_;
    ilp::stream::sender sender_;
    std::function<void()> when_ended_;
    std::function<void()> when_closed_;

    std::optional<refusal> last_refusal_;
    std::optional<packet> ready_;  ///< waits for its turn
    std::size_t undurable_ = 0;    ///< packets that were fulfilled and wait for their commit
    bool is_advancing_ = false;
    bool is_posted_ = false;  ///< a handler of the loop refers to this
    bool has_ended_ = false;
    deadline_of<stream_run, &stream_run::advance> wake_;
};

}  // namespace connector
