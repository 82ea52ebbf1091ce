#pragma once

#include "ilp/amount.hpp"
#include "ilp/clock.hpp"
#include "ilp/error_code.hpp"
#include "ilp/payment/exchange_ratio.hpp"
#include "ilp/payment/known_path.hpp"
#include "ilp/payment/payment_answer.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace ilp {

/// What a path delivers, as a receiver has said about a probe.
struct quoted_path {
    exchange_ratio rate{};
    known_path path{};
    std::uint64_t numbers_used = 0;  ///< for outgoing_payment
};

/// Why there is no quote.
enum class quote_failure : std::uint8_t {
    refused,             ///< a final reject; `code` says which
    no_answer,           ///< no probe has reached the receiver; `code` is that of the last reject, if there was one
    path_takes_nothing,  ///< every amount is too large for the path
    amount_too_small,    ///< the amount is worth nothing to the receiver
};

std::string_view describe(quote_failure failure) noexcept;

struct quote_refusal {
    quote_failure failure;
    std::optional<error_code> code;  ///< nullopt also for a code that RFC 27 does not define
};

/// Finds out the rate of a path before a payment is agreed, by probes: packets whose condition nobody can fulfill,
/// which the receiver rejects with F99 and the amount that has arrived.
///
/// All probes of a round leave at once: the wanted amount, or the path's maximum if that is known to be smaller, and
/// each a hundredth of the one before. Hence one round trip is enough if any of them passes that delivers a thousand
/// units, whatever the maximum is. Only if all that pass are smaller, a second round probes between the largest of them
/// and the maximum that the first has found. Where a rate is already known, a payment needs no quote.
///
/// The probes in flight never add up to more than is available, because each is held like a packet. So the smallest
/// leaves first, and a larger one for which the rest is too little waits until the smaller ones have returned. It is
/// not sent at all if they have shown the rate, or that the path does not take it.
///
/// The owner calls next() as it does for an outgoing_payment, and must keep probes from being charged for: they are
/// held like any packet, and return. Answers that come after the end are ignored. Deterministic, not thread-safe.
class payment_quote {
public:
    struct send_probe {
        std::uint64_t number;  ///< the sequence of the STREAM packet: 1 for the first
        ilp::amount amount;
        steady_time expires_at;
    };
    struct wait_until {
        steady_time time;
    };
    using finished = std::expected<quoted_path, quote_refusal>;
    using step = std::variant<send_probe, wait_until, finished>;

    /// `wanted`: the largest amount that would be sent in one packet; not zero, and not more than `available`, which
    /// all probes in flight may take together.
    payment_quote(amount wanted, const known_path& path, amount available = amount::max());

    [[nodiscard]] step next(steady_time now);

    void rejected(std::uint64_t number, const payment_rejection& rejection, steady_time now);
    void expired(std::uint64_t number, steady_time now);
    /// The probe has not left, as in outgoing_payment::withdrawn(). It is sent later.
    void withdrawn(std::uint64_t number, steady_time now);

private:
    struct probe {
        std::uint64_t number;
        ilp::amount amount;
        steady_time sent_at;
    };

    std::optional<probe> take(std::uint64_t number);
    void begin_round(steady_time now);
    amount largest() const noexcept;
    bool is_good_enough() const noexcept;
    finished result() const;

    amount wanted_;
    known_path path_;
    amount available_;            // beside what is in flight
    std::vector<amount> unsent_;  // of this round, the largest first
    std::vector<probe> in_flight_;
    std::optional<exchange_ratio> best_;  // of the largest probe that has passed
    unsigned rounds_ = 0;
    std::uint64_t last_number_ = 0;
    steady_time next_round_at_{};
    steady_time paused_until_{};
    bool had_too_little_time_ = false;  // in this round
    std::optional<error_code> last_code_;
    bool was_too_small_ = false;  // the largest that has arrived was worth nothing
    std::optional<quote_refusal> refusal_;
};

}  // namespace ilp
