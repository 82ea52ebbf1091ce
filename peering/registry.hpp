#pragma once

#include "config/settings.hpp"
#include "ilp/condition.hpp"
#include "peering/bookkeeper.hpp"
#include "peering/peer.hpp"
#include "peering/store.hpp"

#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peering {

/// Whom we trade with: an immutable snapshot. Packet threads read it without a lock; a change makes a new one.
class registry {
public:
    /// Preconditions: the peers' assets are elements of `assets`; no name stands twice. `slots_given` are never given
    /// to others: packets of peers that have left may still be in flight.
    registry(std::deque<asset> assets, std::vector<peer> peers, std::uint32_t slots_given = 0);
    ~registry();
    registry(const registry&) = delete;
    registry& operator=(const registry&) = delete;

    /// The peer that owns a token with this hash; the comparison takes the same time whatever matches. Null: none. Its
    /// time does not depend on the number of peers.
    const peer* find_by_token(const ilp::digest& token_hash) const noexcept;

    const peer* find_by_name(std::string_view name) const noexcept;

    /// In the order of the file.
    std::span<const peer> peers() const noexcept { return peers_; }
    const std::deque<asset>& assets() const noexcept { return assets_; }

    /// One more than the highest slot that any peer has had: the size of a worker's tables.
    std::uint32_t slot_count() const noexcept { return slot_count_; }

private:
    struct index;
    std::deque<asset> assets_;  // stable addresses: peers point to them
    std::vector<peer> peers_;
    std::uint32_t slot_count_ = 0;
    std::unique_ptr<index> index_;
};

/// Brings store and ledger up to date with the file in one transaction (assets and peers that are new are added with
/// their first deposit, known ones are renamed), opens the accounts that the ledger does not have yet, sets the
/// thresholds, and makes the snapshot. A peer is known by its name, else by its address and asset. `known` is what the
/// store has loaded just now. The error names what the operator has to mend, and nothing has changed then; a broken
/// book (an account below zero, a sum that is not zero) is one.
///
/// At a reload `previous` is the snapshot in use: peers keep their slots, and their limits where the file did not
/// change them. The same ledger and store as at the first call.
std::expected<std::shared_ptr<const registry>, std::string> build_registry(const config::settings& settings,
                                                                           const catalogue& known, bookkeeper& keeper,
                                                                           const registry* previous = nullptr);

}  // namespace peering
