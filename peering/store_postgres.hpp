#pragma once

#include "peering/store.hpp"

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace peering {

/// The store on a PostgreSQL server (14 or newer): one session, which holds an advisory lock against a second daemon
/// for as long as it lives, and comes back by itself after whatever happened to the server. Every commit is one
/// transaction and one round trip. The schema, with what each column means, stands in the .cpp file and in the database
/// itself
/// (`\d+`).
///
/// The lock and the prepared statements belong to the session: a pooler that shares sessions (PgBouncer's transaction
/// mode) must not stand in between.
std::expected<std::unique_ptr<store>, store_error> open_postgres_store(const std::string& url);

/// As read_book().
std::expected<void, store_error> read_postgres_book(const std::string& url, book_visitor& visitor);

/// User, host, port and database of `url`, and no password, also when `url` is malformed.
std::string printable_postgres_url(std::string_view url);

}  // namespace peering
