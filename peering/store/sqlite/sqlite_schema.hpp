#pragma once

#include <cstdint>

namespace peering::sqlite {

class connection;

/// Creates the tables or migrates them to the current version. Refuses a database of another application or of a newer
/// ilpd. Throws failure, like everything here.
void migrate(connection& connection);

/// Refuses every database whose tables are not the ones that this ilpd reads.
void check_schema(connection& connection);

}  // namespace peering::sqlite
