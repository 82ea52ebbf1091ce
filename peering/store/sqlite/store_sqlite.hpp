#pragma once

#include "peering/store/store.hpp"

#include <expected>
#include <memory>
#include <string>

namespace peering {

/// The embedded store: one SQLite file in WAL mode with full synchronous, which other programs may read meanwhile. The
/// schema, including the meaning of each column, is in sqlite_schema.cpp and in the database itself (`.schema`).
std::expected<std::unique_ptr<store>, store_error> open_sqlite_store(const std::string& path);

/// See read_book().
std::expected<void, store_error> read_sqlite_book(const std::string& path, book_visitor& visitor);

/// See read_history().
std::expected<void, store_error> read_sqlite_history(const std::string& path, history_visitor& visitor);

}  // namespace peering
