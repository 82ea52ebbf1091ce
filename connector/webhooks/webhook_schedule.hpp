#pragma once

#include "ilp/timestamp.hpp"
#include "peering/records/event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// Decides which event is posted next and when, and what follows from the answer. It uses no socket, clock or database:
/// the store keeps the events, and this class holds those due first.
///
/// An event is in progress from take() to saved(). It is not posted again until the store has saved the result of the
/// attempt, so a store that saves nothing soon stops all posting.
class webhook_schedule {
public:
    static constexpr std::size_t under_way_max = 4;
    static constexpr std::size_t waiting_max = 64;  ///< number of events to load at a time
    static constexpr std::chrono::seconds first_pause{10};
    static constexpr std::chrono::seconds pause_max{60};

    explicit webhook_schedule(std::uint32_t max_retry) : max_retry_{max_retry} {}

    /// The store may have events that are not known here, as is the case at the start.
    void request_load() noexcept { load_requested_ = true; }

    /// Whether events must be loaded from the store.
    bool must_load(ilp::timestamp now) const noexcept;

    /// Must be called before the store is queried.
    void begin_load() noexcept;

    /// The result of the query: at most waiting_max events, ordered by due time. They replace the waiting ones.
    void loaded(std::vector<peering::pending_event> events);

    /// Returns an event to post now, if there is one.
    std::optional<peering::pending_event> take(ilp::timestamp now);

    /// Returns what to save after an attempt.
    peering::event_attempt ended(const peering::pending_event& event, bool delivered, ilp::timestamp now) const;

    /// Must be called when the attempt has been saved.
    void saved(const peering::event_attempt& attempt);

    /// The time when the result of must_load() or take() may next change if nothing else happens; nullopt if never.
    std::optional<ilp::timestamp> next_due() const noexcept;

private:
    bool is_under_way(const peering::pending_event& event) const;
    bool has_more() const noexcept { return more_in_store_ && waiting_.empty(); }

    std::uint32_t max_retry_;
    bool load_requested_ = true;
    bool more_in_store_ = false;
    std::optional<ilp::timestamp> retry_due_;      // earliest retry among the attempts saved since the last load
    std::vector<peering::pending_event> waiting_;  // in descending order of due time
    std::vector<std::string> under_way_;           // UUIDs
};

}  // namespace connector
