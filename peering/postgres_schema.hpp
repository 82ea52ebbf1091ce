#pragma once

#include <cstdint>
#include <optional>

namespace peering {

class postgres_connection;

/// Of the tables that this ilpd reads and writes.
extern const std::int64_t postgres_schema_version;

/// Empty: there are no tables of ilpd. Throws postgres_failure, as everything here.
std::optional<std::int64_t> postgres_version_of(postgres_connection& session);

/// Makes the tables, or brings them up to date. Refuses tables of another application and of a newer ilpd. The caller
/// sees to it that nobody else does the same.
void migrate_postgres(postgres_connection& session);

}  // namespace peering
