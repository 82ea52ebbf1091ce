#pragma once

#include "connector/routing/recent_users.hpp"
#include "ilp/amount.hpp"
#include "ilp/clock.hpp"
#include "peering/records/wide_amount.hpp"

#include <chrono>
#include <cstdint>
#include <unordered_map>

namespace connector {

/// How much of each asset's liquidity the packets of each peer hold, as far as one worker knows. All peers whose
/// packets are exchanged into an asset share its liquidity, and packets that are never answered must not keep it from
/// others.
class pool_shares {
public:
    using held_amount = std::uint64_t;

    /// Returns the counter to which the caller adds `amount` once it is held, or null if the sender would hold more
    /// than its share: 4 times what is left to the others, as with packets in flight to a next hop. One exception makes
    /// small pools usable: while no other sender has held anything of the pool for a minute, a sender may hold one
    /// packet of any amount.
    ///
    /// `available`: what is not held of the pool. The pointer stays valid as long as this object.
    held_amount* find_share(std::uint32_t sender, std::uint32_t asset, ilp::amount amount, std::uint64_t available,
                            ilp::steady_time now) {
        const bool is_shared = users_.try_emplace(asset, memory).first->second.has_others(sender, now);
        held_amount& held = held_[std::uint64_t{sender} << 32U | asset];
        if (held == 0 && !is_shared) return &held;
        constexpr unsigned share_of_the_rest = 4;
        const auto wanted = peering::wide_amount{held} + amount.value;
        const auto rest = peering::wide_amount{available} - amount.value;
        const bool is_there = amount.value <= available;  // if not, the ledger says so
        return is_there && wanted > share_of_the_rest * rest ? nullptr : &held;
    }

    /// Call once the amount is held: a packet that its sender cannot pay for makes nobody share.
    void note_hold(std::uint32_t sender, std::uint32_t asset, ilp::steady_time now) {
        users_.try_emplace(asset, memory).first->second.note(sender, now);
    }

private:
    static constexpr std::chrono::minutes memory{1};  ///< the maximum of max_hold_time

    std::unordered_map<std::uint32_t, recent_users> users_;  ///< by asset
    std::unordered_map<std::uint64_t, held_amount> held_;    ///< by sender and asset
};

}  // namespace connector
