#pragma once

#include "connector/loop/deadline_wheel.hpp"
#include "connector/loop/event_loop.hpp"
#include "connector/transport/answer_sink.hpp"
#include "connector/transport/prepare_handler.hpp"
#include "ilp/amount.hpp"
#include "ilp/bytes.hpp"
#include "ilp/payment/known_path.hpp"
#include "ilp/payment/outgoing_payment.hpp"
#include "ilp/payment/payment_quote.hpp"
#include "ilp/payment/payment_state.hpp"
#include "ilp/stream/sender.hpp"
#include "peering/directory/peer.hpp"
#include "peering/records/payment.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace connector {

/// One payment on one worker, over one STREAM connection: what outgoing_payment decides, as packets. They are handled
/// like those of a peer, whose place the paying account takes (payer_of), so they have the same stages, the same links
/// and the same books. Used on the loop's thread only.
///
/// The amounts of a payment become durable with its packets: `advanced` is called in the turn in which a packet's
/// posting joins the worker's batch. A refused quote and the end are told once everything has been answered, and what
/// was fulfilled is durable.
///
/// The owner may destroy it while is_idle(), as it is when these two are told, but not within a call of the run
/// (event_loop::dispose), or once the loop has stopped.
class payment_run final : public answer_sink, public disposable {
public:
    /// Its functions must not call the run.
    class owner {
    public:
        virtual void quoted(std::uint64_t payment, const ilp::payment_quote::finished& outcome) = 0;
        virtual void advanced(const peering::payment_progress& progress) = 0;
        virtual void ended(std::uint64_t payment, const ilp::outgoing_payment::finished& finished,
                           const ilp::known_path& path) = 0;

    protected:
        ~owner() = default;
    };

    /// Where the payment goes: what the receiver's SPSP server has said.
    struct receiver {
        std::string destination;
        ilp::bytes shared_secret;
    };

    /// Packets that leave in one turn, so that a large window does not delay the packets of others.
    static constexpr std::size_t packets_of_turn = 64;

    /// `number` is that of the payment's record. Nothing is sent before quote() or pay().
    payment_run(event_loop& loop, prepare_handler& handler, owner& owner, std::uint64_t number, peering::peer payer,
                const receiver& receiver);

    /// Asks for the rate. `wanted`: the largest amount that would be sent in one packet.
    void quote(ilp::amount wanted, const ilp::known_path& path);

    /// Pays. `state` is that of a new payment, or one that was taken_up().
    void pay(const ilp::payment_terms& terms, const ilp::payment_state& state, const ilp::known_path& path,
             const ilp::payment_limits& limits);

    /// Sends nothing more. A payment then ends; of a quote nothing is told any more.
    void cancel();
    /// The daemon stops: nothing more is sent, and nothing is told. The payment goes on after the next start.
    void suspend() noexcept { is_suspended_ = true; }
    /// True if no answer is outstanding, and nothing waits to become durable.
    bool is_idle() const noexcept { return unanswered_ == 0 && unreleased_ == 0 && !is_posted_; }

    /// True from pay() until the end.
    bool is_paying() const noexcept { return payment_.has_value(); }

    /// What the receiver says about its asset, once a quote has asked.
    const std::optional<ilp::stream::receiver_asset>& asset() const noexcept { return sender_.asset(); }

    // answer_sink; a request is the number of a packet.
    void answer(std::uint64_t request, ilp::bytes_view packet, bool held) override;
    void release(std::uint64_t request) override;
    void refuse_malformed(std::uint64_t request) override;

private:
    void wake();
    void on_deadline() { wake(); }
    void advance();
    bool advance_quote(ilp::steady_time now);
    bool advance_payment(ilp::steady_time now);
    void rejected(std::uint64_t number, const ilp::payment_rejection& rejection);
    void send(std::uint64_t number);
    ilp::timestamp wall_time_of(ilp::steady_time time) const noexcept;

    event_loop& loop_;
    prepare_handler& handler_;
    owner& owner_;
    const std::uint64_t number_;
    const peering::peer payer_;
    ilp::stream::sender sender_;

    std::optional<ilp::payment_quote> quote_;
    std::uint64_t numbers_used_ = 0;  // by the quote
    std::optional<ilp::outgoing_payment> payment_;

    deadline_of<payment_run, &payment_run::on_deadline> wait_{*this};
    ilp::bytes prepare_;
    ilp::bytes answer_;
    std::size_t unanswered_ = 0;
    std::size_t unreleased_ = 0;  // fulfilled packets that are not durable yet
    bool is_posted_ = false;      // advance() follows
    bool is_suspended_ = false;
};

}  // namespace connector
