#pragma once

#include "tests/support/socket.hpp"

#include <filesystem>
#include <sqlite3.h>
#include <stdexcept>

namespace integration {

/// Holds the database's write lock from outside, as a misbehaving backup tool would, so that the daemon cannot commit.
class store_blockade {
public:
    explicit store_blockade(const std::filesystem::path& database) {
        if (sqlite3_open(database.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error{"cannot open the database"};
        sqlite3_busy_timeout(handle_, static_cast<int>(support::patience.count()));
        if (sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK) {
            throw std::runtime_error{"cannot lock the database"};
        }
    }
    ~store_blockade() { lift(); }
    store_blockade(const store_blockade&) = delete;
    store_blockade& operator=(const store_blockade&) = delete;

    void lift() {
        sqlite3_close(handle_);  // rolls back
        handle_ = nullptr;
    }

private:
    sqlite3* handle_ = nullptr;
};

}  // namespace integration
