#include "tests/support/child_process.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

using namespace peering;
using namespace peering::testing;

namespace {

std::string refusal(const std::string& url) {
    const auto opened = open_store(url);
    return opened ? "opened" : opened.error().message;
}

/// Changes a database as another program could.
void execute(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
    const int result = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    REQUIRE(result == SQLITE_OK);
}

struct database {
    support::temporary_directory directory;
    std::string path = directory.path() / "ilpd.db";
    std::string url = "sqlite:" + path;
};

/// Two peers in one asset, with a batch that moves 10 from the first to the second.
struct traffic {
    peering::ledger ledger;
    asset_record asset;
    std::vector<peer_record> peers;
    std::array<posting, 1> postings{};
    std::vector<account_record> totals;

    explicit traffic(store& store) {
        asset = store.add_asset("USD", 9, {}).value();
        const std::array<new_peer, 2> wanted{new_peer{"bob", "test.bob", asset.id, {100}},
                                             new_peer{"carol", "test.carol", asset.id, {100}}};
        peers = store.add_peers(wanted).value();
        const auto open = [&](const account_record& account) {
            return &ledger.open(account.id, account.kind, asset.id, account.totals);
        };
        postings[0] = {open(peers[0].liquidity), open(peers[1].liquidity), 10, 3};
        ledger.totals_after(postings, totals);
    }
};

}  // namespace

TEST_CASE("a commit is on disk when it returns: transfers per pair, totals per account") {
    database db;
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.postings, traffic.totals).has_value());
        reader reader{db.path};
        CHECK(reader.value("SELECT count(*) FROM transfers WHERE uuid IS NOT NULL AND packets = 0") == "2");
        const auto rows =
            reader.rows("SELECT debit_account, credit_account, amount, packets, uuid FROM transfers WHERE packets > 0");
        REQUIRE(rows.size() == 1);
        CHECK(rows[0] == std::vector<std::string>{std::to_string(std::to_underlying(traffic.peers[0].liquidity.id)),
                                                  std::to_string(std::to_underlying(traffic.peers[1].liquidity.id)),
                                                  "10", "3", ""});
        CHECK(reader.book_is_sound());
        CHECK(reader.accounts_agree_with_transfers());
    }
    const catalogue loaded = open_or_throw(db.url)->load().value();
    CHECK((loaded.peers[0].liquidity.totals == account_totals{10, 100}));
    CHECK((loaded.peers[1].liquidity.totals == account_totals{0, 110}));
}

TEST_CASE("A32-12: totals above 2^64 survive the disk") {
    database db;
    const wide_amount large = wide_amount{amount_max} * amount_max;
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        for (account_record& account : traffic.totals) account.totals = {large, large + amount_max};
        REQUIRE(store->commit(traffic.postings, traffic.totals).has_value());
    }
    const catalogue loaded = open_or_throw(db.url)->load().value();
    CHECK((loaded.peers[1].liquidity.totals == account_totals{large, large + amount_max}));
}

TEST_CASE("the database is its owner's alone, durable, and can be read beside the daemon") {
    database db;
    const auto store = open_or_throw(db.url);
    const traffic traffic{*store};
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        CAPTURE(suffix);
        struct stat status{};
        REQUIRE(::stat((db.path + suffix).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
    reader reader{db.path};
    CHECK(reader.value("PRAGMA journal_mode") == "wal");
    CHECK(reader.value("PRAGMA application_id") == std::to_string(0x696c7064));
    CHECK(reader.value("PRAGMA user_version") == "1");
    CHECK(reader.value("PRAGMA integrity_check") == "ok");
    // A commit of packets must not touch an index of the whole history.
    CHECK(reader.rows("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'transfers'").size() == 1);
}

TEST_CASE("a second daemon on one database is refused, by whatever name it goes") {
    database db;
    auto store = open_or_throw(db.url);
    CHECK_THAT(refusal(db.url), Catch::Contains(db.path) && Catch::Contains("in use by another ilpd (pid "));
    const std::string other_name = db.directory.path() / "link.db";
    std::filesystem::create_symlink(db.path, other_name);
    CHECK_THAT(refusal("sqlite:" + other_name), Catch::Contains("in use by another ilpd (pid "));
    store.reset();
    CHECK(refusal(db.url) == "opened");
    CHECK(std::filesystem::exists(db.path + ".lock"));
}

TEST_CASE("a path that cannot hold a database is refused with the reason") {
    database db;
    CHECK_THAT(refusal("sqlite:" + db.directory.path().string()), Catch::Contains("is a directory"));
    CHECK_THAT(refusal("sqlite:/nonexistent/ilpd.db"), Catch::Contains("No such file or directory"));
    CHECK_THAT(refusal("sqlite:/proc/ilpd.db"), Catch::Contains("/proc/ilpd.db"));
    CHECK(refusal("sqlite:/proc/ilpd.db") != "opened");
}

TEST_CASE("a file that is not ours is refused and left as it is") {
    database db;
    SECTION("no database at all") {
        const std::string text(4096, 'x');
        std::ofstream{db.path} << text;
        CHECK_THAT(refusal(db.url), Catch::Contains("file is not a database"));
        std::string kept;
        std::getline(std::ifstream{db.path}, kept);
        CHECK(kept == text);
    }
    SECTION("another application's, without an id") {
        execute(db.path, "CREATE TABLE cakes (name TEXT)");
        CHECK_THAT(refusal(db.url), Catch::Contains("another application"));
    }
    SECTION("another application's, with an id") {
        execute(db.path, "PRAGMA application_id = 7");
        CHECK_THAT(refusal(db.url), Catch::Contains("another application"));
    }
    SECTION("a newer ilpd's") {
        open_or_throw(db.url);
        execute(db.path, "PRAGMA user_version = 99");
        CHECK_THAT(refusal(db.url), Catch::Contains("newer ilpd") && Catch::Contains("99"));
    }
}

TEST_CASE("a damaged database is an error, not a crash") {
    database db;
    {
        const auto store = open_or_throw(db.url);
        const traffic traffic{*store};
    }
    const auto size = std::filesystem::file_size(db.path);
    {
        std::fstream file{db.path, std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(4096);
        file << std::string(size - 4096, '\xff');
    }
    const auto opened = open_store(db.url);
    if (opened) {
        const auto loaded = (*opened)->load();
        REQUIRE_FALSE(loaded.has_value());
        CHECK_THAT(loaded.error().message, Catch::Contains("malformed"));
    } else {
        CHECK_THAT(opened.error().message, Catch::Contains("malformed"));
    }
}

TEST_CASE("amounts that are none, and accounts that nobody owns, are found at load") {
    database db;
    open_or_throw(db.url)->add_asset("USD", 9, {5}).value();
    const std::string damage =
        GENERATE("UPDATE accounts SET credits_posted = '-5' WHERE id = 1", "UPDATE accounts SET credits_posted = '05'",
                 "UPDATE accounts SET debits_posted = '1e3'", "DELETE FROM accounts WHERE id = 2",
                 "INSERT INTO accounts (asset_id, kind) VALUES (1, 'peer_liquidity')");
    CAPTURE(damage);
    execute(db.path, damage);
    const auto loaded = open_or_throw(db.url)->load();
    REQUIRE_FALSE(loaded.has_value());
    CHECK_THAT(loaded.error().message, Catch::Contains("account") && Catch::Contains("restore"));
}

TEST_CASE("a disk that takes no more is an error, the same commit succeeds when there is space again") {
    database db;
    const auto store = open_or_throw(db.url);
    traffic traffic{*store};
    rlimit unlimited{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &unlimited) == 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit full = unlimited;
    full.rlim_cur = std::filesystem::file_size(db.path + "-wal") / 2;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
    const auto refused = store->commit(traffic.postings, traffic.totals);
    const auto refused_again = store->commit(traffic.postings, traffic.totals);
    ::setrlimit(RLIMIT_FSIZE, &unlimited);
    std::signal(SIGXFSZ, old_handler);
    REQUIRE_FALSE(refused.has_value());
    CHECK_FALSE(refused_again.has_value());
    CHECK_THAT(refused.error().message, Catch::Contains(db.path) && Catch::Contains("cannot write transfers"));

    reader reader{db.path};
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE packets > 0") == "0");
    REQUIRE(store->commit(traffic.postings, traffic.totals).has_value());
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE packets > 0") == "1");
    CHECK(reader.accounts_agree_with_transfers());
}

TEST_CASE("a commit to an account that the database does not have is refused whole") {
    database db;
    const auto store = open_or_throw(db.url);
    traffic traffic{*store};
    traffic.totals[1].id = account_id{77};
    CHECK_FALSE(store->commit(traffic.postings, traffic.totals).has_value());
    reader reader{db.path};
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE packets > 0") == "0");
    CHECK(reader.accounts_agree_with_transfers());
}

TEST_CASE("ten thousand peers are added at once") {
    database db;
    const auto store = open_or_throw(db.url);
    const asset_record usd = store->add_asset("USD", 9, {}).value();
    std::vector<new_peer> wanted;
    for (int i = 0; i < 10'000; ++i) {
        const std::string name = "peer" + std::to_string(i);
        wanted.push_back({name, "test." + name, usd.id, {1'000}});
    }
    CHECK(store->add_peers(wanted).value().size() == wanted.size());
    CHECK((store->load().value().assets[0].settlement.totals == account_totals{10'000'000, 0}));
}
