#pragma once

#include "ilp/bytes.hpp"
#include "ilp/timestamp.hpp"
#include "peering/records/account.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <utility>

namespace peering::sqlite {

/// Carries an error up to the caller of these functions.
struct failure {
    std::string message;
    bool final = false;    ///< the request itself is at fault, not the file or the machine
    bool is_busy = false;  ///< another program has the database locked
};

/// An SQLite connection; closed when destroyed.
class connection {
public:
    /// `mode` is SQLITE_OPEN_READWRITE or SQLITE_OPEN_READONLY. Use it from one thread at a time.
    connection(const std::string& path, int mode);
    ~connection() { sqlite3_close(handle_); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void execute(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }

    void check(int result) const {
        if (result != SQLITE_OK) throw_error();
    }

    /// Moves the write-ahead log into the database and empties its file. Returns false without waiting if another
    /// connection reads or writes meanwhile, and also if it fails: nothing is lost then, and the next commit finds out.
    bool empty_log() noexcept;

    [[noreturn]] void throw_error() const;

    sqlite3* handle() const noexcept { return handle_; }

private:
    sqlite3* handle_ = nullptr;
};

/// A read transaction, which ends with the object.
class reading {
public:
    explicit reading(connection& connection) : connection_{connection} { connection_.execute("BEGIN"); }
    ~reading() { sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr); }
    reading(const reading&) = delete;
    reading& operator=(const reading&) = delete;

private:
    connection& connection_;
};

/// A prepared statement. Bound text must live until the statement has run.
class statement {
public:
    statement(connection& connection, std::string_view sql) : connection_{connection} {
        connection_.check(sqlite3_prepare_v3(connection_.handle(), sql.data(), static_cast<int>(sql.size()),
                                             SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
    }
    ~statement() { sqlite3_finalize(handle_); }
    statement(const statement&) = delete;
    statement& operator=(const statement&) = delete;

    /// Binds the values, starting at parameter 1, and runs the statement to completion.
    template <class... Values>
    void run(const Values&... values) {
        int at = 0;
        (bind(++at, values), ...);
        const resetter at_end{handle_};
        if (sqlite3_step(handle_) != SQLITE_DONE) connection_.throw_error();
    }

    /// Calls `row` for each row; the callback reads the columns with integer() and text().
    template <class Row, class... Values>
    void for_each(Row row, const Values&... values) {
        int at = 0;
        (bind(++at, values), ...);
        const resetter at_end{handle_};
        int result = SQLITE_OK;
        while ((result = sqlite3_step(handle_)) == SQLITE_ROW) row();
        if (result != SQLITE_DONE) connection_.throw_error();
    }

    std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }
    bool is_null(int column) const noexcept { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

    std::optional<ilp::timestamp> time(int column) const noexcept {
        if (is_null(column)) return std::nullopt;
        return ilp::timestamp{std::chrono::milliseconds{integer(column)}};
    }

    /// Empty for null. Valid until the next row.
    std::string_view text(int column) const noexcept {
        const unsigned char* const begin = sqlite3_column_text(handle_, column);
        if (begin == nullptr) return {};
        return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
    }

    /// The octets of a BLOB. Empty for null. Valid until the next row.
    ilp::bytes_view octets(int column) const noexcept {
        const void* const begin = sqlite3_column_blob(handle_, column);
        return {static_cast<const ilp::octet*>(begin), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
    }

private:
    struct resetter {
        sqlite3_stmt* handle;
        ~resetter() { sqlite3_reset(handle); }
    };

    void bind(int at, std::int64_t value) { connection_.check(sqlite3_bind_int64(handle_, at, value)); }
    void bind(int at, std::uint64_t value) { bind(at, static_cast<std::int64_t>(value)); }
    void bind(int at, std::string_view value) {
        connection_.check(sqlite3_bind_text(handle_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
    }
    void bind(int at, ilp::bytes_view octets) {
        const void* const begin = octets.empty() ? static_cast<const void*>("") : octets.data();  // null would be NULL
        connection_.check(sqlite3_bind_blob(handle_, at, begin, static_cast<int>(octets.size()), SQLITE_STATIC));
    }
    void bind(int at, std::nullptr_t) { connection_.check(sqlite3_bind_null(handle_, at)); }
    void bind(int at, const std::optional<std::string_view>& value) {
        if (value) {
            bind(at, *value);
        } else {
            bind(at, nullptr);
        }
    }
    void bind(int at, account_id id) { bind(at, std::int64_t{std::to_underlying(id)}); }
    void bind(int at, const std::optional<ilp::timestamp>& time) {
        if (time) {
            bind(at, std::int64_t{time->time_since_epoch().count()});
        } else {
            bind(at, nullptr);
        }
    }

    connection& connection_;
    sqlite3_stmt* handle_ = nullptr;
};

/// Returns the first column of the only row.
std::int64_t single_integer(connection& connection, std::string_view sql);

}  // namespace peering::sqlite
