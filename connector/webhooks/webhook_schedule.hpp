#pragma once

#include "ilp/clock.hpp"
#include "ilp/wall_history.hpp"
#include "peering/records/event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// Decides which event of a line is posted next and when, and what follows from the answer. It uses no socket, clock or
/// database: the store keeps the events, and this class holds those due first.
///
/// Pauses are measured by the steady clock. The store keeps the time of the next attempt by the wall clock, for the
/// next start and for the order of the events; if the wall clock is set in between, no event waits longer or shorter
/// for it, and after a start none waits longer than its pause.
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
    bool must_load(ilp::steady_time now) const noexcept;

    /// Must be called before the store is queried.
    void begin_load() noexcept;

    /// The result of the query: at most waiting_max events, ordered by due time. They replace the waiting ones.
    void loaded(std::vector<peering::pending_event> events, const ilp::instant& now);

    /// Returns an event to post now, if there is one.
    std::optional<peering::pending_event> take(ilp::steady_time now);

    /// Returns what to save after an attempt.
    peering::event_attempt ended(const peering::pending_event& event, bool delivered, const ilp::instant& now);

    /// Must be called when the attempt has been saved.
    void saved(const peering::event_attempt& attempt);

    /// The time when the result of must_load() or take() may next change if nothing else happens; nullopt if never.
    std::optional<ilp::steady_time> next_due() const noexcept;

private:
    struct waiting_event {
        peering::pending_event event;
        ilp::steady_time due;
    };
    struct posted_event {
        std::string uuid;
        std::optional<ilp::steady_time> retry_due{};  // once the attempt has failed
    };

    ilp::steady_time due_of(const peering::pending_event& event) const;
    std::vector<posted_event>::iterator find_under_way(const std::string& uuid);
    bool has_more() const noexcept { return more_in_store_ && waiting_.empty(); }

    std::uint32_t max_retry_;
    bool load_requested_ = true;
    bool more_in_store_ = false;
    ilp::wall_history wall_;
    std::optional<ilp::steady_time> retry_due_;  // earliest retry among the attempts saved since the last load
    std::vector<waiting_event> waiting_;         // in descending order of due time
    std::vector<posted_event> under_way_;
};

}  // namespace connector
