#pragma once

#include "peering/store/postgres/postgres_connection.hpp"

#include <cstdint>
#include <optional>

namespace peering {

/// Thrown while a daemon of a schema without the table `daemons` has the tables: it can be waited for.
struct postgres_earlier_daemon : postgres_failure {};

/// Version of the tables that this ilpd reads and writes.
extern const std::int64_t postgres_schema_version;

/// Nullopt if there are no ilpd tables. Throws postgres_failure, like everything here.
std::optional<std::int64_t> postgres_version_of(postgres_connection& session);

/// Makes sure that there is a table `daemons`, in which a daemon can register: creates the tables, or migrates those of
/// a schema without it. Several sessions may do so at the same time. Refuses the tables of another application, of a
/// newer ilpd, and of an earlier one that has a daemon, by postgres_earlier_daemon.
void begin_postgres_schema(postgres_connection& session);

/// Migrates the tables to the current version. The caller has registered.
void migrate_postgres(postgres_connection& session);

}  // namespace peering
