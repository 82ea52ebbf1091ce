#pragma once

#include "ilp/clock.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace connector {

/// A timer that calls an action when it is due. It is a member of its owner, and removes itself from the wheel when
/// destroyed.
class deadline {
public:
    using action = void (*)(deadline&);

    explicit deadline(action on_due) : on_due_{on_due} {}
    ~deadline() { cancel(); }
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    void cancel() noexcept {
        if (next_ == nullptr) return;
        previous_->next_ = next_;
        next_->previous_ = previous_;
        next_ = previous_ = nullptr;
    }
    bool is_set() const noexcept { return next_ != nullptr; }

private:
    friend class deadline_wheel;

    deadline* previous_ = nullptr;
    deadline* next_ = nullptr;
    std::uint64_t tick_ = 0;
    action on_due_ = nullptr;
};

/// A deadline that calls a member function of its owner.
template <typename Owner, void (Owner::*handler)()>
class deadline_of final : public deadline {
public:
    explicit deadline_of(Owner& owner)
        : deadline{[](deadline& self) { (static_cast<deadline_of&>(self).owner_.*handler)(); }}, owner_{owner} {}

private:
    Owner& owner_;
};

/// All deadlines of one loop, driven by one coarse timer. Setting, moving or cancelling a deadline costs a few stores,
/// however many there are. A deadline never fires early; it fires within one tick of its due time, or later if very
/// many are due at once.
class deadline_wheel {
public:
    static constexpr std::chrono::milliseconds tick{10};
    static constexpr std::size_t actions_max = 64;  ///< per call of advance()

    explicit deadline_wheel(ilp::steady_time start);

    /// Sets or moves a deadline. Returns true if it is due before the last result of next_due(), in which case the
    /// owner of the timer must call next_due() again.
    bool set(deadline& deadline, ilp::steady_time due);

    /// Runs the actions of due deadlines, at most `actions_max` per call, so that thousands of connections timing out
    /// at once do not delay packets. The rest run at the next call, which next_due() then requests immediately. Actions
    /// may set and cancel deadlines, and may destroy the deadline's owner.
    void advance(ilp::steady_time now);

    /// The time of the next advance(), no later than the earliest deadline's tick; nullopt if no deadline is set.
    std::optional<ilp::steady_time> next_due() const noexcept;

private:
    static constexpr std::size_t slot_count = 1024;  // one revolution is 10.24 s; later deadlines stay for several

    struct list : deadline {  ///< a ring with the list itself as sentinel
        list() : deadline{nullptr} { previous_ = next_ = this; }
        bool empty() const noexcept { return next_ == this; }
        void append(deadline& deadline) noexcept;
    };

    std::uint64_t tick_of(ilp::steady_time time) const noexcept;
    void next_tick() noexcept;

    ilp::steady_time start_;
    std::uint64_t now_tick_ = 0;
    mutable std::uint64_t promised_tick_;  // the last result of next_due()
    std::array<list, slot_count> slots_;
    list due_;  // taken out of their slots, action not called yet
};

}  // namespace connector
