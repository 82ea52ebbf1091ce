#include "connector/payments/payment_service.hpp"

#include "connector/base/log.hpp"
#include "connector/transport/own_packets.hpp"
#include "ilp/clock.hpp"
#include "peering/spsp/payment_pointer.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace connector {
namespace {

using peering::payment_record;
using peering::payment_status;

constexpr std::chrono::seconds store_pause{1};    // before what the store did not take is tried again
constexpr unsigned looks_per_turn = 4;            // at the payments that are carried out, while others wait
constexpr std::uint64_t delivered_enough = 1000;  // to show a rate: a rounded unit is then at most a thousandth of it
constexpr std::string_view is_late = "The payment has not ended in time";

constexpr std::string_view held_for_too_long = "Other payments or withdrawals hold what the account has";

/// The most that the request allows to be sent.
ilp::amount most_of(const payment_record& record) {
    const ilp::amount most = record.at_most.value_or(ilp::amount::max());
    return record.is_fixed_delivery ? most : std::min(most, record.amount);
}

/// Returns the terms of a new payment, whose minimum is the quoted rate less the slippage. The slippage never leads
/// above what the request allows.
ilp::payment_terms terms_by(const payment_record& record, const ilp::exchange_ratio& quoted) {
    auto terms = record.is_fixed_delivery ? ilp::deliver_exactly(record.amount, quoted, record.slippage)
                                          : ilp::send_exactly(record.amount, quoted, record.slippage);
    terms.send = std::min(terms.send, most_of(record));
    return terms;
}

/// Returns what the payment sends if its packets are exchanged as was quoted.
ilp::amount expected_to_send(const payment_record& record, const ilp::exchange_ratio& quoted) {
    return record.is_fixed_delivery ? quoted.sent_for(record.amount) : record.amount;
}

/// Nothing is left to send: only its end has not been written, because the daemon ended first.
bool is_complete(const payment_record& record) {
    if (!record.standing.offer) return false;
    return record.is_fixed_delivery ? record.delivered >= record.amount
                                    : record.sent == record.standing.offer->send_max;
}

/// The same of a payment that has an offer.
ilp::payment_terms terms_of(const payment_record& record) {
    const peering::payment_offer& offer = *record.standing.offer;
    using target = ilp::payment_terms::target;
    return {.kind = record.is_fixed_delivery ? target::fixed_delivery : target::fixed_send,
            .deliver = record.is_fixed_delivery ? record.amount : ilp::amount{},
            .send = offer.send_max,
            .minimum = offer.minimum,
            .expected = offer.expected};
}

}  // namespace

void payment_service::start() {
    const ilp::instant now = parts_.clock();
    started_at_ = now.steady;
    for (const auto& [number, record] : parts_.payments.open()) {
        const auto age = std::clamp(now.wall - record.created_at, std::chrono::milliseconds{0},
                                    std::chrono::ceil<std::chrono::milliseconds>(parts_.time_max));
        active_.emplace(number,
                        active_payment{.record = record, .since = now.steady - age, .sent_before = record.sent});
        const auto let_begin = [this, number] { wait_again(number); };
        if (record.standing.status == payment_status::sending) {
            parts_.payments.waits().set(number, "packets from before the restart, which expire within 30 s");
            later(parts_.pause_after_start, let_begin);
        } else {
            boost::asio::post(parts_.control, let_begin);
        }
    }
    // The committer's thread calls this.
    parts_.payments.on_change([this](const payment_record& record) {
        boost::asio::post(parts_.control, [this, record] { changed(record); });
    });
    boost::asio::post(parts_.control, [this] { end_turns(); });
}

std::shared_ptr<const run_progress> payment_service::progress_of(std::uint64_t number) const {
    const auto found = active_.find(number);
    return found == active_.end() ? nullptr : found->second.progress;
}

void payment_service::changed(const payment_record& record) {
    active_payment* const payment = find(record.number);
    if (payment == nullptr) {
        if (record.standing.status == payment_status::quoting) add(record);
        return;
    }
    payment->record.standing = record.standing;
    const bool was_cancelled = record.standing.status == payment_status::cancelled;
    if (!was_cancelled && record.standing.status != payment_status::cancelling) return;
    if (payment->has_run) return parts_.cancel(record.number);  // quoted() or paid() follows
    if (was_cancelled) return forget(record.number);
    end(record.number, payment_status::cancelled, {});
}

void payment_service::add(const payment_record& record) {
    if (is_stopping_) return;
    active_.emplace(record.number, active_payment{.record = record, .since = parts_.clock().steady});
    wait_again(record.number);
}

void payment_service::wait_again(std::uint64_t number) {
    waiting_.push_back(number);
    parts_.payments.waits().set(number, fmt::format("its turn: {} other payments are being made", running_max));
    begin_waiting();
}

void payment_service::begin_waiting() {
    while (!is_stopping_ && begun_ < running_max && !waiting_.empty()) {
        const std::uint64_t number = waiting_.front();
        waiting_.pop_front();
        begin(number);
    }
}

void payment_service::begin(std::uint64_t number) {
    active_payment* const payment = find(number);
    if (payment == nullptr) return;  // cancelled meanwhile
    parts_.payments.waits().set(number, {});
    payment->is_begun = true;
    payment->began_at = std::chrono::steady_clock::now();
    ++begun_;
    if (is_complete(payment->record)) return end(number, payment_status::completed, {});
    if (payment->record.standing.status == payment_status::cancelling) {
        return end(number, payment_status::cancelled, {});
    }
    if (is_overdue(*payment)) {
        if (payment->unanswered.empty()) return fail(number, std::string{is_late});
        return fail(number, fmt::format("{}: {}", is_late, payment->unanswered));
    }
    if (payment->to) return go_on(*payment);
    look_up(number);
}

void payment_service::give_back_place(active_payment& payment) {
    if (std::exchange(payment.is_begun, false)) --begun_;
}

/// Its age at the start comes from the wall clock, which may have been set since it was created. So a payment that gets
/// on has the whole time from the start on.
bool payment_service::is_overdue(const active_payment& payment) const {
    const std::uint64_t sent = payment.progress ? payment.progress->sent.load() : payment.record.sent.value;
    const bool gets_on = sent > payment.sent_before.value;
    const ilp::steady_time since = gets_on ? std::max(payment.since, started_at_) : payment.since;
    return parts_.clock().steady - since >= parts_.time_max;
}

/// Has as many payments give way as wait, of those that have had their turn, and those that are overdue end.
void payment_service::end_turns() {
    const auto now = std::chrono::steady_clock::now();
    std::size_t waiting = waiting_.size();
    for (auto& [number, payment] : active_) {
        const bool is_sent = payment.has_run && payment.record.standing.status == payment_status::sending;
        if (!is_sent || payment.gives_way) continue;
        const bool has_had_its_turn = now - payment.began_at >= parts_.turn;
        if (!is_overdue(payment) && (waiting == 0 || !has_had_its_turn)) continue;
        if (waiting != 0) --waiting;
        payment.gives_way = true;
        parts_.cancel(number);
    }
    later(parts_.turn / looks_per_turn, [this] { end_turns(); });
}

std::chrono::nanoseconds payment_service::pause_after(unsigned lookups, std::chrono::nanoseconds first) {
    constexpr unsigned doubled_max = 10;
    return std::min(first * (1 << std::min(lookups - 1, doubled_max)), lookup_pause_max);
}

void payment_service::look_up(std::uint64_t number) {
    active_payment* const payment = find(number);
    if (payment == nullptr || is_stopping_) return;
    ++payment->lookups;
    auto endpoint = peering::parse_payment_pointer(payment->record.receiver);
    if (!endpoint) return fail(number, std::move(endpoint).error());
    parts_.resolve(*std::move(endpoint), [this, number](const found& answer) { looked_up(number, answer); });
}

void payment_service::looked_up(std::uint64_t number, const found& answer) {
    active_payment* const payment = find(number);
    if (payment == nullptr || is_stopping_) return;
    const payment_status status = payment->record.standing.status;
    if (status == payment_status::cancelling) return;  // changed() has ended it
    if (!answer) {
        // Whoever asked for a payment hears at once; one that is half made does not fail because a host is down.
        if (status != payment_status::sending) return fail(number, answer.error());
        payment->unanswered = answer.error();
        parts_.payments.waits().set(number, "an answer of the receiver: " + payment->unanswered);
        give_back_place(*payment);
        later(pause_after(payment->lookups, parts_.lookup_pause), [this, number] { wait_again(number); });
        return begin_waiting();
    }
    payment->lookups = 0;
    payment->unanswered.clear();
    payment->to = answer->details;
    payment->is_kept = false;
    payment->numbers_used = 0;
    const auto account = find_payer(*payment);
    if (account == nullptr) return;
    if (parts_.own_account(payment->to->destination) == account->id) {
        return fail(number, "This account cannot pay itself");
    }
    payment->path = paths_.find(account->asset->id, payment->to->destination.text());
    if (status == payment_status::sending) return pay(*payment, *account);
    find_rate(*payment, *account);
}

/// A payment that has just arrived has shown the rate; else probes find it out.
void payment_service::find_rate(active_payment& payment, const peering::receiving_account& account) {
    const std::uint64_t number = payment.record.number;
    const auto known = receivers_.find(account.asset->id, payment.record.receiver, std::chrono::steady_clock::now());
    // If it would cost more than the request allows, a quote may still show a better rate.
    if (!known || expected_to_send(payment.record, known->rate) > most_of(payment.record)) return quote(number);
    payment.has_rate_of_another = true;
    payment.path.maximum = known->maximum;
    offer(number, known->rate);
}

run_parties payment_service::parties_of(const active_payment& payment,
                                        const peering::receiving_account& account) const {
    const ilp::digest& secret = payment.to->shared_secret;
    return {own_payer(parts_.directory.own_address(), *account.asset, *account.liquidity),
            {payment.to->destination.text(), {secret.begin(), secret.end()}}};
}

void payment_service::quote(std::uint64_t number) {
    active_payment* const payment = find(number);
    if (payment == nullptr) return;  // cancelled
    const auto account = find_payer(*payment);
    if (account == nullptr) return;
    const ilp::amount balance = parts_.committer.accounts().balance(account->liquidity->id);
    const ilp::amount available{account->liquidity->available.load()};
    const ilp::amount most = std::min(most_of(payment->record), balance);
    if (most.is_zero() || (!payment->record.is_fixed_delivery && payment->record.amount > balance)) {
        return fail(number, std::string{describe(peering::payment_refusal::insufficient_liquidity)});
    }
    // A half shows the rate as well as the whole.
    if (available.value < most.value - most.value / 2 && wait_while_held(*payment, [this, number] { quote(number); })) {
        return;
    }
    if (available.is_zero()) return fail(number, std::string{held_for_too_long});
    payment->has_run = true;
    parts_.quote({.number = number,
                  .parties = parties_of(*payment, *account),
                  .wanted = std::min(most, available),
                  .path = payment->path,
                  .available = available},
                 [this, number](std::optional<quote_outcome> outcome) {
                     boost::asio::post(parts_.control,
                                       [this, number, outcome = std::move(outcome)] { quoted(number, outcome); });
                 });
}

void payment_service::quoted(std::uint64_t number, const std::optional<quote_outcome>& outcome) {
    active_payment* const payment = find(number);
    if (payment == nullptr) return;
    payment->has_run = false;
    if (has_ended(payment->record.standing.status)) return forget(number);  // cancelled
    if (!outcome) return;                                                   // the daemon stops
    if (!outcome->result) {
        const auto& [failure, code] = outcome->result.error();
        return fail(number, with_refusal(ilp::describe(failure), code, outcome->last_refusal));
    }
    const ilp::quoted_path& quoted = *outcome->result;
    const auto account = parts_.directory.find_receiving_account_by_account(payment->record.account);
    if (account == nullptr) return fail(number, "The account that pays was deleted");
    payment->path = quoted.path;
    paths_.keep(account->asset->id, payment->to->destination.text(), quoted.path);
    payment->numbers_used = quoted.numbers_used;
    offer(number, quoted.rate);
}

/// Fixes the terms, once the account has what they may cost.
void payment_service::offer(std::uint64_t number, const ilp::exchange_ratio& rate) {
    active_payment* const payment = find(number);
    if (payment == nullptr) return;  // cancelled
    const auto account = find_payer(*payment);
    if (account == nullptr) return;
    const ilp::amount expected = expected_to_send(payment->record, rate);
    if (const ilp::amount most = most_of(payment->record); expected > most) {
        return fail(number, fmt::format("At the quoted rate, {} would be sent, which is more than the {} that may be "
                                        "sent at most (in the smallest unit of {}/{})",
                                        ilp::to_string(expected), ilp::to_string(most), account->asset->code,
                                        account->asset->scale));
    }
    const ilp::payment_terms terms = terms_by(payment->record, rate);
    if (parts_.committer.accounts().balance(account->liquidity->id) < terms.send) {
        return fail(number, std::string{describe(peering::payment_refusal::insufficient_liquidity)});
    }
    if (account->liquidity->available.load() < terms.send.value) {
        if (!wait_while_held(*payment, [this, number, rate] { offer(number, rate); })) {
            fail(number, std::string{held_for_too_long});
        }
        return;
    }
    agree(number, {.send_max = terms.send, .minimum = terms.minimum, .expected = terms.expected});
}

/// Writes the offer before the first packet with money leaves.
void payment_service::agree(std::uint64_t number, const peering::payment_offer& offer) {
    const bool is_accepted = parts_.committer.execute([this, number, offer](peering::bookkeeper& keeper) {
        auto written = parts_.payments.start_sending(keeper, number, offer);
        boost::asio::post(parts_.control, [this, number, offer, written] { agreed(number, offer, written); });
    });
    if (!is_accepted) later(store_pause, [this, number, offer] { agree(number, offer); });
}

void payment_service::agreed(std::uint64_t number, const peering::payment_offer& offer,
                             std::expected<void, peering::payment_refusal> written) {
    active_payment* const payment = find(number);
    if (payment == nullptr || is_stopping_) return;  // cancelled
    if (!written) {
        if (written.error() != peering::payment_refusal::store_unavailable) return forget(number);
        return later(store_pause, [this, number, offer] { agree(number, offer); });
    }
    if (payment->record.standing.status == payment_status::cancelling) return;  // changed() has ended it
    payment->record.standing = {.status = payment_status::sending, .offer = offer};
    const auto account = parts_.directory.find_receiving_account_by_account(payment->record.account);
    if (account == nullptr) return fail(number, "The account that pays was deleted");
    pay(*payment, *account);
}

/// After the payment gave way.
void payment_service::go_on(active_payment& payment) {
    payment.is_kept = true;
    if (const auto account = find_payer(payment)) pay(payment, *account);
}

void payment_service::pay(active_payment& payment, const peering::receiving_account& account) {
    const payment_record& record = payment.record;
    const std::uint64_t number = record.number;
    payment_order order{.number = number,
                        .parties = parties_of(payment, account),
                        .terms = terms_of(record),
                        .state = ilp::taken_up({.sent = record.sent, .delivered = record.delivered, .in_doubt = {}}),
                        .path = payment.path,
                        .numbers_used = payment.numbers_used};
    order.on_wait = [&waits = parts_.payments.waits(), number](std::string what) {
        waits.set(number, std::move(what));
    };
    order.progress->sent = record.sent.value;
    order.progress->delivered = record.delivered.value;
    payment.progress = order.progress;
    payment.has_run = true;
    parts_.pay(std::move(order), [this, number](payment_outcome outcome) {
        boost::asio::post(parts_.control, [this, number, outcome = std::move(outcome)] { paid(number, outcome); });
    });
}

/// What a payment shows that was made without a quote is not kept: so there is a quote from time to time, and whoever
/// has lied about the largest packet is not believed for long.
void payment_service::learn(const active_payment& payment, const peering::receiving_account& account,
                            const payment_outcome& outcome) {
    const bool has_arrived = outcome.how.end == ilp::payment_end::completed;
    if (payment.has_rate_of_another) {
        if (!has_arrived) receivers_.forget(account.asset->id, payment.record.receiver);
        return;
    }
    const ilp::exchange_ratio rate{outcome.state.delivered.value, outcome.state.sent.value};
    if (!has_arrived || rate.delivered < delivered_enough || rate.sent == 0) return;
    receivers_.keep(account.asset->id, payment.record.receiver, {rate, outcome.path.maximum},
                    std::chrono::steady_clock::now());
}

void payment_service::paid(std::uint64_t number, const payment_outcome& outcome) {
    active_payment* const payment = find(number);
    if (payment == nullptr) return;
    payment->has_run = false;
    if (outcome.was_interrupted) return;  // it goes on after the next start
    if (const auto account = parts_.directory.find_receiving_account_by_account(payment->record.account)) {
        paths_.keep(account->asset->id, payment->to->destination.text(), outcome.path);
        learn(*payment, *account, outcome);
    }
    payment->record.sent = outcome.state.sent;
    payment->record.delivered = outcome.state.delivered;
    const bool gives_way = std::exchange(payment->gives_way, false);
    const bool was_cancelled = payment->record.standing.status == payment_status::cancelling;
    if (gives_way && !was_cancelled && outcome.how.end == ilp::payment_end::cancelled) {
        payment->path = {outcome.path.maximum, outcome.path.times.at_rest()};
        payment->numbers_used = outcome.numbers_used;
        give_back_place(*payment);
        return wait_again(number);  // and fails when it begins, if it is overdue
    }
    const bool may_have_moved =
        outcome.how.end == ilp::payment_end::refused || outcome.how.end == ilp::payment_end::no_progress;
    if (payment->is_kept && may_have_moved && !was_cancelled) return look_up(number);
    switch (outcome.how.end) {
        case ilp::payment_end::completed:
            return end(number, payment_status::completed, {});
        case ilp::payment_end::cancelled:
            return end(number, payment_status::cancelled, {});
        default:
            return fail(number, with_refusal(ilp::describe(outcome.how.end), outcome.how.code, outcome.last_refusal));
    }
}

void payment_service::fail(std::uint64_t number, std::string why) {
    end(number, payment_status::failed, std::move(why));
}

/// Tries until the store has taken it, or the daemon stops. The payment is then found open at the next start, and goes
/// on, or ends if nothing is left to send.
void payment_service::end(std::uint64_t number, payment_status status, std::string failure) {
    const auto again = [this, number, status, failure] {
        later(store_pause, [this, number, status, failure] { end(number, status, failure); });
    };
    const bool is_accepted =
        parts_.committer.execute([this, number, status, failure, again](peering::bookkeeper& keeper) {
            const auto written = parts_.payments.end(keeper, number, status, failure, ilp::wall_clock());
            const bool is_done = written || written.error() != peering::payment_refusal::store_unavailable;
            boost::asio::post(parts_.control, [this, number, failure, again, is_done] {
                if (!is_done) return again();
                if (const active_payment* const ended = find(number); ended != nullptr && !failure.empty()) {
                    log::write(log::level::info, "a payment has failed",
                               {{"payment", ended->record.uuid}, {"reason", failure}});
                }
                forget(number);
            });
        });
    if (!is_accepted) again();
}

void payment_service::forget(std::uint64_t number) {
    const auto found = active_.find(number);
    if (found == active_.end()) return;
    give_back_place(found->second);
    active_.erase(found);
    begin_waiting();
}

auto payment_service::find(std::uint64_t number) -> active_payment* {
    const auto found = active_.find(number);
    return found == active_.end() ? nullptr : &found->second;
}

std::shared_ptr<const peering::receiving_account> payment_service::find_payer(const active_payment& payment) {
    const std::uint64_t number = payment.record.number;
    auto account = parts_.directory.find_receiving_account_by_account(payment.record.account);
    // A payment that has begun goes on: a disabled account only begins none.
    const bool has_begun = payment.record.standing.status == payment_status::sending;
    if (account != nullptr && (account->enabled || has_begun)) return account;
    fail(number, account == nullptr ? "The account that pays was deleted" : "The account that pays is disabled");
    return nullptr;
}

bool payment_service::wait_while_held(active_payment& payment, std::function<void()> again) {
    if (payment.waits == waits_max) return false;
    ++payment.waits;
    parts_.payments.waits().set(payment.record.number, "what other packets of its account hold");
    later(parts_.pause_while_held, std::move(again));
    return true;
}

void payment_service::later(std::chrono::nanoseconds pause, std::function<void()> action) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(parts_.control, pause);
    timer->async_wait([this, timer, action = std::move(action)](boost::system::error_code error) {
        if (!error && !is_stopping_) action();
    });
}

}  // namespace connector
