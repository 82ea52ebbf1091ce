#pragma once

#include "ilp/clock.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace connector {

/// Something that is to be woken at a time. Lives inside its owner, and leaves the wheel when it is destroyed.
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

/// All deadlines of one loop, on one coarse timer: setting, moving and cancelling one costs a few stores, whatever
/// their number. They are met never before their time, and within one tick after it, or later where very many are due
/// at once.
class deadline_wheel {
public:
    static constexpr std::chrono::milliseconds tick{10};
    static constexpr std::size_t actions_max = 64;  ///< of one call of advance()

    explicit deadline_wheel(ilp::steady_time start);

    /// Sets it, or moves it. True when it is due before everything else: the owner of the timer then asks next_due().
    bool set(deadline& deadline, ilp::steady_time due);

    /// Runs the actions of what is due, `actions_max` of them at most: thousands of connections that fell silent
    /// together must not keep packets waiting. The others follow at the next call, which next_due() then wants at once.
    /// Actions may set and cancel deadlines, and destroy their owners.
    void advance(ilp::steady_time now);

    /// When to call advance() next; no later than the earliest deadline's tick. Empty: nothing is set.
    std::optional<ilp::steady_time> next_due() const noexcept;

private:
    static constexpr std::size_t slot_count = 1024;  // one turn of the wheel is 10.24 s; later ones stay for more turns

    struct list : deadline {  ///< a ring; the list itself is its end
        list() : deadline{nullptr} { previous_ = next_ = this; }
        bool empty() const noexcept { return next_ == this; }
        void append(deadline& deadline) noexcept;
    };

    std::uint64_t tick_of(ilp::steady_time time) const noexcept;
    void next_tick() noexcept;

    ilp::steady_time start_;
    std::uint64_t now_tick_ = 0;
    mutable std::uint64_t promised_tick_;  // what next_due() last answered
    std::array<list, slot_count> slots_;
    list due_;  // left their slots, and are to be woken
};

}  // namespace connector
