#pragma once

#include "ilp/bytes.hpp"
#include "ilp/timestamp.hpp"
#include "peering/splitting/split_header.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace peering {

/// The fulfillment of a packet that has come in parts. It is written in the transaction that posts the packet, so that
/// the peer can ask for it when all connections have failed.
struct split_outcome {
    std::uint32_t peer = 0;  ///< the one that has split the packet
    split_id id{};
    ilp::bytes fulfill;    ///< the packet that answers each part
    ilp::timestamp until;  ///< until when it is kept: 60 s after the expiry of the packet
};

/// The outcomes that peers may still ask for, of all workers. Any thread.
class split_outcomes {
public:
    split_outcomes() = default;
    /// `kept`: what the store has kept, at the start.
    explicit split_outcomes(std::vector<split_outcome> kept);

    /// Call it once the outcome is durable. Forgets those whose time is over at `now`.
    void add(split_outcome outcome, ilp::timestamp now);

    /// The Fulfill of a set of this peer; nullopt if there is none, or its time is over.
    std::optional<ilp::bytes> find(std::uint32_t peer, const split_id& id, ilp::timestamp now) const;

    std::size_t size() const;

private:
    using key = std::pair<std::uint32_t, split_id>;
    struct kept {
        ilp::bytes fulfill;
        ilp::timestamp until;
    };

    void forget_old(ilp::timestamp now);

    mutable std::mutex mutex_;
    std::map<key, kept> by_id_;
    std::multimap<ilp::timestamp, key> by_end_;
};

}  // namespace peering
