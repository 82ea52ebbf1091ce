#pragma once

#include "peering/store.hpp"

#include <expected>
#include <memory>
#include <string>

namespace peering {

/// The embedded store: one SQLite file in WAL mode with full synchronous, that other programs may read meanwhile. The
/// schema, with what each column means, stands in the .cpp file and in the database itself (`.schema`).
std::expected<std::unique_ptr<store>, store_error> open_sqlite_store(const std::string& path);

/// As read_book().
std::expected<void, store_error> read_sqlite_book(const std::string& path, book_visitor& visitor);

}  // namespace peering
