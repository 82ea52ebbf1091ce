#pragma once

#include "ilp/amount.hpp"
#include "ilp/timestamp.hpp"
#include "peering/account.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peering {

enum class transfer_kind : std::uint8_t { deposit, withdrawal };

/// Pending is the first phase of a withdrawal: the amount is reserved. The others are final.
enum class transfer_state : std::uint8_t { pending, posted, voided, expired };

/// A transfer that an operator made: a deposit or a withdrawal, kept one by one under its own UUID. Packets have none.
struct transfer_record {
    std::string uuid{};
    transfer_kind kind{};
    transfer_state state{};
    account_id debit{};
    account_id credit{};
    ilp::amount amount;
    std::optional<ilp::timestamp> expires_at{};  ///< of a two-phase withdrawal, whatever became of it
    friend bool operator==(const transfer_record&, const transfer_record&) = default;
};

}  // namespace peering
