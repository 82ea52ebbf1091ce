#pragma once

#include "peering/directory/peer.hpp"
#include "peering/directory/receiving_account.hpp"

#include <vector>

namespace peering {

/// What one transaction changes for packets.
struct terms_update {
    std::vector<peer_update> peers{};
    std::vector<receiving_account_update> receiving_accounts{};
};

}  // namespace peering
