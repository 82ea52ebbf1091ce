#pragma once

#include "peering/store/store.hpp"

#include <cstddef>
#include <cstdint>

namespace peering::sqlite {

class connection;

// Old rows of packets, and old events. Everything here throws failure.

/// See store::sum_history(). Requires an open write transaction, which the caller commits or rolls back. `last_number`
/// is the number of the last transfer. That row stays as it is, because the numbers continue after it.
history_step sum_history(connection& connection, const history_age& age, std::size_t rows_max,
                         std::uint64_t last_number);

/// See store::forget_events(). Requires an open write transaction, too.
history_step forget_events(connection& connection, const history_age& age, std::size_t rows_max);

/// See read_history(). Portions are read in transactions of their own.
void visit_history(connection& connection, history_visitor& visitor);

}  // namespace peering::sqlite
