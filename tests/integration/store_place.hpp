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

/// For TEMPLATE_TEST_CASE: a case for each durable store, with a name and a process of its own.
struct on_sqlite {
    static constexpr auto kind = store_kind::sqlite;
};
struct on_postgresql {
    static constexpr auto kind = store_kind::postgresql;
};

/// Holds an SQLite database's write lock from outside, as a backup tool gone wrong would: the daemon cannot commit
/// meanwhile.
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

/// Of an account: all that was ever posted, which is more than 64 bits can hold.
struct totals {
    wide debits = 0;
    wide credits = 0;
    wide balance() const noexcept { return credits - debits; }
};

/// Where a daemon keeps its book: a database of the test's own, which outlives the daemon. Failures are exceptions.
class store_place {
public:
    explicit store_place(store_kind kind, postgres_options options = {});

    std::string url() const;
    std::filesystem::path file() const { return directory_.path() / "ilpd.db"; }  ///< of SQLite
    postgres_server& server() const { return *server_; }                          ///< of PostgreSQL

    /// From now until come_back() no commit succeeds.
    void fail();
    void come_back();

    /// From now until lose_what_hangs() commits hang.
    void stall();
    void lose_what_hangs();

    /// As another program would.
    void execute(const std::string& sql) const;
    std::vector<std::vector<std::string>> rows(const std::string& sql) const;
    /// What the book says of each peer's account, by name: exact, where a scrape is floating point.
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
