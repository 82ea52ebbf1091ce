#pragma once

#include "peering/store/store.hpp"
#include "peering/store/tenancy.hpp"

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace peering {

/// The store on a PostgreSQL server (version 14 or newer). It uses one session, which is reopened automatically after
/// any kind of server failure. Each session registers in the table `daemons` and shuts out the ones before it, of
/// whatever daemon (docs/decisions/epochs.md). Every commit is one transaction and one round trip. The schema,
/// including the meaning of each column, is in postgres_schema.cpp and in the database itself (`\d+`).
///
/// The prepared statements belong to the session, so there must be no pooler that shares sessions (PgBouncer in
/// transaction mode) in between.
std::expected<std::unique_ptr<store>, store_error> open_postgres_store(const std::string& url, store_tenant who);

/// See read_book().
std::expected<void, store_error> read_postgres_book(const std::string& url, book_visitor& visitor);

/// See read_history().
std::expected<void, store_error> read_postgres_history(const std::string& url, history_visitor& visitor);

/// User, host, port and database of `url`, without the password, even if `url` is malformed.
std::string printable_postgres_url(std::string_view url);

}  // namespace peering
