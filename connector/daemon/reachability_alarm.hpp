#pragma once

#include "ilp/clock.hpp"
#include "peering/directory/peer_reachability.hpp"
#include "peering/records/event.hpp"
#include "peering/records/uuid.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace connector {

/// Decides when the reachability of one peer is worth an event. A peer that goes and comes back all the time raises at
/// most two events a minute. It uses no clock of its own.
class reachability_alarm {
public:
    /// The time for which packets must have failed, between the first and the latest of them. A single packet that
    /// fails raises no event, however long ago it was.
    static constexpr std::chrono::seconds confirmed_after{10};
    /// The shortest time between two events that a peer is not reachable.
    static constexpr std::chrono::minutes pause{1};

    enum class decision : std::uint8_t { nothing, lost, back };

    /// Call it when the state has changed, and periodically until is_idle().
    decision look(const peering::peer_reachability& found, ilp::steady_time now);

    /// True if nothing is remembered: a new alarm would decide the same from now on.
    bool is_idle(const peering::peer_reachability& found, ilp::steady_time now) const noexcept;

    /// Since when the peer was not reachable, for the event that it is back.
    std::optional<ilp::instant> lost_since() const noexcept { return lost_since_; }

private:
    bool is_paused(ilp::steady_time now) const noexcept { return last_lost_ && now < *last_lost_ + pause; }

    bool has_reported_loss_ = false;
    std::optional<ilp::instant> lost_since_;
    std::optional<ilp::steady_time> last_lost_;  ///< when an event was raised
};

/// The events. The first says that the peer has been unreachable, or has refused our packets, for longer than a moment.
peering::event_record peer_lost(const peering::uuid_text& peer, const peering::peer_reachability& found);
peering::event_record peer_back(const peering::uuid_text& peer, const peering::peer_reachability& found,
                                const std::optional<ilp::instant>& lost_since);

}  // namespace connector
