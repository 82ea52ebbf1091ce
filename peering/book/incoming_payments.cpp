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

event_record report_of(const connection_id& connection, const std::string& event, const received_packets& received,
                       bool is_open) {
    wide_amount_buffer amount;
    const boost::json::object data{
        {"id", event},
        {"walletAddressId", received.account.text()},
        {"connectionId", ilp::to_hex(connection)},
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
    return {event, "incoming_payment.completed", boost::json::serialize(data), is_open};
}

/// Stands for all connections of the account that have no event of their own.
connection_id other_connections_of(const uuid_text& account) noexcept {
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

void incoming_payments::add(const table_by_connection<received_packets>& received,
                            std::optional<ilp::steady_time> idle_at, std::vector<event_record>& new_events,
                            std::vector<event_record>& changed_events) {
    new_events.clear();
    changed_events.clear();
    pending_.clear();
    std::size_t open = open_.size();
    table_by_connection<received_packets> others;
    for (const auto& [connection, more] : received) {
        const bool is_known = open_.contains(connection);
        if (!is_known && brings_nothing(more)) continue;
        if (!is_known && open >= open_max) {
            const auto [other, is_first] = others.try_emplace(other_connections_of(more.account), more);
            if (!is_first) other->second.add(more);
            continue;
        }
        if (!is_known) ++open;
        take(connection, more, new_events, changed_events);
    }
    for (auto& [connection, more] : others) {
        more.has_ended = false;  // one of them has closed
        take(connection, more, new_events, changed_events);
    }
    if (!idle_at) return;
    std::size_t ended = 0;
    for (const auto& [connection, payment] : open_) {
        if (ended == ended_at_a_time) return;
        if (!is_idle(payment, *idle_at) || received.contains(connection) || others.contains(connection)) continue;
        ++ended;
        open_payment& now = pending_.emplace_back(connection, payment).second;
        now.has_ended = true;
        changed_events.push_back(report_of(connection, now.event, now.received, false));
    }
}

void incoming_payments::take(const connection_id& connection, const received_packets& more,
                             std::vector<event_record>& new_events, std::vector<event_record>& changed_events) {
    const auto known = open_.find(connection);
    if (known == open_.end()) {
        const open_payment& begun = pending_.emplace_back(connection, open_payment{new_uuid(), more}).second;
        new_events.push_back(report_of(connection, begun.event, begun.received, true));
        return;
    }
    open_payment& now = pending_.emplace_back(connection, known->second).second;
    now.received.add(more);
    now.has_ended = now.received.last.steady - now.received.first.steady > part_time_max;
    changed_events.push_back(report_of(connection, now.event, now.received, !now.has_ended));
}

void incoming_payments::written() {
    for (auto& [connection, payment] : pending_) {
        if (payment.has_ended) {
            open_.erase(connection);
        } else {
            open_.insert_or_assign(connection, std::move(payment));
        }
    }
    pending_.clear();
}

}  // namespace peering
