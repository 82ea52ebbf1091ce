#pragma once

#include "ilp/timestamp.hpp"
#include "peering/store.hpp"

#include <cstdint>

namespace peering::sqlite {

class connection;
class statement;

// What is read, and checked while it is. Everything here throws failure.

inline constexpr const char* transfer_columns = "uuid, kind, state, debit_account, credit_account, amount, expires_at";

/// From a row of transfer_columns.
transfer_record read_transfer(const statement& row);

catalogue load_catalogue(connection& connection);

/// In one read transaction.
void show_book(connection& connection, book_visitor& visitor);

}  // namespace peering::sqlite
