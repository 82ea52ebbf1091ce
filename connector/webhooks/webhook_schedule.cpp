#include "connector/webhooks/webhook_schedule.hpp"

#include <algorithm>
#include <utility>

namespace connector {

using peering::event_attempt;
using peering::pending_event;

bool webhook_schedule::must_load(ilp::timestamp now) const noexcept {
    return load_requested_ || has_more() || (retry_due_ && *retry_due_ <= now);
}

void webhook_schedule::begin_load() noexcept {
    load_requested_ = false;
    more_in_store_ = false;
    retry_due_.reset();
}

void webhook_schedule::loaded(std::vector<pending_event> events) {
    more_in_store_ = events.size() >= waiting_max;
    std::erase_if(events, [this](const pending_event& event) { return is_under_way(event); });
    std::ranges::reverse(events);
    waiting_ = std::move(events);
}

std::optional<pending_event> webhook_schedule::take(ilp::timestamp now) {
    if (under_way_.size() >= under_way_max || waiting_.empty() || waiting_.back().due > now) return std::nullopt;
    pending_event event = std::move(waiting_.back());
    waiting_.pop_back();
    under_way_.push_back(event.event.uuid);
    return event;
}

event_attempt webhook_schedule::ended(const pending_event& event, bool delivered, ilp::timestamp now) const {
    event_attempt attempt{.uuid = event.event.uuid, .delivered = delivered, .due = {}};
    if (!delivered && event.attempts < max_retry_) {
        attempt.due = now + std::min((event.attempts + 1) * first_pause, pause_max);
    }
    return attempt;
}

void webhook_schedule::saved(const event_attempt& attempt) {
    std::erase(under_way_, attempt.uuid);
    if (attempt.due) retry_due_ = std::min(retry_due_.value_or(*attempt.due), *attempt.due);
}

std::optional<ilp::timestamp> webhook_schedule::next_due() const noexcept {
    if (under_way_.size() >= under_way_max || waiting_.empty()) return retry_due_;
    return std::min(waiting_.back().due, retry_due_.value_or(waiting_.back().due));
}

bool webhook_schedule::is_under_way(const pending_event& event) const {
    return std::ranges::find(under_way_, event.event.uuid) != under_way_.end();
}

}  // namespace connector
