#include "connector/deadline_wheel.hpp"

#include <limits>

namespace connector {
namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

}  // namespace

deadline_wheel::deadline_wheel(peering::steady_time start) : start_{start}, promised_tick_{never} {}

void deadline_wheel::list::append(deadline& deadline) noexcept {
    deadline.previous_ = previous_;
    deadline.next_ = this;
    previous_->next_ = &deadline;
    previous_ = &deadline;
}

std::uint64_t deadline_wheel::tick_of(peering::steady_time time) const noexcept {
    return time <= start_ ? 0 : static_cast<std::uint64_t>((time - start_) / tick);
}

bool deadline_wheel::set(deadline& deadline, peering::steady_time due) {
    deadline.cancel();
    deadline.tick_ = std::max(tick_of(due), now_tick_) + 1;  // rounded up: never before its time
    slots_[deadline.tick_ % slot_count].append(deadline);
    return deadline.tick_ < promised_tick_;
}

void deadline_wheel::advance(peering::steady_time now) {
    const std::uint64_t until = tick_of(now);
    // After a long sleep one turn of the wheel meets every deadline.
    if (until > now_tick_ + slot_count) now_tick_ = until - slot_count;
    while (now_tick_ < until) {
        ++now_tick_;
        list& slot = slots_[now_tick_ % slot_count];
        // Due ones are moved to a list of their own first: an action may set new deadlines in this slot.
        list due;
        for (deadline* at = slot.next_; at != &slot;) {
            deadline* const next = at->next_;
            if (at->tick_ <= now_tick_) {
                at->cancel();
                due.append(*at);
            }
            at = next;
        }
        while (!due.empty()) {
            deadline& first = *due.next_;
            first.cancel();
            first.on_due_(first);
        }
    }
}

std::optional<peering::steady_time> deadline_wheel::next_due() const noexcept {
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
