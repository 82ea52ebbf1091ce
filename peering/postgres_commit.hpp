#pragma once

#include "peering/store.hpp"

#include <cstdint>
#include <string>

namespace peering {

class postgres_connection;
class transfer_chain;

/// Which transaction of ilpd was the last in a database. A counter alone would not do: two daemons can count to the
/// same number.
struct postgres_position {
    std::int64_t last_commit = 0;
    std::string writer;  ///< which run of a daemon
    friend bool operator==(const postgres_position&, const postgres_position&) = default;
};

/// Thrown: the database is not where it was said to be. Nothing was changed.
struct postgres_position_lost {};

/// Once per session, before the first commit.
void prepare_postgres_commits(postgres_connection& session);

/// Brings the database from `from` to the next commit, by `writer`: one transaction, and one round trip to the server.
/// After a postgres_failure with an SQLSTATE nothing was changed; after another one nobody knows. What the transaction
/// adds to the chain is for the caller to keep, or to take back.
void write_postgres_commit(postgres_connection& session, const changes& changes, const postgres_position& from,
                           const std::string& writer, transfer_chain& chain);

}  // namespace peering
