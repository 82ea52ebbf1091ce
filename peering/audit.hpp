#pragma once

#include "peering/store.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace peering {

/// What an audit looked at, and every fault that it found: a sentence each, that names the account or asset.
struct audit_report {
    std::uint64_t accounts = 0;
    std::uint64_t assets = 0;
    std::uint64_t transfers = 0;  ///< rows; many packets may be in one
    std::vector<std::string> faults;
};

/// Recomputes every balance of the store that `url` names from the transfers kept, and checks that each account says
/// the same, that no liquidity account is negative or promises more than it has, and that each asset adds up to zero.
/// Works beside a running daemon. The error: the store could not be read.
std::expected<audit_report, store_error> audit(const std::string& url);

}  // namespace peering
