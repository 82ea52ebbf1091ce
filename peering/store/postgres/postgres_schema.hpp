#pragma once

#include <cstdint>
#include <optional>

namespace peering {

class postgres_connection;

/// Version of the tables that this ilpd reads and writes.
extern const std::int64_t postgres_schema_version;

/// Nullopt if there are no ilpd tables. Throws postgres_failure, like everything here.
std::optional<std::int64_t> postgres_version_of(postgres_connection& session);

/// Creates the tables or migrates them to the current version. Refuses the tables of another application and of a newer
/// ilpd. The caller must make sure that no other session does the same at the same time.
void migrate_postgres(postgres_connection& session);

}  // namespace peering
