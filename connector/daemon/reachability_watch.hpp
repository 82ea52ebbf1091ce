#pragma once

#include "connector/daemon/reachability_alarm.hpp"
#include "connector/transport/reachability_board.hpp"
#include "ilp/clock.hpp"
#include "peering/book/committer.hpp"
#include "peering/directory/directory.hpp"
#include "peering/records/event.hpp"
#include "peering/records/uuid.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace connector {

/// Raises an event when a peer has not been reachable for longer than a moment, and when it is back. Events are written
/// to the store like all others. What has been reported is not kept across a restart: afterwards nothing is known of a
/// peer until a packet has been sent to it. Runs on the control loop.
class reachability_watch {
public:
    reachability_watch(reachability_board& board, const peering::directory& directory, peering::committer& committer)
        : board_{board}, directory_{directory}, committer_{committer} {}

    /// Call it periodically. Looks at the peers at most once a second, and not while the store fails.
    void look(ilp::steady_time now);

private:
    struct watched_peer {
        peering::uuid_text uuid;
        reachability_alarm alarm{};
    };

    void raise(std::vector<peering::event_record> events);

    reachability_board& board_;
    const peering::directory& directory_;
    peering::committer& committer_;
    ilp::steady_time next_look_;
    std::unordered_map<std::uint32_t, watched_peer> watched_;  ///< by id: those with an alarm that is not idle
};

}  // namespace connector
