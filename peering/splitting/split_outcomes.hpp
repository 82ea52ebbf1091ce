#pragma once

#include "ilp/bytes.hpp"
#include "ilp/packet.hpp"
#include "ilp/timestamp.hpp"
#include "peering/splitting/split_header.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace peering {

/// The fulfillment of a packet that has come in parts. It is written in the transaction that posts the packet, so that
/// the peer can ask for it when all connections have failed.
struct split_outcome {
    std::uint32_t peer = 0;  ///< the one that has split the packet
    split_id id{};
    ilp::bytes fulfill{};    ///< the packet that answers each part
    ilp::timestamp until{};  ///< until when it is kept: 60 s after the expiry of the packet

    friend bool operator==(const split_outcome&, const split_outcome&) = default;
};

inline constexpr std::size_t kept_fulfill_max = 1024;

/// The Fulfill as it is kept: without its data if it would be longer than `kept_fulfill_max`, so that nobody can fill
/// the store with data. The preimage is all that the books of the two nodes depend on.
ilp::bytes fulfill_to_keep(const ilp::fulfill_view& fulfill);

/// The outcomes that peers may still ask for, of all workers. Any thread.
class split_outcomes {
public:
    /// As many as 700 packets a second leave. Of a peer that has more, those whose time ends first are forgotten.
    static constexpr std::size_t of_peer_max = std::size_t{1} << 16U;

    split_outcomes() = default;
    /// `kept`: what the store has kept, at the start.
    explicit split_outcomes(std::vector<split_outcome> kept);

    /// Call it once the outcome is durable. Forgets those whose time is over at `now`.
    void add(split_outcome outcome, ilp::timestamp now);

    /// The Fulfill of a set of this peer; nullopt if there is none, or its time is over.
    std::optional<ilp::bytes> find(std::uint32_t peer, const split_id& id, ilp::timestamp now) const;

    std::size_t size() const;

private:
    struct kept {
        ilp::bytes fulfill;
        ilp::timestamp until;
    };
    struct of_peer {
        std::map<split_id, kept> by_id;
        std::set<std::pair<ilp::timestamp, split_id>> by_end;
    };

    void forget(std::uint32_t peer, const split_id& id);

    mutable std::mutex mutex_;
    std::map<std::uint32_t, of_peer> peers_;
    std::set<std::tuple<ilp::timestamp, std::uint32_t, split_id>> by_end_;  // of all peers
};

}  // namespace peering
