#pragma once

#include "ilp/timestamp.hpp"
#include "peering/store/store.hpp"

#include <cstdint>
#include <cstdio>
#include <expected>
#include <optional>
#include <string>

namespace peering {

/// The part of a history that is wanted, by the time of creation; the end is excluded. Without a bound it goes as far
/// as the history.
struct history_range {
    std::optional<ilp::timestamp> from{};
    std::optional<ilp::timestamp> until{};
};

/// Writes the transfers of the store at `url` to `file` as CSV, one line for each row, the oldest first, below a line
/// with the names of the columns. The sum of a day counts as created at the start of that day. Memory does not depend
/// on the length of the history. Returns the number of rows.
std::expected<std::uint64_t, store_error> write_history_csv(const std::string& url, const history_range& range,
                                                            std::FILE* file);

}  // namespace peering
