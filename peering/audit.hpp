#pragma once

#include "peering/store/store.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace peering {

/// What an audit covered, and every fault that it found: one sentence each, naming the account or asset.
struct audit_report {
    std::uint64_t accounts = 0;
    std::uint64_t assets = 0;
    std::uint64_t transfers = 0;  ///< rows; one row may cover many packets
    std::vector<std::string> faults;
};

/// Recomputes every balance of the store at `url` from its transfers, and checks that each account's totals match, that
/// no liquidity account is negative or has more reserved than it holds, and that the accounts of each asset sum to
/// zero. It can run while the daemon is running. An error means that the store could not be read.
std::expected<audit_report, store_error> audit(const std::string& url);

}  // namespace peering
