#pragma once

#include "ilp/amount.hpp"
#include "ilp/timestamp.hpp"
#include "peering/records/account.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peering {

/// A correction credits a peer with what it has fulfilled and no book has, because of a crash. It is taken from the
/// settlement account as a deposit is, although no money has come in: the sum of all corrections is our loss.
enum class transfer_kind : std::uint8_t { deposit, withdrawal, correction };

/// Pending is the first phase of a withdrawal: the amount is reserved. The other states are final.
enum class transfer_state : std::uint8_t { pending, posted, voided, expired };

/// A transfer made by an operator: a deposit, a withdrawal or a correction, stored individually under its own UUID.
/// Packet transfers have none.
struct transfer_record {
    std::string uuid{};
    transfer_kind kind{};
    transfer_state state{};
    account_id debit{};
    account_id credit{};
    ilp::amount amount;
    std::optional<ilp::timestamp> expires_at{};  ///< for a two-phase withdrawal, in any state
    friend bool operator==(const transfer_record&, const transfer_record&) = default;
};

}  // namespace peering
