#pragma once

#include "ilp/timestamp.hpp"
#include "peering/event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// Which event is posted next, when, and what follows from the answer. No socket, no clock, no database: the store
/// keeps the events, and this remembers the ones that are due first.
///
/// An event is under way from take() until saved(): it is not posted again while nobody knows whether the store has
/// taken what became of it, and a store that takes nothing stops all posting before long.
class webhook_schedule {
public:
    static constexpr std::size_t under_way_max = 4;
    static constexpr std::size_t waiting_max = 64;  ///< what to load at a time
    static constexpr std::chrono::seconds first_pause{10};
    static constexpr std::chrono::seconds pause_max{60};

    explicit webhook_schedule(std::uint32_t max_retry) : max_retry_{max_retry} {}

    /// The store may have events that are not known here, as at first.
    void look_again() noexcept { must_look_ = true; }

    /// Whether to load what the store has.
    bool must_load(ilp::timestamp now) const noexcept;

    /// Before the store is asked.
    void begin_load() noexcept;

    /// What it had, the earliest due first, at most waiting_max. It takes the place of what waited.
    void loaded(std::vector<peering::pending_event> events);

    /// An event that is to be posted now.
    std::optional<peering::pending_event> take(ilp::timestamp now);

    /// What to save after an attempt.
    peering::event_attempt ended(const peering::pending_event& event, bool delivered, ilp::timestamp now) const;

    /// The store has it.
    void saved(const peering::event_attempt& attempt);

    /// When must_load() or take() may have another answer, if nothing else happens. Empty: never.
    std::optional<ilp::timestamp> next_due() const noexcept;

private:
    bool is_under_way(const peering::pending_event& event) const;
    bool has_more() const noexcept { return more_in_store_ && waiting_.empty(); }

    std::uint32_t max_retry_;
    bool must_look_ = true;
    bool more_in_store_ = false;
    std::optional<ilp::timestamp> retry_due_;      // of the first that was saved since the last load
    std::vector<peering::pending_event> waiting_;  // the earliest due last
    std::vector<std::string> under_way_;           // by UUID
};

}  // namespace connector
