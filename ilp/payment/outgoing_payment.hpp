#pragma once

#include "ilp/amount.hpp"
#include "ilp/clock.hpp"
#include "ilp/error_code.hpp"
#include "ilp/payment/exchange_ratio.hpp"
#include "ilp/payment/known_path.hpp"
#include "ilp/payment/path_maximum.hpp"
#include "ilp/payment/payment_answer.hpp"
#include "ilp/payment/payment_state.hpp"
#include "ilp/payment/round_trip_times.hpp"
#include "ilp/payment/send_window.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace ilp {

/// What is to be paid. `minimum` protects each packet and thereby the whole: a packet carries minimum.minimum_for() of
/// its amount, rounded up, as the least that the receiver may fulfill. Connectors round each packet down, which would
/// refuse a good rate where the receiver's unit is coarse. So a packet may ask for a unit less, or the remainder for
/// what rounding leaves of it, as long as the whole delivers at most one unit less than its minimum. A minimum equal to
/// the rate holds only where no packet is rounded; otherwise agree on a slippage.
///
/// With a fixed delivery, the whole is protected by `send`, and a packet need not carry more than what is still
/// missing.
struct payment_terms {
    enum class target : std::uint8_t { fixed_send, fixed_delivery };

    target kind = target::fixed_send;
    ilp::amount deliver{};  ///< fixed_delivery: what the receiver shall get, not zero
    ilp::amount send;       ///< fixed_send: what is sent, not zero; fixed_delivery: never more than this is sent
    exchange_ratio minimum{};
    exchange_ratio expected{};  ///< the quoted rate, which is not below the minimum
};

/// Sends all of `send`. `quoted`: the rate of a quote; `slippage` in basis points, at most slippage_max.
payment_terms send_exactly(amount send, const exchange_ratio& quoted, unsigned slippage) noexcept;
/// Delivers `deliver`, and sends at most what the slippage allows for it.
payment_terms deliver_exactly(amount deliver, const exchange_ratio& quoted, unsigned slippage) noexcept;

/// Bounds of a payment that do not depend on what is paid.
struct payment_limits {
    std::size_t packets_in_flight_max = 1'000;
    /// The payment ends if no packet was fulfilled for so long.
    std::chrono::nanoseconds progress = std::chrono::seconds{30};
};

inline constexpr std::uint64_t packets_of_connection = 0x7fff'ffff;  ///< RFC 29: a connection closes at 2^31 packets

enum class payment_end : std::uint8_t {
    completed,
    cancelled,
    no_progress,           ///< nothing was fulfilled for as long as the limits allow; `code` is of the last Reject
    refused,               ///< a final reject, or one that came again and again before anything was fulfilled
    rate_too_low,          ///< the receiver got less than the minimum, again and again
    limit_reached,         ///< fixed delivery: `send` was sent, and less than `deliver` has arrived
    amount_too_small,      ///< what is left to send is worth nothing to the receiver; it stays in the account
    path_takes_nothing,    ///< every amount is too large for the path
    receiver_contradicts,  ///< the receiver fulfilled a packet and says that it got less than the packet's minimum
    too_many_packets,      ///< a STREAM connection has used up its packets (RFC 29)
};

std::string_view describe(payment_end end) noexcept;

/// The decisions of one payment over one STREAM connection: how it is split into packets, when each leaves, and what
/// each answer means. It reads no clock, knows no socket and no codec, and is deterministic.
///
/// The owner calls next() until it returns no `send_packet`: after it was made, after each answer, and at the time of
/// `wait_until`. It calls fulfilled(), rejected(), expired() or withdrawn() exactly once for each packet that it was
/// told to send, and expired() only when a Fulfill that comes later is not honoured any more.
///
/// **Quote.** The first packet already carries money: the payment probes nothing. Its terms come from a quote
/// (`payment_quote`), which takes one round trip where a probe passes, or from a rate that is already known.
///
/// **Answers.** T00, T01 and T99 are tried again after a round trip, with pauses that double; R00, R02 and an expiry
/// after giving the packets more time; F99 because another packet may be taken. Each kind ends the payment when it has
/// come in too many round trips without a Fulfill between them. T02 to T05 slow it down (`send_window`) until
/// `progress` ends it. F08 makes packets smaller (`path_maximum`). R01 makes them larger; if packets of that
/// size were fulfilled before, the rate has become worse, and it is tried again as what the receiver gets too little
/// of. All other codes of the class F are final, F05 among them.
///
/// **The last packet takes the remainder.** If less than two packets are left, they are made equal: a small remainder
/// could be rounded to nothing on the way. Each packet but the last is worth whole units of the receiver at the quoted
/// rate, or hardly more, so that rounding takes little of it. If the receiver says that it got a unit too little, the
/// next packets have some more to spare, and if equal packets lose too much, the larger one leaves first.
///
/// **A path may take more than before.** Now and then, a packet is twice as large as the largest that the path has
/// taken: first after some seconds, and more seldom while it is refused. If it passes, the next one is larger again.
///
/// At its end, and when it was cancelled, a payment waits for the answers to what is in flight. Not thread-safe.
class outgoing_payment {
public:
    struct send_packet {
        std::uint64_t number;  ///< the sequence of the STREAM packet, never used before on its connection
        ilp::amount amount;
        ilp::amount minimum;  ///< for the receiver
        steady_time expires_at;
    };
    /// Nothing leaves before an answer arrives or `time` has come. steady_time::max(): only an answer changes anything.
    struct wait_until {
        steady_time time;
    };
    struct finished {
        payment_end end;
        std::optional<error_code> code;  ///< the last one, if a Reject ended the payment and RFC 27 defines its code
    };
    using step = std::variant<send_packet, wait_until, finished>;

    /// `state`: all zero, or what was stored and then taken_up(). `numbers_used`: the packets that the connection has
    /// had, which are those of the quote. A payment that is taken up needs a new connection, because nobody knows which
    /// numbers the old one has used.
    outgoing_payment(const payment_terms& terms, const payment_state& state, const known_path& path,
                     const payment_limits& limits, std::uint64_t numbers_used = 0);

    [[nodiscard]] step next(steady_time now);

    /// The packet was fulfilled. `delivered`: what the receiver's reply says; nullopt if it has no authentic one, which
    /// counts as the packet's minimum, because only the receiver can make the fulfillment.
    void fulfilled(std::uint64_t number, std::optional<amount> delivered, steady_time now);
    void rejected(std::uint64_t number, const payment_rejection& rejection, steady_time now);
    void expired(std::uint64_t number, steady_time now);
    /// The packet has not left, because the node that pays takes none itself. That says nothing about the path: nothing
    /// is counted, and the time until the node takes packets again is not time without progress.
    void withdrawn(std::uint64_t number, steady_time now);
    void cancel() noexcept { stop(payment_end::cancelled); }

    payment_state state() const noexcept;
    std::size_t packets_in_flight() const noexcept { return in_flight_.size(); }
    /// The packets that its connection has had.
    std::uint64_t numbers_used() const noexcept { return last_number_; }
    known_path path() const noexcept { return {maximum_, times_}; }

private:
    struct packet_in_flight {
        ilp::amount amount;
        ilp::amount minimum;
        ilp::amount expected;  // what it will deliver
        ilp::amount conceded;  // of what its amount must deliver by the terms
        steady_time sent_at;
        bool is_trial;  // larger than what the path is known to take
    };

    /// Rejects of one kind that have come without a Fulfill between them, counted once for each round trip.
    struct setbacks {
        unsigned count = 0;
        steady_time last{};
    };

    packet_in_flight take(std::uint64_t number);
    void stop(payment_end end, std::optional<error_code> code = std::nullopt) noexcept;
    /// Returns false if it is one more of a round trip that was counted already.
    bool set_back(setbacks& kind, unsigned allowed, const packet_in_flight& packet, steady_time now, payment_end end,
                  std::optional<error_code> code);
    void out_of_order(const packet_in_flight& packet, std::optional<error_code> code, steady_time now);
    void below_minimum(const packet_in_flight& packet, amount received, steady_time now);
    void insufficient(const packet_in_flight& packet, steady_time now);
    void too_small(const packet_in_flight& packet) noexcept;
    void had_too_little_time(const packet_in_flight& packet, error_code code, steady_time now);
    void learn_rate(amount sent_amount, amount delivered) noexcept;

    bool is_fixed_delivery() const noexcept { return terms_.kind == payment_terms::target::fixed_delivery; }
    bool is_complete() const noexcept;
    amount left_to_send() const noexcept;
    /// Fixed delivery: what is to be delivered beside what is expected from the packets in flight.
    amount missing() const noexcept;
    amount minimum_of(amount packet) const noexcept;
    /// The least that a packet must deliver by the terms.
    amount least_of(amount packet) const noexcept;
    /// What the whole may deliver less because of rounding, beside what the packets in flight may.
    amount may_concede() const noexcept;
    /// Whole units of the receiver that an amount delivers at the quoted rate, and the amount for so many.
    amount units_of(amount sent_amount) const noexcept;
    amount amount_of(amount units) const noexcept;
    /// Of each packet, for rounding on the way.
    amount spared() const noexcept;
    /// The next packet of several, of which none is larger than `packet_max`.
    amount cut(amount wanted, amount packet_max) const noexcept;
    /// Zero if nothing can leave before an answer arrives. Stops the payment if nothing can leave at all.
    amount next_amount(steady_time now);
    /// The largest packet that is worth trying, as far as the path is concerned.
    amount largest_worth_trying(amount in_flight_max, steady_time now) const noexcept;
    void reached_receiver(const packet_in_flight& packet, steady_time now) noexcept;
    step wait(steady_time now) const noexcept;

    payment_terms terms_;
    payment_limits limits_;

    amount sent_;
    amount delivered_;
    std::unordered_map<std::uint64_t, packet_in_flight> in_flight_;
    amount in_flight_amount_;
    amount in_flight_expected_;
    amount in_flight_conceded_;
    std::uint64_t last_number_ = 0;

    path_maximum maximum_;
    std::optional<steady_time> trial_at_;  // of the next larger packet, once others have arrived
    std::chrono::nanoseconds trial_pause_;
    round_trip_times times_;
    send_window window_;
    exchange_ratio rate_;       // what the packets have delivered last
    amount rate_sample_;        // the size of the packet that showed it
    amount smallest_{1};        // smaller packets are rounded to nothing on the way
    amount largest_fulfilled_;  // of this payment since it was started or taken up

    unsigned spared_ = 0;                      // rises with what each packet has to spare for rounding
    bool prefers_full_packets_ = false;        // of two, instead of equal ones
    std::optional<exchange_ratio> remainder_;  // what the receiver got of a packet that was too small

    setbacks temporary_;
    setbacks late_;
    setbacks low_;
    setbacks declined_;
    std::optional<error_code> last_code_;  // of the last Reject

    std::optional<steady_time> progress_at_;   // of the first step or the last Fulfill, and later by each pause
    std::optional<steady_time> withdrawn_at_;  // a packet was withdrawn, and the pause is not over
    std::optional<finished> end_;
};

}  // namespace ilp
