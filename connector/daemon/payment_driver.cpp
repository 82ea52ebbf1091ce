#include "connector/daemon/payment_driver.hpp"

#include "connector/base/log.hpp"
#include "ilp/clock.hpp"
#include "ilp/error_code.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace connector {
namespace {

using peering::payment_status;

std::string with_code(std::string_view sentence, std::optional<ilp::error_code> code) {
    if (!code) return std::string{sentence};
    return fmt::format("{} ({} {})", sentence, ilp::code_text(*code), ilp::name(*code));
}

ilp::payment_terms terms_of(const peering::payment_record& record) {
    using target = ilp::payment_terms::target;
    const peering::payment_offer& offer = *record.standing.offer;
    return {.kind = record.is_fixed_delivery ? target::fixed_delivery : target::fixed_send,
            .deliver = record.is_fixed_delivery ? record.amount : ilp::amount{},
            .send = offer.send_max,
            .minimum = offer.minimum,
            .expected = offer.expected};
}

peering::payment_offer offer_for(const peering::payment_record& record, const ilp::exchange_ratio& rate) {
    const ilp::payment_terms terms = record.is_fixed_delivery
                                         ? ilp::deliver_exactly(record.amount, rate, record.slippage)
                                         : ilp::send_exactly(record.amount, rate, record.slippage);
    return {.send_max = terms.send, .minimum = terms.minimum, .expected = terms.expected};
}

}  // namespace

payment_driver::payment_driver(surroundings around) : around_{std::move(around)} {
    around_.payments.on_change([this](const peering::payment_record& record) {
        boost::asio::post(around_.control, [this, record] { changed(record); });
    });
}

void payment_driver::resume(std::chrono::milliseconds pause) {
    for (const auto& [number, record] : around_.payments.open()) open_[number].record = record;
    if (open_.empty()) return;
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, payment] : open_) numbers.push_back(number);
    pause_.expires_after(pause);
    pause_.async_wait([this, numbers = std::move(numbers)](const boost::system::error_code& error) {
        if (error) return;
        for (const std::uint64_t number : numbers) begin(number);
    });
}

/// The book has changed, by an operator or by ourselves.
void payment_driver::changed(const peering::payment_record& record) {
    const auto known = open_.find(record.number);
    if (known == open_.end()) {
        if (record.standing.status != payment_status::quoting) return;
        open_[record.number].record = record;
        return begin(record.number);
    }
    const payment_status before = std::exchange(known->second.record.standing, record.standing).status;
    if (has_ended(record.standing.status)) {
        if (known->second.is_with_worker && record.standing.status == payment_status::cancelled)
            around_.cancel(record.number);
        open_.erase(known);
    } else if (record.standing.status == payment_status::cancelling) {
        // Without a worker, nothing of it is in flight.
        if (known->second.is_with_worker) {
            around_.cancel(record.number);
        } else {
            end(record.number, payment_status::cancelled, {});
        }
    } else if (record.standing.status == payment_status::sending && before == payment_status::quoting) {
        send(known->second.record, known->second.path);
    }
}

void payment_driver::begin(std::uint64_t number) {
    const auto known = open_.find(number);
    if (known == open_.end()) return;
    const peering::payment_record& record = known->second.record;
    if (record.standing.status == payment_status::cancelling) return end(number, payment_status::cancelled, {});
    around_.resolve(record.receiver, [this, number](resolved receiver) { found(number, std::move(receiver)); });
}

void payment_driver::found(std::uint64_t number, resolved receiver) {
    const auto known = open_.find(number);
    if (known == open_.end()) return;
    open_payment& payment = known->second;
    if (payment.record.standing.status == payment_status::cancelling) return;  // it is ending
    if (!receiver) return end(number, payment_status::failed, std::move(receiver.error()));
    payment.receiver = *std::move(receiver);
    if (payment.record.standing.status == payment_status::sending) return send(payment.record, payment.path);

    const auto* const account = around_.committer.accounts().find(payment.record.account);
    const ilp::amount available{account == nullptr ? 0 : account->available.load()};
    payment_order order = order_of(payment.record);
    const ilp::amount wanted = payment.record.is_fixed_delivery ? available : payment.record.amount;
    order.what = quote_order{std::max(wanted, ilp::amount{1})};
    payment.is_with_worker = true;
    around_.start(std::move(order));
}

void payment_driver::quoted(std::uint64_t number, const ilp::payment_quote::finished& outcome) {
    const auto known = open_.find(number);
    if (known == open_.end()) return;
    if (!outcome) {
        known->second.is_with_worker = false;
        const ilp::quote_refusal& refusal = outcome.error();
        return end(number, payment_status::failed, with_code(describe(refusal.failure), refusal.code));
    }
    known->second.path = outcome->path;
    // changed() follows, or the payment has been cancelled meanwhile.
    write([this, number, offer = offer_for(known->second.record, outcome->rate)](peering::bookkeeper& keeper) {
        if (around_.payments.start_sending(keeper, number, offer)) return;
        boost::asio::post(around_.control, [this, number] { around_.cancel(number); });
    });
}

void payment_driver::send(const peering::payment_record& record, const ilp::known_path& path) {
    payment_order order = order_of(record);
    order.path = path;
    order.what =
        send_order{.terms = terms_of(record), .state = {record.sent, record.delivered, {}}, .limits = around_.limits};
    open_.at(record.number).is_with_worker = true;
    around_.start(std::move(order));
}

void payment_driver::ended(std::uint64_t number, const ilp::outgoing_payment::finished& finished) {
    const auto known = open_.find(number);
    if (known == open_.end()) return;
    known->second.is_with_worker = false;
    switch (finished.end) {
        case ilp::payment_end::completed:
            return end(number, payment_status::completed, {});
        case ilp::payment_end::cancelled:
            return end(number, payment_status::cancelled, {});
        default:
            return end(number, payment_status::failed, with_code(describe(finished.end), finished.code));
    }
}

void payment_driver::end(std::uint64_t number, payment_status status, std::string failure) {
    write([this, number, status, failure = std::move(failure)](peering::bookkeeper& keeper) {
        const auto outcome = around_.payments.end(keeper, number, status, failure, ilp::wall_clock());
        if (outcome || outcome.error() == peering::payment_refusal::already_ended) return;
        log::write(log::level::error,
                   "the end of a payment could not be written; it is looked at again at the next start",
                   {{"payment", number}});
    });
}

/// Tasks of operators may fill the committer's queue. When it stops, the next start goes on.
void payment_driver::write(peering::store_task task) {
    if (!around_.committer.execute(std::move(task))) {
        log::write(log::level::warn, "a payment waits for the next start, because the store has too much to do", {});
    }
}

payment_order payment_driver::order_of(const peering::payment_record& record) {
    const auto on_control = [this](auto call) { boost::asio::post(around_.control, std::move(call)); };
    return {.number = record.number,
            .account = around_.account_of(record.account).value_or(0),
            .receiver = open_.at(record.number).receiver,
            .callbacks = {.quoted =
                              [this, on_control](std::uint64_t number, const ilp::payment_quote::finished& outcome) {
                                  on_control([this, number, outcome] { quoted(number, outcome); });
                              },
                          .ended =
                              [this, on_control](std::uint64_t number, const ilp::outgoing_payment::finished& finished,
                                                 const ilp::known_path&) {
                                  on_control([this, number, finished] { ended(number, finished); });
                              }}};
}

}  // namespace connector
