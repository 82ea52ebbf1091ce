#include "tests/support/child_process.hpp"
#include "tests/support/daemon.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sqlite3.h>
#include <string>

/// The stores that releases have left, in tests/vectors/stores: each is opened by this ilpd, which has to migrate it.
namespace released_store_test {

namespace {

using namespace support;

void restore(const std::filesystem::path& dump, const std::filesystem::path& database) {
    std::ifstream file{dump};
    REQUIRE(file);
    const std::string statements{std::istreambuf_iterator<char>{file}, {}};
    sqlite3* opened = nullptr;
    REQUIRE(sqlite3_open(database.c_str(), &opened) == SQLITE_OK);
    const int result = sqlite3_exec(opened, statements.c_str(), nullptr, nullptr, nullptr);
    INFO(sqlite3_errmsg(opened));
    CHECK(result == SQLITE_OK);
    REQUIRE(sqlite3_close(opened) == SQLITE_OK);
}

}  // namespace

TEST_CASE("upgrade: a store of schema version 8 is opened with its peers, accounts and balances, and takes packets") {
    const temporary_directory folder;
    const auto database = folder.path() / "released.db";
    restore(ILPD_VECTORS "/stores/schema-8.sql", database);
    ilpd_daemon d{{.address = "test.alice",
                   .peers = {{.name = "bob", .liquidity = 10'000'000'000, .routes = {"test.carol"}}},
                   .store = "sqlite:" + database.string()}};
    CHECK(d.liquidity("bob") == 10'000'000'005);  // what he was given, and a packet of 5 from dora
    CHECK(d.liquidity("dora") == 999'999'995);
    CHECK(d.scrape().sum("ilp_account_liquidity", {{"account", "alice"}}) == 7'000'000'000);
    const auto answer = d.post(prepare{.amount = 1, .destination = "test.dora.x"}, "bob");
    REQUIRE(answer);
    CHECK(answer->status() == 200);
    CHECK(d.stop() == 0);
    CHECK(d.audit().status == 0);
}

}  // namespace released_store_test
