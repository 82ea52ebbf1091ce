#include "ilp/payment/payment_quote.hpp"

#include "ilp/invariant.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace ilp {
namespace {

constexpr std::size_t probes_of_round = 7;
constexpr std::uint64_t first_step = 100;  // between the probes of a round; they reach down to a part of 10^12
constexpr std::uint64_t next_step = 2;     // between what was refused and what has passed
constexpr unsigned rounds_max = 4;
constexpr std::uint64_t delivered_enough = 1'000;  // a rounded unit is then at most a thousandth of it
constexpr std::chrono::nanoseconds round_pause_min = std::chrono::milliseconds{10};

/// True for a Reject that another probe would get as well.
bool is_final(error_code code) noexcept {
    return code < error_code::t00_internal_error && code != error_code::f08_amount_too_large &&
           code != error_code::f99_application_error;
}

}  // namespace

std::string_view describe(quote_failure failure) noexcept {
    switch (failure) {
        case quote_failure::refused:
            return "The path or the receiver refuses the payment";
        case quote_failure::no_answer:
            return "No packet has reached the receiver";
        case quote_failure::path_takes_nothing:
            return "The path takes no packet of any amount";
        case quote_failure::amount_too_small:
            return "The amount is too small to arrive";
    }
    std::unreachable();
}

payment_quote::payment_quote(amount wanted, const known_path& path, amount available)
    : wanted_{wanted}, path_{path}, available_{available} {
    require(!wanted.is_zero(), "a quote is for an amount");
    require(wanted <= available, "a probe takes no more than there is");
}

auto payment_quote::next(steady_time now) -> step {
    if (refusal_) return finished{std::unexpected{*refusal_}};
    if (is_good_enough()) return result();
    if (now < paused_until_) return wait_until{paused_until_};
    if (!unsent_.empty() && unsent_.back() > path_.maximum.value()) unsent_.clear();  // the others are larger still
    if (unsent_.empty() && in_flight_.empty()) {
        if (now < next_round_at_) return wait_until{next_round_at_};
        if (rounds_ == rounds_max || largest().is_zero()) return result();
        begin_round(now);
    }
    if (unsent_.empty() || unsent_.back() > available_) return wait_until{steady_time::max()};
    const amount amount = unsent_.back();
    unsent_.pop_back();
    available_.value -= amount.value;
    in_flight_.push_back({++last_number_, amount, now});
    return send_probe{last_number_, amount, now + path_.times.lifetime()};
}

void payment_quote::rejected(std::uint64_t number, const payment_rejection& rejection, steady_time now) {
    const auto answered = take(number);
    if (!answered) return;
    last_code_ = rejection.code;
    if (rejection.code == error_code::f99_application_error && rejection.received) {
        path_.times.measured(now - answered->sent_at);
        path_.maximum.passed(answered->amount);
        if (rejection.received->is_zero()) {
            was_too_small_ = true;
        } else if (!best_ || answered->amount.value > best_->sent) {
            best_ = exchange_ratio{rejection.received->value, answered->amount.value};
        }
    } else if (rejection.code == error_code::f08_amount_too_large) {
        path_.maximum.refused(answered->amount, rejection.too_large);
    } else if (rejection.code == error_code::r01_insufficient_source_amount) {
        was_too_small_ = true;
    } else if (rejection.code && is_final(*rejection.code)) {
        refusal_ = quote_refusal{quote_failure::refused, rejection.code};
    } else {
        // Temporary: the next round comes a while later.
        if (rejection.code == error_code::r00_transfer_timed_out ||
            rejection.code == error_code::r02_insufficient_timeout) {
            if (!had_too_little_time_) path_.times.had_too_little_time();
            had_too_little_time_ = true;
        }
        const auto pause = std::max(round_pause_min, path_.times.smoothed()) * (1U << rounds_);
        next_round_at_ = std::max(next_round_at_, now + std::min(pause, round_trip_times::lifetime_max));
    }
}

void payment_quote::expired(std::uint64_t number, steady_time now) {
    rejected(number, {.code = error_code::r00_transfer_timed_out}, now);
}

void payment_quote::withdrawn(std::uint64_t number, steady_time now) {
    const auto kept = take(number);
    if (!kept) return;
    unsent_.insert(std::ranges::upper_bound(unsent_, kept->amount, std::ranges::greater{}), kept->amount);
    paused_until_ = now + pause_after_withdrawal;
}

auto payment_quote::take(std::uint64_t number) -> std::optional<probe> {
    const auto found = std::ranges::find(in_flight_, number, &probe::number);
    if (found == in_flight_.end()) return std::nullopt;
    const probe answered = *found;
    in_flight_.erase(found);
    available_.value += answered.amount.value;
    return answered;
}

void payment_quote::begin_round(steady_time now) {
    ++rounds_;
    next_round_at_ = now;
    had_too_little_time_ = false;
    amount next = largest();
    const amount enough{best_ ? best_->sent : 0};
    for (std::size_t i = 0; i < probes_of_round && next > enough; ++i) {
        unsent_.push_back(next);
        next.value /= best_ ? next_step : first_step;
    }
}

amount payment_quote::largest() const noexcept {
    return std::min(wanted_, path_.maximum.value());
}

bool payment_quote::is_good_enough() const noexcept {
    if (!best_) return false;
    const bool may_improve =
        std::ranges::any_of(in_flight_, [this](const probe& waiting) { return waiting.amount.value > best_->sent; });
    if (may_improve) return false;
    // Twice the amount would not show the rate much better.
    return best_->delivered >= delivered_enough || best_->sent >= largest().value / 2;
}

auto payment_quote::result() const -> finished {
    if (best_) return quoted_path{*best_, path_, last_number_};
    if (path_.maximum.value().is_zero()) {
        return std::unexpected{quote_refusal{quote_failure::path_takes_nothing, last_code_}};
    }
    if (was_too_small_) return std::unexpected{quote_refusal{quote_failure::amount_too_small, last_code_}};
    return std::unexpected{quote_refusal{quote_failure::no_answer, last_code_}};
}

}  // namespace ilp
