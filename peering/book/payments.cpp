#include "peering/book/payments.hpp"

#include "ilp/invariant.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"

#include <algorithm>
#include <utility>

namespace peering {
namespace {

/// Payment pointers and URLs are printable ASCII.
bool is_receiver(std::string_view text) noexcept {
    return !text.empty() && text.size() <= payments::receiver_size_max &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string_view describe(payment_refusal refusal) noexcept {
    switch (refusal) {
        case payment_refusal::amount_is_zero:
            return "Payment amount is zero";
        case payment_refusal::invalid_id:
            return "Invalid payment id";
        case payment_refusal::already_exists:
            return "Payment already exists";
        case payment_refusal::invalid_slippage:
            return "The slippage is not below 100 %";
        case payment_refusal::invalid_receiver:
            return "The receiver is not a payment pointer or URL of at most 2000 characters";
        case payment_refusal::insufficient_liquidity:
            return "The account has less than is to be sent";
        case payment_refusal::above_at_most:
            return "The amount to send is more than the most that may be sent";
        case payment_refusal::too_many:
            return "Too many payments have not ended yet";
        case payment_refusal::unknown_payment:
            return "Unknown payment";
        case payment_refusal::already_ended:
            return "Payment already ended";
        case payment_refusal::store_unavailable:
            return "The ledger is not available now";
    }
    std::unreachable();
}

bool payments::restore(std::span<const payment_record> open, std::uint64_t last_number, const ledger& ledger) {
    last_number_ = last_number;
    for (const payment_record& payment : open) {
        const ilp::amount most = payment.standing.offer ? payment.standing.offer->send_max : ilp::amount{};
        const bool has_offer = payment.standing.status == payment_status::quoting || !most.is_zero();
        const bool is_sound = !has_ended(payment.standing.status) && has_offer &&
                              ledger.find(payment.account) != nullptr && payment.number <= last_number &&
                              payment.sent <= most && most <= payment.at_most.value_or(ilp::amount::max());
        if (!is_sound) return false;
        open_.emplace(payment.number, payment);
    }
    return true;
}

auto payments::create(bookkeeper& keeper, const payment_request& request, ilp::timestamp now, const changes& beside)
    -> std::expected<payment_record, payment_refusal> {
    const ilp::amount most = request.at_most.value_or(ilp::amount::max());
    if (request.amount.is_zero() || most.is_zero()) return std::unexpected{payment_refusal::amount_is_zero};
    if (!request.is_fixed_delivery && request.amount > most) {
        return std::unexpected{payment_refusal::above_at_most};
    }
    if (!is_uuid_v4(request.uuid)) return std::unexpected{payment_refusal::invalid_id};
    if (request.slippage > ilp::slippage_max) return std::unexpected{payment_refusal::invalid_slippage};
    if (!is_receiver(request.receiver)) {
        return std::unexpected{payment_refusal::invalid_receiver};
    }
    if (open_.size() >= open_max) return std::unexpected{payment_refusal::too_many};
    std::string uuid = request.uuid;
    to_lower_case(uuid);
    const auto known = keeper.find_payment(uuid);
    if (!known) return std::unexpected{payment_refusal::store_unavailable};
    if (*known) return std::unexpected{payment_refusal::already_exists};
    // What packets hold may return: then it can be sent.
    if (!request.is_fixed_delivery && keeper.ledger().balance(request.account) < request.amount) {
        return std::unexpected{payment_refusal::insufficient_liquidity};
    }
    const payment_record made{.number = last_number_ + 1,
                              .uuid = std::move(uuid),
                              .account = request.account,
                              .receiver = request.receiver,
                              .is_fixed_delivery = request.is_fixed_delivery,
                              .amount = request.amount,
                              .slippage = request.slippage,
                              .at_most = request.at_most,
                              .created_at = now};
    changes with = beside;
    with.new_payments = {&made, 1};
    if (!keeper.write(with)) return std::unexpected{payment_refusal::store_unavailable};
    last_number_ = made.number;
    open_.emplace(made.number, made);
    if (on_change_) on_change_(made);
    return made;
}

auto payments::start_sending(bookkeeper& keeper, std::uint64_t number, const payment_offer& offer)
    -> std::expected<void, payment_refusal> {
    const auto found = open_.find(number);
    if (found == open_.end()) return std::unexpected{payment_refusal::already_ended};
    ilp::require(found->second.standing.status == payment_status::quoting, "a payment is quoted once");
    ilp::require(offer.send_max <= found->second.at_most.value_or(ilp::amount::max()),
                 "a payment sends no more than it may");
    payment_standing standing{.status = payment_status::sending, .offer = offer};
    if (!change(keeper, found, std::move(standing), {})) return std::unexpected{payment_refusal::store_unavailable};
    return {};
}

auto payments::end(bookkeeper& keeper, std::uint64_t number, payment_status status, std::string_view failure,
                   ilp::timestamp now) -> std::expected<void, payment_refusal> {
    ilp::require(has_ended(status), "a payment ends with a final status");
    const auto found = open_.find(number);
    if (found == open_.end()) return std::unexpected{payment_refusal::already_ended};
    payment_standing standing = found->second.standing;
    standing.status = status;
    standing.failure = failure;
    standing.ended_at = now;
    if (!change(keeper, found, std::move(standing), {})) return std::unexpected{payment_refusal::store_unavailable};
    return {};
}

auto payments::cancel(bookkeeper& keeper, std::string_view uuid, ilp::timestamp now, const changes& beside)
    -> std::expected<payment_record, payment_refusal> {
    std::string id{uuid};
    if (!is_uuid_v4(id)) return std::unexpected{payment_refusal::invalid_id};
    to_lower_case(id);
    const auto found = std::ranges::find_if(open_, [&](const auto& each) { return each.second.uuid == id; });
    if (found == open_.end()) {
        const auto known = keeper.find_payment(id);
        if (!known) return std::unexpected{payment_refusal::store_unavailable};
        return std::unexpected{*known ? payment_refusal::already_ended : payment_refusal::unknown_payment};
    }
    payment_record cancelled = found->second;
    if (cancelled.standing.status == payment_status::quoting) {
        cancelled.standing.status = payment_status::cancelled;
        cancelled.standing.ended_at = now;
    } else {
        cancelled.standing.status = payment_status::cancelling;
    }
    if (!change(keeper, found, cancelled.standing, beside)) return std::unexpected{payment_refusal::store_unavailable};
    return cancelled;
}

/// Writes the standing with `with`. Returns false, and changes nothing, if the store does not.
bool payments::change(bookkeeper& keeper, open_payment payment, payment_standing standing, changes with) {
    const payment_change made{payment->first, std::move(standing)};
    with.changed_payments = {&made, 1};
    if (!keeper.write(with)) return false;
    payment->second.standing = made.standing;
    const payment_record changed = payment->second;
    if (has_ended(changed.standing.status)) {
        open_.erase(payment);
        waits_.set(changed.number, {});
    }
    if (on_change_) on_change_(changed);
    return true;
}

}  // namespace peering
