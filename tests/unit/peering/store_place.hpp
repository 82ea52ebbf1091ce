#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

namespace peering::testing {

enum class store_kind { memory, sqlite, postgresql };

inline auto kinds_of_durable_stores() {
    return Catch::Generators::values({store_kind::sqlite, store_kind::postgresql});
}

inline auto kinds_of_stores() {
    return Catch::Generators::values({store_kind::memory, store_kind::sqlite, store_kind::postgresql});
}

/// A place for a store of one kind that is removed with the test. The store can be opened repeatedly.
class store_place {
public:
    explicit store_place(store_kind kind) : kind_{kind} {
        if (kind == store_kind::postgresql) server_ = std::make_unique<support::postgres_server>();
    }

    std::string url() const {
        switch (kind_) {
            case store_kind::memory:
                return "memory:";
            case store_kind::sqlite:
                return "sqlite:" + (directory_.path() / "ilpd.db").string();
            case store_kind::postgresql:
                return server_->url();
        }
        std::unreachable();
    }
    std::unique_ptr<store> open() const { return open_or_throw(url()); }
    /// Changes the database as another program could.
    void execute(const std::string& sql) const {
        if (server_) return server_->execute(sql);
        sqlite3* handle = nullptr;
        REQUIRE(sqlite3_open((directory_.path() / "ilpd.db").c_str(), &handle) == SQLITE_OK);
        const int result = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
        sqlite3_close(handle);
        REQUIRE(result == SQLITE_OK);
    }

    /// The first column of the only row.
    std::string value(const std::string& sql) const {
        if (server_) return server_->value(sql);
        sqlite3* handle = nullptr;
        REQUIRE(sqlite3_open((directory_.path() / "ilpd.db").c_str(), &handle) == SQLITE_OK);
        std::string found;
        const auto read = [](void* to, int, char** columns, char**) {
            *static_cast<std::string*>(to) = columns[0];
            return 0;
        };
        const int result = sqlite3_exec(handle, sql.c_str(), read, &found, nullptr);
        sqlite3_close(handle);
        REQUIRE(result == SQLITE_OK);
        return found;
    }

    bool is_durable() const noexcept { return kind_ != store_kind::memory; }

private:
    store_kind kind_;
    support::temporary_directory directory_;
    std::unique_ptr<support::postgres_server> server_;
};

}  // namespace peering::testing
