#include "tests/integration/store_place.hpp"

#include "tests/support/socket.hpp"

#include <stdexcept>
#include <utility>

namespace support {
namespace {

/// An SQLite connection of a program other than the daemon.
using handle = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

handle open(const std::filesystem::path& database) {
    sqlite3* opened = nullptr;
    const int result = sqlite3_open_v2(database.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    handle owner{opened, &sqlite3_close};
    if (result != SQLITE_OK) throw std::runtime_error{"cannot open " + database.string()};
    sqlite3_busy_timeout(opened, static_cast<int>(patience.count()));
    return owner;
}

void execute(sqlite3* handle, const std::string& sql, int (*each_row)(void*, int, char**, char**) = nullptr,
             void* context = nullptr) {
    if (sqlite3_exec(handle, sql.c_str(), each_row, context, nullptr) != SQLITE_OK) {
        throw std::runtime_error{sql + ": " + sqlite3_errmsg(handle)};
    }
}

wide parse(const std::string& digits) {
    wide value = 0;
    for (const char digit : digits) value = 10 * value + (digit - '0');
    return value;
}

}  // namespace

std::string to_text(wide value) {
    if (value < 0) return "-" + to_text(-value);
    const auto digit = static_cast<char>('0' + static_cast<int>(value % 10));
    return (value < 10 ? "" : to_text(value / 10)) + digit;
}

write_lock::write_lock(const std::filesystem::path& database) {
    handle opened = open(database);
    support::execute(opened.get(), "BEGIN IMMEDIATE");
    handle_ = opened.release();
}

write_lock::~write_lock() {
    sqlite3_close(handle_);  // rolls back
}

store_place::store_place(store_kind kind, postgres_options options) {
    if (kind == store_kind::postgresql) server_ = std::make_unique<postgres_server>(std::move(options));
}

std::string store_place::url() const {
    return server_ ? server_->url() : "sqlite:" + file().string();
}

void store_place::fail() {
    if (server_) return server_->stop();
    write_lock_ = std::make_unique<write_lock>(file());
}

void store_place::come_back() {
    if (server_) return server_->start();
    write_lock_.reset();
}

void store_place::stall() {
    if (server_) return server_->pause();
    write_lock_ = std::make_unique<write_lock>(file());
}

void store_place::go_on() {
    if (server_) return server_->resume();
    write_lock_.reset();
}

void store_place::lose_what_hangs() {
    write_lock_.reset();
    if (!server_) return;
    server_->kill9();
    server_->start();
}

void store_place::execute(const std::string& sql) const {
    if (server_) return server_->execute(sql);
    support::execute(open(file()).get(), sql);
}

std::vector<std::vector<std::string>> store_place::rows(const std::string& sql) const {
    if (server_) return server_->rows(sql);
    std::vector<std::vector<std::string>> found;
    const auto add = [](void* context, int count, char** columns, char**) {
        auto& row = static_cast<std::vector<std::vector<std::string>>*>(context)->emplace_back();
        for (int i = 0; i < count; ++i) row.emplace_back(columns[i] != nullptr ? columns[i] : "");
        return 0;
    };
    support::execute(open(file()).get(), sql, add, &found);
    return found;
}

std::map<std::string, totals> store_place::peers() const {
    std::map<std::string, totals> found;
    for (const auto& row : rows("SELECT p.name, a.debits_posted, a.credits_posted FROM peers p "
                                "JOIN accounts a ON a.id = p.account_id")) {
        found[row.at(0)] = {parse(row.at(1)), parse(row.at(2))};
    }
    return found;
}

}  // namespace support
