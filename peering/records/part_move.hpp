#pragma once

#include "peering/records/account.hpp"

#include <cstdint>

namespace peering {

/// Moves a right to spend between the vault and this daemon's part of an account. It is no transfer: the account as a
/// whole stays as it is.
struct part_move {
    enum class direction : std::uint8_t { lease, give_back };

    liquidity_account* account = nullptr;
    std::uint64_t amount = 0;
    direction to{};
};

}  // namespace peering
