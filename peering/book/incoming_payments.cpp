#include "peering/book/incoming_payments.hpp"

#include "ilp/condition.hpp"
#include "ilp/hex.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"
#include "peering/records/wide_amount.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace peering {
namespace {

bool brings_nothing(const received_packets& received) noexcept {
    return received.amount == 0;
}

/// Stands for all connections of the account that have no event of their own.
connection_id collective_of(const uuid_text& account) noexcept {
    const ilp::digest digest = ilp::sha256(ilp::as_bytes(account.text()));
    connection_id id;
    std::copy_n(digest.begin(), id.size(), id.begin());
    return id;
}

}  // namespace

bool incoming_payments::concerns(const table_by_connection<received_packets>& received) const {
    return std::ranges::any_of(
        received, [this](const auto& each) { return !brings_nothing(each.second) || open_.contains(each.first); });
}

bool incoming_payments::has_idle(ilp::steady_time now) const {
    return std::ranges::any_of(open_, [&](const auto& each) { return is_idle(each.second, now); });
}

event_record incoming_payments::open_payment::report(const connection_id& connection, bool is_open) const {
    wide_amount_buffer amount;
    boost::json::object data{
        {"id", event},
        {"walletAddressId", received.account.text()},
        {"completed", true},
        {"receivedAmount",
         {{"value", to_text(received.amount, amount)},
          {"assetCode", received.asset_code},
          {"assetScale", received.asset_scale}}},
        {"packets", received.packets},
        {"createdAt", iso_text(received.first.wall)},
        {"updatedAt", iso_text(received.last.wall)},
        {"expiresAt", iso_text(received.address_expires_at)},
    };
    if (is_collective) {
        data.emplace("payments", payments);
    } else {
        data.emplace("connectionId", ilp::to_hex(connection));
    }
    return {.uuid = event,
            .type = "incoming_payment.completed",
            .data = boost::json::serialize(data),
            .is_open = is_open,
            .receiving_account = std::string{received.account.text()}};
}

/// The event of a collective payment counts among those of its account.
bool incoming_payments::is_idle(const open_payment& payment, ilp::steady_time now) const {
    if (!payment.received.has_ended && payment.received.last.steady + idle_time_ > now) return false;
    return !payment.is_collective || undelivered_.of_account(payment.received.account) <= undelivered_max;
}

bool incoming_payments::may_have_own_event(const uuid_text& account, std::size_t open,
                                           const account_counts& begun) const {
    if (open >= open_max) return false;
    const auto beside = begun.find(account.text());
    return undelivered_.of_account(account) + (beside == begun.end() ? 0 : beside->second) < undelivered_max;
}

void incoming_payments::collect(const connection_id& connection, const received_packets& more,
                                table_by_connection<open_payment>& collected) {
    const connection_id collective = collective_of(more.account);
    const auto [all, is_first] = collected.try_emplace(collective);
    if (is_first) {
        all->second = {.received = more, .is_collective = true};
    } else {
        all->second.received.add(more);
    }
    all->second.received.has_ended = false;  // one of them has closed
    if (counted_.contains(connection) || counted_.size() + newly_counted_.size() >= counted_max) return;
    newly_counted_.emplace_back(connection, collective);
    ++all->second.payments;
}

void incoming_payments::add(const table_by_connection<received_packets>& received,
                            std::optional<ilp::steady_time> idle_at, std::vector<event_record>& new_events,
                            std::vector<event_record>& changed_events) {
    new_events.clear();
    changed_events.clear();
    pending_.clear();
    newly_counted_.clear();
    std::size_t open = open_.size();
    account_counts begun;
    table_by_connection<open_payment> collected;
    for (const auto& [connection, more] : received) {
        const bool is_known = open_.contains(connection);
        if (!is_known && brings_nothing(more)) continue;
        if (!is_known && !may_have_own_event(more.account, open, begun)) {
            collect(connection, more, collected);
            continue;
        }
        if (!is_known) {
            ++open;
            ++begun[more.account.text()];
        }
        take(connection, {.received = more}, new_events, changed_events);
    }
    for (const auto& [collective, more] : collected) take(collective, more, new_events, changed_events);
    if (!idle_at) return;
    std::size_t ended = 0;
    for (const auto& [connection, payment] : open_) {
        if (ended == ended_at_a_time) return;
        if (!is_idle(payment, *idle_at) || received.contains(connection) || collected.contains(connection)) continue;
        ++ended;
        open_payment& now = pending_.emplace_back(connection, payment).second;
        now.has_ended = true;
        changed_events.push_back(now.report(connection, false));
    }
}

void incoming_payments::take(const connection_id& connection, const open_payment& more,
                             std::vector<event_record>& new_events, std::vector<event_record>& changed_events) {
    const auto known = open_.find(connection);
    if (known == open_.end()) {
        open_payment& begun = pending_.emplace_back(connection, more).second;
        begun.event = new_uuid();
        new_events.push_back(begun.report(connection, true));
        return;
    }
    open_payment& now = pending_.emplace_back(connection, known->second).second;
    now.received.add(more.received);
    now.payments += more.payments;
    now.has_ended =
        now.received.last.steady - now.received.first.steady > part_time_max &&
        (!now.is_collective || undelivered_.of_account(now.received.account) < undelivered_with_collective_max);
    changed_events.push_back(now.report(connection, !now.has_ended));
}

void incoming_payments::written() {
    for (const auto& [connection, collective] : newly_counted_) counted_.emplace(connection, collective);
    newly_counted_.clear();
    for (auto& [connection, payment] : pending_) {
        if (payment.has_ended) {
            if (payment.is_collective) {
                boost::unordered::erase_if(counted_, [&](const auto& each) { return each.second == connection; });
            }
            open_.erase(connection);
        } else {
            open_.insert_or_assign(connection, std::move(payment));
        }
    }
    pending_.clear();
}

}  // namespace peering
