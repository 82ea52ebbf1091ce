#pragma once

#include "peering/store/postgres/postgres_slot.hpp"
#include "peering/store/store.hpp"

#include <chrono>

namespace peering {

class postgres_connection;
class transfer_chain;

/// Call once per session, before the first commit.
void prepare_postgres_commits(postgres_connection& session);

/// Writes the commit that leads to `next`: one transaction in one round trip to the server. It renews the lease. Throws
/// postgres_position_lost if the database is not at the commit before, or if the epoch is over. After a
/// postgres_failure with an SQLSTATE nothing was changed; after one without, the outcome is unknown. The caller must
/// keep or undo what the transaction has added to the chain.
void write_postgres_commit(postgres_connection& session, const changes& changes, const postgres_position& next,
                           std::chrono::milliseconds lease_time, transfer_chain& chain);

}  // namespace peering
