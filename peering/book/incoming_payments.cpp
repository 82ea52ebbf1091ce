#include "peering/book/incoming_payments.hpp"

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

event_record report_of(const connection_id& connection, const std::string& event, const received_packets& received) {
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
    return {event, "incoming_payment.completed", boost::json::serialize(data), !received.has_ended};
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
    for (const auto& [connection, more] : received) {
        const auto known = open_.find(connection);
        if (known == open_.end()) {
            if (brings_nothing(more)) continue;
            open_payment begun{new_uuid(), more};
            if (open >= open_max) begun.received.has_ended = true;
            if (!begun.received.has_ended) ++open;
            new_events.push_back(report_of(connection, begun.event, begun.received));
            pending_.emplace_back(connection, std::move(begun));
            continue;
        }
        open_payment& now = pending_.emplace_back(connection, known->second).second;
        now.received.add(more);
        if (now.received.last.steady - now.received.first.steady > part_time_max) now.received.has_ended = true;
        changed_events.push_back(report_of(connection, now.event, now.received));
    }
    if (!idle_at) return;
    for (const auto& [connection, payment] : open_) {
        if (changed_events.size() >= ended_at_a_time) return;
        if (!is_idle(payment, *idle_at) || received.contains(connection)) continue;
        open_payment& now = pending_.emplace_back(connection, payment).second;
        now.received.has_ended = true;
        changed_events.push_back(report_of(connection, now.event, now.received));
    }
}

void incoming_payments::written() {
    for (auto& [connection, payment] : pending_) {
        if (payment.received.has_ended) {
            open_.erase(connection);
        } else {
            open_.insert_or_assign(connection, std::move(payment));
        }
    }
    pending_.clear();
}

}  // namespace peering
