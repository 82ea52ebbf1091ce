#include "ilp/payment/outgoing_payment.hpp"

#include "ilp/invariant.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace ilp {
namespace {

// In how many round trips in succession each kind of Reject may come. A path that has carried money before may be out
// of order for as long as the limits allow, because a node on it may be restarting.
constexpr unsigned temporary_max = 10;
constexpr unsigned late_max = 4;
constexpr unsigned low_max = 4;
constexpr unsigned declined_max = 4;

// How long after what the path was known to take more is tried; it doubles while that is refused.
constexpr std::chrono::nanoseconds trial_pause_min = std::chrono::seconds{5};
constexpr std::chrono::nanoseconds trial_pause_max = std::chrono::minutes{5};

// Parts of one unit of the receiver that each packet is worth beyond whole units, because more than one connector on
// the path rounds down: none, and more whenever the receiver got a unit too little.
constexpr std::array<std::uint64_t, 4> spared_parts{std::numeric_limits<std::uint64_t>::max(), 256, 32, 4};

amount sum_of(amount a, amount b) noexcept {
    return {b.value > amount::max().value - a.value ? amount::max().value : a.value + b.value};
}

amount rest_of(amount whole, amount part) noexcept {
    return {whole.value > part.value ? whole.value - part.value : 0};
}

}  // namespace

payment_terms send_exactly(amount send, const exchange_ratio& quoted, unsigned slippage) noexcept {
    return {.kind = payment_terms::target::fixed_send,
            .send = send,
            .minimum = with_slippage(quoted, slippage),
            .expected = quoted};
}

payment_terms deliver_exactly(amount deliver, const exchange_ratio& quoted, unsigned slippage) noexcept {
    const exchange_ratio minimum = with_slippage(quoted, slippage);
    return {.kind = payment_terms::target::fixed_delivery,
            .deliver = deliver,
            .send = minimum.sent_for(deliver),
            .minimum = minimum,
            .expected = quoted};
}

std::string_view describe(payment_end end) noexcept {
    switch (end) {
        case payment_end::completed:
            return "The payment is complete";
        case payment_end::cancelled:
            return "The payment was cancelled";
        case payment_end::no_progress:
            return "No packet has been fulfilled for too long";
        case payment_end::refused:
            return "The path or the receiver refuses the payment";
        case payment_end::rate_too_low:
            return "The receiver gets less than the minimum of the quote";
        case payment_end::limit_reached:
            return "The most that may be sent was sent, and less than wanted has arrived";
        case payment_end::amount_too_small:
            return "What is left to send is too small to arrive";
        case payment_end::path_takes_nothing:
            return "The path takes no packet of any amount";
        case payment_end::receiver_contradicts:
            return "The receiver says that it got less than a packet's minimum, and has fulfilled it";
        case payment_end::too_many_packets:
            return "The connection has used up its packets";
    }
    std::unreachable();
}

outgoing_payment::outgoing_payment(const payment_terms& terms, const payment_state& state, const known_path& path,
                                   const payment_limits& limits, std::uint64_t numbers_used)
    : terms_{terms},
      limits_{limits},
      sent_{state.sent},
      delivered_{state.delivered},
      last_number_{numbers_used},
      maximum_{path.maximum},
      trial_pause_{trial_pause_min},
      times_{path.times},
      window_{limits.packets_in_flight_max},
      rate_{terms.expected} {
    require(state.in_doubt.is_zero(), "a payment is taken up after the ledger has decided about what was in doubt");
    require(state.sent <= terms.send, "a payment has not sent more than it may");
    require(!terms.send.is_zero(), "a payment has something to send");
}

auto outgoing_payment::next(steady_time now) -> step {
    if (!progress_at_) progress_at_ = now;
    if (withdrawn_at_ && now - *withdrawn_at_ >= pause_after_withdrawal) {
        *progress_at_ += now - *withdrawn_at_;
        withdrawn_at_.reset();
    }
    if (!end_) {
        if (is_complete()) {
            stop(payment_end::completed);
        } else if (!withdrawn_at_ && now - *progress_at_ >= limits_.progress) {
            stop(payment_end::no_progress, last_code_);
        }
    }
    if (end_ || withdrawn_at_) return wait(now);

    const bool is_open = in_flight_.size() < window_.packets() && window_.opens_at() <= now;
    const amount amount = is_open ? next_amount(now) : ilp::amount{};
    if (amount.is_zero()) return wait(now);
    if (last_number_ >= packets_of_connection) {
        stop(payment_end::too_many_packets);
        return wait(now);
    }
    require(amount <= left_to_send(), "a payment never sends more than it may");
    const ilp::amount minimum = minimum_of(amount);
    const packet_in_flight packet{.amount = amount,
                                  .minimum = minimum,
                                  .expected = std::max(minimum, rate_.delivered_for(amount)),
                                  .conceded = rest_of(terms_.minimum.minimum_for(amount), least_of(amount)),
                                  .sent_at = now,
                                  .is_trial = amount > maximum_.value()};
    if (packet.is_trial) {
        trial_pause_ = std::min(2 * trial_pause_, trial_pause_max);
        trial_at_.reset();
    }
    in_flight_.emplace(++last_number_, packet);
    in_flight_amount_ = sum_of(in_flight_amount_, amount);
    in_flight_expected_ = sum_of(in_flight_expected_, packet.expected);
    in_flight_conceded_ = sum_of(in_flight_conceded_, packet.conceded);
    window_.sent(now);
    return send_packet{last_number_, amount, packet.minimum, now + times_.lifetime()};
}

void outgoing_payment::fulfilled(std::uint64_t number, std::optional<amount> delivered, steady_time now) {
    const packet_in_flight packet = take(number);
    times_.measured(now - packet.sent_at);
    window_.fulfilled(packet.amount, now, times_);
    reached_receiver(packet, now);
    sent_ = sum_of(sent_, packet.amount);
    delivered_ = sum_of(delivered_, delivered.value_or(packet.minimum));
    largest_fulfilled_ = std::max(largest_fulfilled_, packet.amount);
    progress_at_ = now;
    temporary_ = late_ = low_ = declined_ = {};
    if (!delivered) return;
    learn_rate(packet.amount, *delivered);
    if (*delivered < packet.minimum)
        end_ = finished{payment_end::receiver_contradicts, {}};  // also if it was cancelled
}

void outgoing_payment::rejected(std::uint64_t number, const payment_rejection& rejection, steady_time now) {
    const amount in_flight = in_flight_amount_;
    const std::size_t packets = in_flight_.size();
    const packet_in_flight packet = take(number);
    last_code_ = rejection.code;
    if (!rejection.code) {
        out_of_order(packet, std::nullopt, now);
        return;
    }
    switch (*rejection.code) {
        case error_code::f08_amount_too_large:
            if (packet.is_trial) return maximum_.trial_refused(packet.amount, rejection.too_large);
            trial_pause_ = trial_pause_min;
            trial_at_.reset();
            maximum_.refused(packet.amount, rejection.too_large);
            if (maximum_.value().is_zero()) stop(payment_end::path_takes_nothing, rejection.code);
            return;
        case error_code::f99_application_error:
            if (rejection.received) {
                times_.measured(now - packet.sent_at);
                reached_receiver(packet, now);
                if (*rejection.received < packet.minimum) {
                    return below_minimum(packet, *rejection.received, now);
                }
            }
            set_back(declined_, declined_max, packet, now, payment_end::refused, rejection.code);
            return;
        case error_code::t02_peer_busy:
        case error_code::t05_rate_limited:
            return window_.rate_limited(packet.sent_at, now, packets, times_);
        case error_code::t03_connector_busy:
            return window_.busy(packet.sent_at, now, packets, times_);
        case error_code::t04_insufficient_liquidity:
            if (packet.is_trial) return;  // so much may be too much, and less is not
            return window_.short_of_liquidity(packet.sent_at, now, in_flight, times_);
        case error_code::t00_internal_error:
        case error_code::t01_peer_unreachable:
        case error_code::t99_application_error:
            out_of_order(packet, rejection.code, now);
            return;
        case error_code::r00_transfer_timed_out:
        case error_code::r02_insufficient_timeout:
        case error_code::r99_application_error:
            return had_too_little_time(packet, *rejection.code, now);
        case error_code::r01_insufficient_source_amount:
            return insufficient(packet, now);
        case error_code::f00_bad_request:
        case error_code::f01_invalid_packet:
        case error_code::f02_unreachable:
        case error_code::f03_invalid_amount:
        case error_code::f04_insufficient_destination_amount:
        case error_code::f05_wrong_condition:
        case error_code::f06_unexpected_payment:
        case error_code::f07_cannot_receive:
            break;
    }
    stop(payment_end::refused, rejection.code);
}

void outgoing_payment::expired(std::uint64_t number, steady_time now) {
    had_too_little_time(take(number), error_code::r00_transfer_timed_out, now);
}

void outgoing_payment::withdrawn(std::uint64_t number, steady_time now) {
    take(number);
    if (!withdrawn_at_) withdrawn_at_ = now;
}

payment_state outgoing_payment::state() const noexcept {
    return {sent_, delivered_, in_flight_amount_};
}

auto outgoing_payment::take(std::uint64_t number) -> packet_in_flight {
    const auto found = in_flight_.find(number);
    require(found != in_flight_.end(), "each packet of a payment is answered once");
    const packet_in_flight packet = found->second;
    in_flight_.erase(found);
    in_flight_amount_ = rest_of(in_flight_amount_, packet.amount);
    in_flight_expected_ = rest_of(in_flight_expected_, packet.expected);
    in_flight_conceded_ = rest_of(in_flight_conceded_, packet.conceded);
    return packet;
}

void outgoing_payment::stop(payment_end end, std::optional<error_code> code) noexcept {
    if (!end_) end_ = finished{end, code};
}

bool outgoing_payment::set_back(setbacks& kind, unsigned allowed, const packet_in_flight& packet, steady_time now,
                                payment_end end, std::optional<error_code> code) {
    if (kind.count > 0 && packet.sent_at <= kind.last) return false;
    ++kind.count;
    kind.last = now;
    if (kind.count > allowed) {
        stop(end, code);
    } else {
        window_.pause(now, times_);
    }
    return true;
}

void outgoing_payment::out_of_order(const packet_in_flight& packet, std::optional<error_code> code, steady_time now) {
    const unsigned allowed = sent_.is_zero() ? temporary_max : std::numeric_limits<unsigned>::max();
    set_back(temporary_, allowed, packet, now, payment_end::refused, code);
}

void outgoing_payment::below_minimum(const packet_in_flight& packet, amount received, steady_time now) {
    if (packet.amount < largest_fulfilled_) {
        if (!received.is_zero()) remainder_ = exchange_ratio{received.value, packet.amount.value};
        const bool may_be_conceded = rest_of(least_of(packet.amount), received).is_zero();
        if (in_flight_.empty() && !may_be_conceded) return too_small(packet);
    }
    if (!set_back(low_, low_max, packet, now, payment_end::rate_too_low, error_code::f99_application_error)) return;
    prefers_full_packets_ = true;
    const bool is_rounding = rest_of(packet.minimum, received).value <= 1;
    if (is_rounding && spared_ + 1 < spared_parts.size()) ++spared_;
}

void outgoing_payment::insufficient(const packet_in_flight& packet, steady_time now) {
    const bool was_enough = !largest_fulfilled_.is_zero() && packet.amount >= largest_fulfilled_;
    if (!was_enough) return too_small(packet);
    set_back(low_, low_max, packet, now, payment_end::rate_too_low, error_code::r01_insufficient_source_amount);
}

void outgoing_payment::too_small(const packet_in_flight& packet) noexcept {
    smallest_ = std::max(smallest_, sum_of(packet.amount, packet.amount));
}

void outgoing_payment::had_too_little_time(const packet_in_flight& packet, error_code code, steady_time now) {
    if (set_back(late_, late_max, packet, now, payment_end::refused, code)) times_.had_too_little_time();
}

void outgoing_payment::learn_rate(amount sent_amount, amount delivered) noexcept {
    // The rate that a small packet shows is mostly rounding.
    if (!delivered.is_zero() && sent_amount.value >= rate_sample_.value / 2) {
        rate_sample_ = sent_amount;
        rate_ = {delivered.value, sent_amount.value};
    }
}

amount outgoing_payment::left_to_send() const noexcept {
    return rest_of(terms_.send, sum_of(sent_, in_flight_amount_));
}

bool outgoing_payment::is_complete() const noexcept {
    return is_fixed_delivery() ? delivered_ >= terms_.deliver : sent_ == terms_.send;
}

amount outgoing_payment::missing() const noexcept {
    return rest_of(terms_.deliver, sum_of(delivered_, in_flight_expected_));
}

amount outgoing_payment::minimum_of(amount packet) const noexcept {
    const amount least = least_of(packet);
    return is_fixed_delivery() ? std::min(least, missing()) : least;
}

amount outgoing_payment::least_of(amount packet) const noexcept {
    const amount by_terms = terms_.minimum.minimum_for(packet);
    amount least = units_of(packet);
    if (remainder_ && packet.value <= remainder_->sent) least = std::min(least, remainder_->delivered_for(packet));
    return std::min(std::max({least, rest_of(by_terms, may_concede()), amount{1}}), by_terms);
}

/// What has arrived beyond the minimum counts, but no more of it than was expected: the receiver could say anything.
amount outgoing_payment::may_concede() const noexcept {
    const amount arrived = std::min(delivered_, terms_.expected.delivered_for(sent_));
    return rest_of(rest_of(sum_of(arrived, {1}), terms_.minimum.minimum_for(sent_)), in_flight_conceded_);
}

amount outgoing_payment::units_of(amount sent_amount) const noexcept {
    return terms_.expected.delivered_for(rest_of(sent_amount, spared()));
}

amount outgoing_payment::amount_of(amount units) const noexcept {
    return sum_of(terms_.expected.sent_for(units), spared());
}

amount outgoing_payment::spared() const noexcept {
    const std::uint64_t unit = terms_.expected.sent_for({1}).value;
    const std::uint64_t parts = spared_parts[spared_];
    return {spared_ == 0 ? 0 : unit / parts + (unit % parts != 0 ? 1 : 0)};
}

amount outgoing_payment::cut(amount wanted, amount packet_max) const noexcept {
    if (wanted <= packet_max) return wanted;
    const bool are_two_left = wanted.value - packet_max.value < packet_max.value;
    const amount units_max = units_of(packet_max);
    if (units_max.is_zero()) return are_two_left ? amount{wanted.value - wanted.value / 2} : packet_max;
    amount units = units_max;
    if (are_two_left && !prefers_full_packets_) {
        const amount all = units_of(wanted);
        units = std::clamp(amount{all.value - all.value / 2}, amount{1}, units_max);
    } else if (are_two_left && units_max.value > 1) {
        const amount rest = rest_of(wanted, amount_of(units_max));
        if (units_of(rest).is_zero()) --units.value;  // so that the rest is worth a unit
    }
    return std::min(amount_of(units), packet_max);
}

amount outgoing_payment::largest_worth_trying(amount in_flight_max, steady_time now) const noexcept {
    const amount known = maximum_.value();
    const amount larger = sum_of(known, known);
    const bool is_time = now >= trial_at_.value_or(steady_time::max());
    return is_time && sum_of(in_flight_amount_, larger) <= in_flight_max ? larger : known;
}

void outgoing_payment::reached_receiver(const packet_in_flight& packet, steady_time now) noexcept {
    if (!packet.is_trial) {
        maximum_.passed(packet.amount);
        if (!trial_at_) trial_at_ = now + trial_pause_;
        return;
    }
    maximum_.trial_passed(packet.amount);
    trial_pause_ = trial_pause_min;
    trial_at_ = now;
}

amount outgoing_payment::next_amount(steady_time now) {
    const amount left = left_to_send();
    amount wanted = left;
    if (is_fixed_delivery()) {
        if (missing().is_zero()) return {};
        wanted = std::min(left, std::max(sum_of(rate_.sent_for(missing()), spared()), smallest_));
    }
    const amount in_flight_max = std::max(window_.value(), smallest_);
    const amount packet_max = std::min(largest_worth_trying(in_flight_max, now), in_flight_max);
    const amount packet = cut(wanted, packet_max);
    if (packet < smallest_) {
        if (in_flight_.empty()) {
            stop(is_fixed_delivery() && left < smallest_ ? payment_end::limit_reached : payment_end::amount_too_small);
        }
        return {};
    }
    return sum_of(in_flight_amount_, packet) <= in_flight_max ? packet : amount{};
}

auto outgoing_payment::wait(steady_time now) const noexcept -> step {
    if (end_) {
        if (!in_flight_.empty()) return wait_until{steady_time::max()};
        // The last answers may have completed what was being given up.
        return is_complete() && end_->end != payment_end::receiver_contradicts ? finished{payment_end::completed, {}}
                                                                               : *end_;
    }
    if (withdrawn_at_) return wait_until{*withdrawn_at_ + pause_after_withdrawal};
    const steady_time gives_up_at = *progress_at_ + limits_.progress;
    const steady_time opens_at = window_.opens_at();
    return wait_until{opens_at > now ? std::min(opens_at, gives_up_at) : gives_up_at};
}

}  // namespace ilp
