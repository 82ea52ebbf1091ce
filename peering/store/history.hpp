#pragma once

#include "ilp/timestamp.hpp"
#include "peering/records/account.hpp"
#include "peering/records/wide_amount.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
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

/// Which rows are old enough to be summed up, and which events to be forgotten.
struct history_age {
    ilp::timestamp older_than;
    ilp::timestamp now;

    bool is_old(ilp::timestamp created_at) const noexcept { return created_at < older_than; }

    /// Either the clock was ahead when the row was written, or it is behind now. Such a row counts as old only if a
    /// later row is old.
    bool is_from_future(ilp::timestamp created_at) const noexcept { return created_at > now; }
};

/// Sums up the rows per day and pair of accounts. The rows are consecutive, in the order of their numbers. It ends
/// before the first row that is not old, so that everything before a row that was summed up is summed up, too. Rows
/// from the future at the end stay unless `old_follows`: a row after all of these is known to be old. Nullopt if a sum
/// exceeds total_max: then the rows are damaged.
std::optional<history_sums> sum_by_day(std::span<const packet_row> rows, const history_age& age, bool old_follows);

/// Whether the stores have to ask the following query before they call sum_by_day().
inline bool ends_in_future(std::span<const packet_row> rows, const history_age& age) noexcept {
    return !rows.empty() && age.is_from_future(rows.back().created_at);
}

/// A query, for either database, for a number that is positive if a row after number `after` is old. It looks at the
/// rows at the distances 1, 2, 4, 8, ... up to number `last`, because a clock that is behind can leave millions of rows
/// in the future. It may therefore find an old row only when about as many are old as it has to skip.
std::string query_for_later_old_row(std::uint64_t after, std::uint64_t last, const history_age& age);

/// An event that needs no further attempt to deliver it. The number is that of its row.
struct ended_event {
    std::uint64_t number = 0;
    ilp::timestamp created_at{};
};

/// How many of the events, the oldest first, may be forgotten. It ends before the first one that is not old. The store
/// leaves out events from the future, so that those of a clock that was wrong do not hold up the others.
std::size_t count_old_events(std::span<const ended_event> events, const history_age& age) noexcept;

/// Adds `sum` to the sum of the same day and accounts that the store has already, whose row has this number. False if
/// the result exceeds total_max.
bool add_to_known(day_sum& sum, std::uint64_t number, wide_amount amount, std::uint64_t packets) noexcept;

}  // namespace peering
