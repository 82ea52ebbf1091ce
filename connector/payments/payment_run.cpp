#include "connector/payments/payment_run.hpp"

#include "ilp/invariant.hpp"

#include <fmt/format.h>

#include <utility>

namespace connector {
namespace {

constexpr std::uint64_t many_packets = 10'000;

}  // namespace

payment_run::payment_run(const run_surroundings& around, payment_order order)
    : stream_run{around, std::move(order.parties)},
      number_{order.number},
      send_{order.terms.send},
      payment_{order.terms, order.state, order.path, order.limits, order.numbers_used},
      progress_{std::move(order.progress)},
      on_wait_{std::move(order.on_wait)} {}

payment_outcome payment_run::outcome() const {
    ilp::require(how_.has_value(), "only a payment that has ended has an outcome");
    const bool is_left = is_interrupted_ && how_->end == ilp::payment_end::cancelled;
    return {*how_, is_left, payment_.state(), payment_.path(), asset(), payment_.numbers_used(), last_refusal()};
}

void payment_run::cancel() {
    payment_.cancel();
    ask_again();
}

void payment_run::interrupt() {
    is_interrupted_ = true;
    cancel();
}

auto payment_run::next(ilp::steady_time now) -> step {
    const auto decided = payment_.next(now);
    if (const auto* const next = std::get_if<ilp::outgoing_payment::send_packet>(&decided)) {
        return packet{next->number, next->amount, next->minimum, next->expires_at, packet_kind::money};
    }
    if (const auto* const wait = std::get_if<ilp::outgoing_payment::wait_until>(&decided)) {
        return wait_until{wait->time};
    }
    how_ = std::get<ilp::outgoing_payment::finished>(decided);
    return ended{};
}

void payment_run::fulfilled(std::uint64_t number, std::optional<ilp::amount> delivered, ilp::steady_time now) {
    payment_.fulfilled(number, delivered, now);
    const ilp::payment_state state = payment_.state();
    packets().advance({number_, state.sent, state.delivered});
    progress_->sent.store(state.sent.value, std::memory_order_relaxed);
    progress_->delivered.store(state.delivered.value, std::memory_order_relaxed);
    progress_->packets.fetch_add(1, std::memory_order_relaxed);
    const ilp::amount maximum = payment_.path().maximum.value();
    const bool takes_long = (send_.value - state.sent.value) / many_packets > maximum.value;
    if (takes_long && said_maximum_ == maximum) return;
    if (!takes_long) return say({});
    say(fmt::format("the path, which takes at most {} in a packet, in the smallest unit of the account",
                    ilp::to_string(maximum)));
    said_maximum_ = maximum;
}

void payment_run::say(std::string waits_for) {
    if (waits_for == said_) return;
    said_maximum_.reset();
    said_ = std::move(waits_for);
    on_wait_(said_);
}

void payment_run::rejected(std::uint64_t number, const ilp::payment_rejection& rejection, ilp::steady_time now) {
    payment_.rejected(number, rejection, now);
    progress_->rejects.fetch_add(1, std::memory_order_relaxed);
    // The others of the class F are final, or teach the payment something at once.
    const bool has_to_wait = !rejection.code || *rejection.code >= ilp::error_code::t00_internal_error;
    if (has_to_wait && last_refusal()) say(to_text(*last_refusal()));
}

void payment_run::withdrawn(std::uint64_t number, ilp::steady_time now) {
    payment_.withdrawn(number, now);
    say("the daemon's store, which does not work");
}

/// Otherwise the receiver would wait for more before it says what has arrived. Any other payment may go on.
auto payment_run::closing(ilp::steady_time now) -> std::optional<packet> {
    const bool has_arrived = how_->end == ilp::payment_end::completed && progress_->packets.load() != 0;
    const std::uint64_t number = payment_.numbers_used() + 1;
    if (!has_arrived || number > ilp::packets_of_connection) return std::nullopt;
    return packet{number, {}, {}, now + payment_.path().times.lifetime(), packet_kind::closing};
}

}  // namespace connector
