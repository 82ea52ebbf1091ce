#include "connector/webhooks/webhook_schedule.hpp"

#include <algorithm>
#include <utility>

namespace connector {

using peering::event_attempt;
using peering::pending_event;

namespace {

/// The pause before the next attempt; none before the first.
std::chrono::seconds pause_after(std::uint32_t attempts) {
    constexpr std::uint32_t steps = webhook_schedule::pause_max / webhook_schedule::first_pause;
    return std::min(std::min(attempts, steps) * webhook_schedule::first_pause, webhook_schedule::pause_max);
}

}  // namespace

bool webhook_schedule::must_load(ilp::steady_time now) const noexcept {
    return load_requested_ || has_more() || (retry_due_ && *retry_due_ <= now);
}

void webhook_schedule::begin_load() noexcept {
    load_requested_ = false;
    more_in_store_ = false;
    retry_due_.reset();
}

void webhook_schedule::loaded(std::vector<pending_event> events, const ilp::instant& now) {
    wall_.observe(now);
    more_in_store_ = events.size() >= waiting_max;
    waiting_.clear();
    for (pending_event& event : events) {
        if (find_under_way(event.event.uuid) != under_way_.end()) continue;
        const ilp::steady_time due = due_of(event);
        const auto place = std::ranges::upper_bound(waiting_, due, {}, &waiting_event::due);
        waiting_.insert(place, {std::move(event), due});
    }
    std::ranges::reverse(waiting_);
}

std::optional<pending_event> webhook_schedule::take(ilp::steady_time now) {
    if (under_way_.size() >= under_way_max || waiting_.empty() || waiting_.back().due > now) return std::nullopt;
    pending_event event = std::move(waiting_.back().event);
    waiting_.pop_back();
    under_way_.push_back({event.event.uuid});
    return event;
}

event_attempt webhook_schedule::ended(const pending_event& event, bool delivered, const ilp::instant& now) {
    wall_.observe(now);
    event_attempt attempt{.uuid = event.event.uuid,
                          .delivered = delivered,
                          .due = {},
                          .receiving_account = event.event.receiving_account};
    if (delivered || event.attempts >= max_retry_) return attempt;
    const auto pause = pause_after(event.attempts + 1);
    attempt.due = now.wall + pause;
    const auto posted = find_under_way(event.event.uuid);
    if (posted != under_way_.end()) posted->retry_due = now.steady + pause;
    return attempt;
}

void webhook_schedule::saved(const event_attempt& attempt) {
    const auto posted = find_under_way(attempt.uuid);
    if (posted == under_way_.end()) return;
    if (posted->retry_due) retry_due_ = std::min(retry_due_.value_or(*posted->retry_due), *posted->retry_due);
    under_way_.erase(posted);
}

std::optional<ilp::steady_time> webhook_schedule::next_due() const noexcept {
    if (under_way_.size() >= under_way_max || waiting_.empty()) return retry_due_;
    return std::min(waiting_.back().due, retry_due_.value_or(waiting_.back().due));
}

/// `pending_event::due` is the time of the last attempt and the pause after it.
ilp::steady_time webhook_schedule::due_of(const pending_event& event) const {
    const auto pause = pause_after(event.attempts);
    return wall_.moment_of(event.due - pause) + pause;
}

auto webhook_schedule::find_under_way(const std::string& uuid) -> std::vector<posted_event>::iterator {
    return std::ranges::find(under_way_, uuid, &posted_event::uuid);
}

}  // namespace connector
