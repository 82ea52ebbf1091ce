#include "connector/loop/deadline_wheel.hpp"

#include <limits>

namespace connector {
namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

}  // namespace

deadline_wheel::deadline_wheel(ilp::steady_time start) : start_{start}, promised_tick_{never} {}

void deadline_wheel::list::append(deadline& deadline) noexcept {
    deadline.previous_ = previous_;
    deadline.next_ = this;
    previous_->next_ = &deadline;
    previous_ = &deadline;
}

std::uint64_t deadline_wheel::tick_of(ilp::steady_time time) const noexcept {
    return time <= start_ ? 0 : static_cast<std::uint64_t>((time - start_) / tick);
}

bool deadline_wheel::set(deadline& deadline, ilp::steady_time due) {
    deadline.cancel();
    deadline.tick_ = std::max(tick_of(due), now_tick_) + 1;  // rounded up, so that it never fires early
    slots_[deadline.tick_ % slot_count].append(deadline);
    return deadline.tick_ < promised_tick_;
}

void deadline_wheel::advance(ilp::steady_time now) {
    const std::uint64_t until = tick_of(now);
    // After a long sleep, one revolution of the wheel visits every deadline.
    if (until > now_tick_ + slot_count) now_tick_ = until - slot_count;
    std::size_t actions = 0;
    while (!due_.empty() || now_tick_ < until) {
        if (due_.empty()) next_tick();
        while (!due_.empty()) {
            if (actions++ == actions_max) return;
            deadline& first = *due_.next_;
            first.cancel();
            first.on_due_(first);
        }
    }
}

// Due deadlines leave the slot before their actions run, because an action may set new deadlines there.
void deadline_wheel::next_tick() noexcept {
    ++now_tick_;
    list& slot = slots_[now_tick_ % slot_count];
    for (deadline* at = slot.next_; at != &slot;) {
        deadline* const next = at->next_;
        if (at->tick_ <= now_tick_) {
            at->cancel();
            due_.append(*at);
        }
        at = next;
    }
}

std::optional<ilp::steady_time> deadline_wheel::next_due() const noexcept {
    if (!due_.empty()) {
        promised_tick_ = now_tick_;
        return start_ + now_tick_ * tick;
    }
    for (std::uint64_t at = now_tick_ + 1; at <= now_tick_ + slot_count; ++at) {
        if (!slots_[at % slot_count].empty()) {
            promised_tick_ = at;
            return start_ + at * tick;
        }
    }
    promised_tick_ = never;
    return std::nullopt;
}

}  // namespace connector
