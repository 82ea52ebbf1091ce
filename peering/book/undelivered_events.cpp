#include "peering/book/undelivered_events.hpp"

namespace peering {

void undelivered_events::restore(std::span<const pending_count> pending, std::span<const event_record> open) {
    pending_ = 0;
    of_account_.clear();
    for (const pending_count& each : pending) {
        pending_ += each.events;
        add(each.receiving_account, each.events);
    }
    for (const event_record& event : open) add(event.receiving_account, 1);
}

void undelivered_events::written(const changes& changes) {
    for (const event_record& event : changes.new_events) {
        if (!event.is_open) ++pending_;
        add(event.receiving_account, 1);
    }
    for (const event_record& event : changes.changed_events) {
        if (!event.is_open) ++pending_;
    }
    for (const event_attempt& attempt : changes.event_attempts) {
        if (!attempt.delivered && attempt.due) continue;
        if (pending_ > 0) --pending_;
        const auto account = of_account_.find(attempt.receiving_account);
        if (account != of_account_.end() && --account->second == 0) of_account_.erase(account);
    }
}

std::uint64_t undelivered_events::of_account(std::string_view receiving_account) const {
    const auto found = of_account_.find(receiving_account);
    return found == of_account_.end() ? 0 : found->second;
}

void undelivered_events::add(const std::string& receiving_account, std::uint64_t events) {
    if (!receiving_account.empty() && events > 0) of_account_[receiving_account] += events;
}

}  // namespace peering
