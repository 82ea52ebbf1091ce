#include "peering/open_store.hpp"

#include "peering/store/postgres/postgres_url.hpp"
#include "peering/store/postgres/store_postgres.hpp"
#include "peering/store/sqlite/store_sqlite.hpp"
#include "peering/store/store_memory.hpp"

#include <string_view>
#include <utility>

namespace peering {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

/// Returns an empty string if `url` is not the URL of an SQLite store.
std::string sqlite_path(const std::string& url) {
    return url.starts_with(sqlite_scheme) ? url.substr(sqlite_scheme.size()) : std::string{};
}

std::unexpected<store_error> unknown_url() {
    // The URL itself is not shown, because a URL of another kind may contain a password.
    return std::unexpected{store_error{"store.url: expected sqlite:PATH, postgresql://... or memory:", true}};
}

}  // namespace

std::expected<std::unique_ptr<store>, store_error> open_store(const std::string& url, store_tenant who) {
    if (url == "memory:") return std::make_unique<memory_store>();
    if (const std::string path = sqlite_path(url); !path.empty()) return open_sqlite_store(path);
    if (is_postgres_url(url)) return open_postgres_store(url, std::move(who));
    return unknown_url();
}

std::string printable_store_url(std::string_view url) {
    return is_postgres_url(url) ? printable_postgres_url(url) : std::string{url};
}

std::expected<void, store_error> read_book(const std::string& url, book_visitor& visitor) {
    if (url == "memory:") return std::unexpected{store_error{"a store in memory keeps nothing that could be audited"}};
    if (const std::string path = sqlite_path(url); !path.empty()) return read_sqlite_book(path, visitor);
    if (is_postgres_url(url)) return read_postgres_book(url, visitor);
    return unknown_url();
}

std::expected<void, store_error> read_history(const std::string& url, history_visitor& visitor) {
    if (url == "memory:") return std::unexpected{store_error{"a store in memory keeps no history"}};
    if (const std::string path = sqlite_path(url); !path.empty()) return read_sqlite_history(path, visitor);
    if (is_postgres_url(url)) return read_postgres_history(url, visitor);
    return unknown_url();
}

}  // namespace peering
