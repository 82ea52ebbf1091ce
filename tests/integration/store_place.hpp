#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/postgres_server.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <vector>

namespace support {

enum class store_kind : std::uint8_t { sqlite, postgresql };

/// For TEMPLATE_TEST_CASE: one case for each durable store, with its own name and process.
struct on_sqlite {
    static constexpr auto kind = store_kind::sqlite;
};
struct on_postgresql {
    static constexpr auto kind = store_kind::postgresql;
};

/// Holds an SQLite database's write lock from outside, as a misbehaving backup tool would, so that the daemon cannot
/// commit.
class write_lock {
public:
    explicit write_lock(const std::filesystem::path& database);
    ~write_lock();
    write_lock(const write_lock&) = delete;
    write_lock& operator=(const write_lock&) = delete;

private:
    sqlite3* handle_ = nullptr;
};

__extension__ using wide = __int128;
std::string to_text(wide value);

/// The totals of everything ever posted to an account, which may exceed 64 bits.
struct totals {
    wide debits = 0;
    wide credits = 0;
    wide balance() const noexcept { return credits - debits; }
};

/// The place where a daemon keeps its book: a database of the test's own that outlives the daemon. Failures are
/// exceptions.
class store_place {
public:
    explicit store_place(store_kind kind, postgres_options options = {});

    std::string url() const;
    std::filesystem::path file() const { return directory_.path() / "ilpd.db"; }  ///< SQLite only
    postgres_server& server() const { return *server_; }                          ///< PostgreSQL only

    /// Makes every commit fail until come_back().
    void fail();
    void come_back();

    /// Makes commits hang until go_on() or lose_what_hangs().
    void stall();
    void go_on();
    void lose_what_hangs();

    /// Runs SQL as another program would.
    void execute(const std::string& sql) const;
    std::vector<std::vector<std::string>> rows(const std::string& sql) const;
    /// The totals of each peer's account in the book, by name. They are exact, while a scrape is in floating point.
    std::map<std::string, totals> peers() const;

private:
    temporary_directory directory_;
    std::unique_ptr<postgres_server> server_;
    std::unique_ptr<write_lock> write_lock_;
};

}  // namespace support

template <>
struct Catch::StringMaker<support::wide> {
    static std::string convert(support::wide value) { return support::to_text(value); }
};
