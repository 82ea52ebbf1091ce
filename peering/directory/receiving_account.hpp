#pragma once

#include "ilp/timestamp.hpp"
#include "peering/directory/peer.hpp"
#include "peering/records/account.hpp"
#include "peering/records/kept_terms.hpp"
#include "peering/records/uuid.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace peering {

/// An account of ours to which payments over STREAM are credited. Its owner is whoever the operator keeps it for. It is
/// immutable like a peer: a change creates a new object with the same id.
struct receiving_account {
    std::uint32_t id = 0;  ///< id in the store; never used again, so that an address of the account may contain it
    uuid_text uuid;
    std::string name;         ///< in URLs and payment pointers; unique, and never changes
    std::string public_name;  ///< shown to operators; empty if there is none
    const peering::asset* asset = nullptr;
    peering::origin origin{};
    bool enabled = true;                     ///< if false, no packet is credited to it
    liquidity_account* liquidity = nullptr;  ///< owned by the ledger
    ilp::timestamp created_at{};

    /// Pointers are compared, not what they point to.
    friend bool operator==(const receiving_account&, const receiving_account&) = default;
};

/// An account that is new (`before` is null), gone (`after` is null) or changed.
struct receiving_account_update {
    std::shared_ptr<const receiving_account> before;
    std::shared_ptr<const receiving_account> after;
};

}  // namespace peering
