#pragma once

#include <cstdint>

namespace peering::sqlite {

class connection;

/// Makes the tables, or brings them up to date. Refuses a database of another application and of a newer ilpd. Throws
/// failure, as everything here.
void migrate(connection& connection);

/// Refuses every database but one whose tables this ilpd reads.
void check_schema(connection& connection);

}  // namespace peering::sqlite
