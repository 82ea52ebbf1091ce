#include "connector/payments/payment_run.hpp"

#include "ilp/invariant.hpp"

#include <utility>

namespace connector {

payment_run::payment_run(const run_surroundings& around, payment_order order)
    : stream_run{around, std::move(order.parties)},
      number_{order.number},
      payment_{order.terms, order.state, order.path, order.limits, order.numbers_used},
      progress_{std::move(order.progress)} {}

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
        return packet{next->number, next->amount, next->minimum, next->expires_at, false};
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
}

void payment_run::rejected(std::uint64_t number, const ilp::payment_rejection& rejection, ilp::steady_time now) {
    payment_.rejected(number, rejection, now);
    progress_->rejects.fetch_add(1, std::memory_order_relaxed);
}

void payment_run::withdrawn(std::uint64_t number, ilp::steady_time now) {
    payment_.withdrawn(number, now);
}

}  // namespace connector
