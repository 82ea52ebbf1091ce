#include "peering/store/sqlite/sqlite_connection.hpp"

namespace peering::sqlite {
namespace {

/// Time that a commit waits for another program's write lock before it fails.
constexpr int busy_timeout_ms = 2000;

/// True for errors in the request itself, not in the file or the machine.
bool is_final(int extended_code) noexcept {
    const int code = extended_code & 0xff;
    return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_RANGE || code == SQLITE_TOOBIG;
}

}  // namespace

connection::connection(const std::string& path, int mode) {
    const int result = sqlite3_open_v2(path.c_str(), &handle_, mode | SQLITE_OPEN_NOMUTEX, nullptr);
    if (result != SQLITE_OK) {
        std::string message = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(result);
        sqlite3_close(handle_);
        throw failure{std::move(message)};
    }
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, busy_timeout_ms);
}

bool connection::empty_log() noexcept {
    sqlite3_busy_timeout(handle_, 0);
    const int result = sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(handle_, busy_timeout_ms);
    return result == SQLITE_OK;
}

void connection::throw_error() const {
    const int code = sqlite3_extended_errcode(handle_);
    throw failure{fmt::format("{} (SQLite code {})", sqlite3_errmsg(handle_), code), is_final(code),
                  (code & 0xff) == SQLITE_BUSY};
}

std::int64_t single_integer(connection& connection, std::string_view sql) {
    statement query{connection, sql};
    std::int64_t value = 0;
    query.for_each([&] { value = query.integer(0); });
    return value;
}

}  // namespace peering::sqlite
