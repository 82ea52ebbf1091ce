#pragma once

#include "ilp/timestamp.hpp"
#include "peering/records/account.hpp"
#include "peering/records/wide_amount.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace peering {

/// A row of transfers made by packets, which may be summed up.
struct packet_row {
    std::uint64_t number = 0;
    account_id debit{};
    account_id credit{};
    wide_amount amount = 0;
    std::uint64_t packets = 0;
    ilp::timestamp created_at{};
};

/// The packets of one UTC day between two accounts, as one row. It takes the place of the first of their rows, and the
/// others are deleted.
struct day_sum {
    std::uint64_t number = 0;  ///< of that row
    account_id debit{};
    account_id credit{};
    ilp::timestamp day{};  ///< its start
    wide_amount amount = 0;
    std::uint64_t packets = 0;
    bool is_known = false;  ///< it was there before: its own row is none of those that are summed up now
};

/// What one step of summing up changes: the rows up to number `last` become `sums`.
struct history_sums {
    std::vector<day_sum> sums;  ///< by the number of the first row
    std::uint64_t last = 0;     ///< 0: nothing changes
    std::size_t rows = 0;       ///< how many there were
};

/// Which rows are old enough to be summed up.
struct history_age {
    ilp::timestamp older_than;
    ilp::timestamp now;

    /// A row from the future was written while the clock was wrong. It is as old as the rows around it, and does not
    /// keep the rows after it from being summed up.
    bool is_old(ilp::timestamp created_at) const noexcept { return created_at < older_than || created_at > now; }
};

/// Sums up the rows per day and pair of accounts. The rows are consecutive, in the order of their numbers. It ends
/// before the first row that is not old, so that everything before a row that was summed up is summed up, too.
/// Nullopt if a sum exceeds total_max: then the rows are damaged.
std::optional<history_sums> sum_by_day(std::span<const packet_row> rows, const history_age& age);

/// Adds `sum` to the sum of the same day and accounts that the store has already, whose row has this number. False if
/// the result exceeds total_max.
bool add_to_known(day_sum& sum, std::uint64_t number, wide_amount amount, std::uint64_t packets) noexcept;

}  // namespace peering
