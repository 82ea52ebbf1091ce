#pragma once

#include "peering/store/store.hpp"

#include <cstdint>
#include <string>

namespace peering {

class postgres_connection;
class transfer_chain;

/// Identifies the last ilpd transaction in a database. A counter alone would not be enough: two daemons can count to
/// the same number.
struct postgres_position {
    std::int64_t last_commit = 0;
    std::string writer;  ///< identifies one run of a daemon
    friend bool operator==(const postgres_position&, const postgres_position&) = default;
};

/// Thrown if the database is not at the expected position. Nothing was changed.
struct postgres_position_lost {};

/// Call once per session, before the first commit.
void prepare_postgres_commits(postgres_connection& session);

/// Writes the next commit after `from`, as `writer`: one transaction in one round trip to the server. After a
/// postgres_failure with an SQLSTATE nothing was changed; after one without, the outcome is unknown. The caller must
/// keep or undo what the transaction has added to the chain.
void write_postgres_commit(postgres_connection& session, const changes& changes, const postgres_position& from,
                           const std::string& writer, transfer_chain& chain);

/// Returns once everything that was committed on this server before, by any session, is as durable as the server's
/// settings demand: also on its synchronous standbys, which confirm the log in order. It makes a commit of its own that
/// changes nothing. A row that can be read does not prove this, because a server shows what it has committed locally
/// as soon as the session that was waiting for the standby has ended. `at` is the position that the database must have.
void confirm_postgres_commits(postgres_connection& session, const postgres_position& at);

}  // namespace peering
