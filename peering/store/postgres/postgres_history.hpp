#pragma once

#include "peering/store/store.hpp"

#include <cstddef>
#include <cstdint>

namespace peering {

class postgres_connection;

// Old rows of packets, and old events. These functions throw postgres_failure, or postgres_position_lost.

/// See store::sum_history(). One transaction, for the daemon that has registered with `epoch`. `last_number` is the
/// number of the last transfer. That row stays as it is, because the numbers continue after it.
history_step sum_postgres_history(postgres_connection& session, std::int64_t epoch, const history_age& age,
                                  std::size_t rows_max, std::uint64_t last_number);

/// See store::forget_events(). Likewise.
history_step forget_postgres_events(postgres_connection& session, std::int64_t epoch, const history_age& age,
                                    std::size_t rows_max);

/// See read_history(). Portions are read in transactions of their own.
void visit_postgres_history(postgres_connection& session, history_visitor& visitor);

}  // namespace peering
