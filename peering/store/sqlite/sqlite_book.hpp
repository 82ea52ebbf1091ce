#pragma once

#include "ilp/timestamp.hpp"
#include "peering/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace peering {
class transfer_chain;
}

namespace peering::sqlite {

class connection;
class statement;

// Reads the tables and validates what it reads. Everything here throws failure.

inline constexpr const char* transfer_columns = "uuid, kind, state, debit_account, credit_account, amount, expires_at";

/// Reads a row of transfer_columns.
transfer_record read_transfer(const statement& row);

catalogue load_catalogue(connection& connection);

void load_chain(connection& connection, transfer_chain& chain);

std::vector<listed_transfer> list_transfers(connection& connection, account_id account, account_side side,
                                            std::size_t limit, std::optional<std::uint64_t> from);
std::vector<listed_event> list_events(connection& connection, const event_query& query);

/// Reads the book in one read transaction. Returns the number of its last transfer; 0 if there is none.
std::uint64_t visit_book(connection& connection, book_visitor& visitor);

}  // namespace peering::sqlite
