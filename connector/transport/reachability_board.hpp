#pragma once

#include "connector/transport/reachability_record.hpp"
#include "peering/directory/peer_reachability.hpp"
#include "peering/records/uuid.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace connector {

/// One view of a peer out of those of several workers. The latest outcome of a packet decides the state.
peering::peer_reachability merge(std::span<const peering::peer_reachability> views);

/// The reachability of all peers to which packets have been sent, as all workers have found it. Any thread may use it.
class reachability_board {
public:
    struct entry {
        std::uint32_t peer = 0;  ///< its id
        peering::uuid_text uuid;
        peering::peer_reachability reachability;
    };

    /// Makes the record that a worker keeps while it has this link to the peer. The board must outlive it.
    std::shared_ptr<reachability_record> open(std::uint32_t peer, const peering::uuid_text& uuid);
    /// The link has gone, and what was known about it with it.
    void close(std::uint32_t peer, const std::shared_ptr<reachability_record>& record);

    /// What each peer takes in parts, by its latest answer over any of its links.
    accepted_parts& accepted() noexcept { return accepted_; }

    /// Unknown if no packet has been sent to the peer.
    peering::peer_reachability of(std::uint32_t peer) const;

    /// All that are not unknown, in no particular order.
    std::vector<entry> all() const;

    /// Those whose state has changed in any worker since the last call. They may be unknown by now.
    std::vector<entry> take_changed();

private:
    using records = std::vector<std::shared_ptr<const reachability_record>>;

    struct known_peer {
        peering::uuid_text uuid;
        records of_workers{};
    };

    static peering::peer_reachability read(const records& of_workers);
    void note_change(std::uint32_t peer);

    accepted_parts accepted_;
    mutable std::mutex mutex_;
    // Guarded by mutex_. Records are read without it, so that a scrape of many peers delays no worker.
    std::unordered_map<std::uint32_t, known_peer> peers_;
    std::unordered_set<std::uint32_t> changed_;
};

}  // namespace connector
