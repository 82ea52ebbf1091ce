#include "connector/payments/payment_run.hpp"

#include "ilp/error_code.hpp"
#include "ilp/invariant.hpp"
#include "ilp/packet.hpp"

#include <chrono>
#include <utility>
#include <variant>

namespace connector {

payment_run::payment_run(event_loop& loop, prepare_handler& handler, owner& owner, std::uint64_t number,
                         peering::peer payer, const receiver& receiver)
    : loop_{loop},
      handler_{handler},
      owner_{owner},
      number_{number},
      payer_{std::move(payer)},
      sender_{receiver.destination, receiver.shared_secret, payer_.address.text()} {}

void payment_run::quote(ilp::amount wanted, const ilp::known_path& path) {
    quote_.emplace(wanted, path);
    wake();
}

void payment_run::pay(const ilp::payment_terms& terms, const ilp::payment_state& state, const ilp::known_path& path,
                      const ilp::payment_limits& limits) {
    payment_.emplace(terms, state, path, limits, numbers_used_);
    wake();
}

void payment_run::cancel() {
    if (payment_) {
        payment_->cancel();
        wake();
    } else {
        is_suspended_ = true;
    }
}

void payment_run::answer(std::uint64_t request, ilp::bytes_view packet, bool held) {
    --unanswered_;
    answer_.assign(packet.begin(), packet.end());
    if (const auto fulfill = ilp::fulfill_view::parse(answer_)) {
        // Nobody can fulfill a probe, and whoever sends a payment's packet knows that it has an amount.
        ilp::require(payment_.has_value() && held, "a Fulfill of a payment is posted");
        ++unreleased_;
        payment_->fulfilled(request, sender_.read_fulfill(request, *fulfill), loop_.now().steady);
        const ilp::payment_state state = payment_->state();
        owner_.advanced({number_, state.sent, state.delivered});
    } else {
        const auto reject = ilp::reject_view::parse(answer_);
        ilp::require(reject.has_value(), "an answer is a Fulfill or a Reject");
        rejected(request, sender_.read_reject(request, *reject));
    }
    wake();
}

void payment_run::release(std::uint64_t /*request*/) {
    --unreleased_;
    wake();
}

/// Our Prepares are sound, so this does not happen; if it does, the packet has not left.
void payment_run::refuse_malformed(std::uint64_t request) {
    --unanswered_;
    rejected(request, {.code = ilp::error_code::f01_invalid_packet});
    wake();
}

/// Answers to probes may come when the quote has what it needs.
void payment_run::rejected(std::uint64_t number, const ilp::payment_rejection& rejection) {
    const auto now = loop_.now().steady;
    if (quote_) {
        quote_->rejected(number, rejection, now);
    } else if (payment_ && number > numbers_used_) {
        payment_->rejected(number, rejection, now);
    }
}

/// Answers arrive within calls of the worker, and several of them in a turn: what follows from them is done once they
/// all have been read.
void payment_run::wake() {
    if (std::exchange(is_posted_, true)) return;
    loop_.post([this] {
        loop_.enter();
        is_posted_ = false;
        advance();
    });
}

void payment_run::advance() {
    wait_.cancel();
    const auto now = loop_.now().steady;
    for (std::size_t sent = 0; sent < packets_of_turn; ++sent) {
        if (is_suspended_) return;
        const bool has_sent = payment_ ? advance_payment(now) : quote_ && advance_quote(now);
        if (!has_sent) return;
    }
    wake();
}

/// Returns true if a packet was sent, so that there may be more.
bool payment_run::advance_quote(ilp::steady_time now) {
    const auto next = quote_->next(now);
    if (const auto* const probe = std::get_if<ilp::payment_quote::send_probe>(&next)) {
        prepare_.clear();
        sender_.write_probe(prepare_, probe->number, probe->amount, wall_time_of(probe->expires_at));
        send(probe->number);
        return true;
    }
    if (const auto* const wait = std::get_if<ilp::payment_quote::wait_until>(&next)) {
        if (wait->time < ilp::steady_time::max()) loop_.set(wait_, wait->time);
        return false;
    }
    const auto outcome = std::get<ilp::payment_quote::finished>(next);
    if (!outcome && !is_idle()) return false;
    if (outcome) numbers_used_ = outcome->numbers_used;
    quote_.reset();
    owner_.quoted(number_, outcome);
    return false;
}

bool payment_run::advance_payment(ilp::steady_time now) {
    const auto next = payment_->next(now);
    if (const auto* const packet = std::get_if<ilp::outgoing_payment::send_packet>(&next)) {
        prepare_.clear();
        sender_.write_prepare(prepare_, packet->number, packet->amount, packet->minimum,
                              wall_time_of(packet->expires_at));
        send(packet->number);
        return true;
    }
    if (const auto* const wait = std::get_if<ilp::outgoing_payment::wait_until>(&next)) {
        if (wait->time < ilp::steady_time::max()) loop_.set(wait_, wait->time);
        return false;
    }
    if (is_idle()) {
        const ilp::known_path path = payment_->path();
        payment_.reset();
        owner_.ended(number_, std::get<ilp::outgoing_payment::finished>(next), path);
    }
    return false;
}

/// Hands the Prepare to the worker. The answer comes within the call if the packet goes no further.
void payment_run::send(std::uint64_t number) {
    ++unanswered_;
    handler_.prepare_received(*this, number, payer_, prepare_);
}

ilp::timestamp payment_run::wall_time_of(ilp::steady_time time) const noexcept {
    const ilp::instant& now = loop_.now();
    return now.wall + std::chrono::floor<std::chrono::milliseconds>(time - now.steady);
}

}  // namespace connector
