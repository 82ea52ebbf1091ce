#include "peering/audit.hpp"
#include "peering/open_store.hpp"
#include "tests/support/child_process.hpp"
#include "tests/unit/peering/world.hpp"

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace store_sqlite_test {

using namespace peering;
using namespace peering::testing;

namespace {

std::string refusal_of(const std::string& url) {
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

}  // namespace

TEST_CASE("a commit is on disk when it returns: transfers per pair, totals per account") {
    database db;
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()).has_value());
        reader reader{db.path};
        CHECK(reader.value("SELECT count(*) FROM transfers WHERE uuid IS NOT NULL AND packets = 0") == "2");
        const auto rows =
            reader.rows("SELECT debit_account, credit_account, amount, packets, uuid FROM transfers WHERE packets > 0");
        REQUIRE(rows.size() == 1);
        CHECK(rows[0] == std::vector<std::string>{std::to_string(std::to_underlying(traffic.bob()->id)),
                                                  std::to_string(std::to_underlying(traffic.carol()->id)), "10", "3",
                                                  ""});
        CHECK(reader.book_is_sound());
        CHECK(reader.accounts_agree_with_transfers());
        CHECK(reader.chains_are_sound());
        CHECK(reader.chains_are_sound());
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
        for (account_change& account : traffic.accounts) account.after = {large, large + amount_max};
        REQUIRE(store->commit(traffic.commit()).has_value());
    }
    const catalogue loaded = open_or_throw(db.url)->load().value();
    CHECK((loaded.peers[1].liquidity.totals == account_totals{large, large + amount_max}));
}

TEST_CASE("the database is private to its owner, durable, and readable while the daemon runs") {
    database db;
    const auto store = open_or_throw(db.url);
    traffic traffic{*store};
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        CAPTURE(suffix);
        struct stat status{};
        REQUIRE(::stat((db.path + suffix).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
    reader reader{db.path};
    CHECK(reader.value("PRAGMA journal_mode") == "wal");
    CHECK(reader.value("PRAGMA application_id") == std::to_string(0x696c7064));
    CHECK(reader.value("PRAGMA user_version") == "11");
    CHECK(reader.value("PRAGMA integrity_check") == "ok");
    // A commit of packets must not update an index over the whole history.
    CHECK(reader
              .rows("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'transfers' AND "
                    "sql NOT LIKE '%WHERE%'")
              .empty());
}

TEST_CASE("a second daemon on the same database is refused, whatever the path") {
    database db;
    auto store = open_or_throw(db.url);
    CHECK_THAT(refusal_of(db.url), Catch::Contains(db.path) && Catch::Contains("in use by another ilpd (pid "));
    const std::string other_name = db.directory.path() / "link.db";
    std::filesystem::create_symlink(db.path, other_name);
    CHECK_THAT(refusal_of("sqlite:" + other_name), Catch::Contains("in use by another ilpd (pid "));
    std::filesystem::remove(db.path + ".lock");  // a tidy operator
    CHECK_THAT(refusal_of(db.url), Catch::Contains("in use by another ilpd"));
    // A hard link leads to the same file, but not to the same lock file. So does a bind mount.
    const std::string hard_link = db.directory.path() / "hard.db";
    std::filesystem::create_hard_link(db.path, hard_link);
    CHECK_THAT(refusal_of("sqlite:" + hard_link), Catch::Contains("in use by another ilpd, under another name"));
    store.reset();
    CHECK(refusal_of(db.url) == "opened");
    const auto other = open_or_throw("sqlite:" + hard_link);
    const auto remarks = other->take_remarks();
    REQUIRE(remarks.size() == 1);
    CHECK_THAT(remarks[0], Catch::Contains(hard_link + " is one of 2 names of the file"));
    CHECK(std::filesystem::exists(db.path + ".lock"));
}

TEST_CASE("a database that has gone is an outage, and the commit that it took along is not reported") {
    database db;
    const auto store = open_or_throw(db.url);
    traffic traffic{*store};
    REQUIRE(store->ping().has_value());
    const std::string aside = db.directory.path() / "aside";
    const std::string suffix = GENERATE("", "-wal", "-shm");
    const bool is_replaced = GENERATE(false, true);
    CAPTURE(suffix, is_replaced);
    const std::string gone = db.path + suffix;
    std::filesystem::rename(gone, aside);
    if (is_replaced) std::filesystem::copy_file(aside, gone);
    for (int i = 0; i < 2; ++i) {
        const auto refused = store->commit(traffic.commit());
        REQUIRE_FALSE(refused.has_value());
        CHECK_FALSE(refused.error().final);
        CHECK_THAT(refused.error().message,
                   Catch::Contains(gone + (is_replaced ? " is another file now" : " has gone")) &&
                       Catch::Contains("would be lost"));
        CHECK_FALSE(store->ping().has_value());
    }
    std::filesystem::rename(aside, gone);
    CHECK(store->ping().has_value());
    REQUIRE(store->commit(traffic.commit()).has_value());
    reader reader{db.path};
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE packets > 0") == "1");
    CHECK(reader.accounts_agree_with_transfers());
    CHECK(reader.chains_are_sound());
}

TEST_CASE("a clean end saves what was committed although the side files have gone") {
    database db;
    const std::string suffix = GENERATE("-wal", "-shm");
    CAPTURE(suffix);
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()).has_value());
        std::filesystem::remove(db.path + suffix);
        CHECK_THAT(store->ping().error().message, Catch::Contains(db.path + suffix + " has gone"));
    }
    CHECK(reader{db.path}.value("SELECT count(*) FROM transfers WHERE packets > 0") == "1");
    CHECK(audit(db.url).value().faults.empty());
    CHECK(open_or_throw(db.url)->take_remarks().empty());
}

TEST_CASE("a symbolic link that leads elsewhere meanwhile is a database that has gone") {
    database db;
    const std::string name = db.directory.path() / "link.db";
    std::filesystem::create_symlink(db.path, name);
    const auto store = open_or_throw("sqlite:" + name);
    CHECK(store->ping().has_value());
    std::filesystem::remove(name);
    std::ofstream{db.directory.path() / "other.db"};
    std::filesystem::create_symlink(db.directory.path() / "other.db", name);
    CHECK_THAT(store->ping().error().message, Catch::Contains(name + " is another file now"));
}

TEST_CASE("where a book was, an empty one is not begun without a word") {
    database db;
    const std::string mark = db.directory.path() / ".ilpd.db.mark";
    traffic traffic{*open_or_throw(db.url)};
    // This is what `rm ilpd.db*` does.
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(db.path + suffix);
    CHECK_THAT(refusal_of(db.url), Catch::Contains("ilpd has kept a book here, up to transfer number 2") &&
                                       Catch::Contains("remove " + mark));
    CHECK_FALSE(std::filesystem::exists(db.path));
    std::ofstream{db.path};
    CHECK_THAT(refusal_of(db.url), Catch::Contains("ilpd has kept a book here"));
    execute(db.path, "PRAGMA journal_mode = WAL");  // a file that is not empty, but a database that is
    CHECK_THAT(refusal_of(db.url), Catch::Contains("ilpd has kept a book here"));
    std::filesystem::remove(mark);
    CHECK(refusal_of(db.url) == "opened");
}

TEST_CASE("a book without transfers may be removed, and an unreadable mark does no harm") {
    database db;
    CHECK(refusal_of(db.url) == "opened");
    std::filesystem::remove(db.path);
    CHECK(refusal_of(db.url) == "opened");
    const std::string content = GENERATE("", "17", "\xff\xff", "ilpd writes here how far");
    std::ofstream{db.directory.path() / ".ilpd.db.mark"} << content;
    std::filesystem::remove(db.path);
    CHECK(refusal_of(db.url) == "opened");
}

TEST_CASE("a book that has lost transfers between two runs is noticed, by the audit, too") {
    database db;
    {
        traffic{*open_or_throw(db.url)};
    }
    database killed;  // what is left after kill -9: the files of a store that is still open
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()).has_value());
        for (const char* name : {"ilpd.db", "ilpd.db-wal", ".ilpd.db.mark"}) {
            std::filesystem::copy_file(db.directory.path() / name, killed.directory.path() / name);
        }
        CHECK(audit(db.url).value().faults.empty());
    }
    const std::string log = killed.path + "-wal";
    std::uint64_t expected = 1;
    SECTION("nothing was lost") {
        expected = 0;
    }
    SECTION("the end of the log was cut off") {
        std::filesystem::resize_file(log, std::filesystem::file_size(log) - 1);
    }
    SECTION("the log was removed") {
        std::filesystem::remove(log);
    }
    const auto report = audit(killed.url).value();
    CHECK(report.faults.size() == expected);
    if (expected != 0) {
        CHECK_THAT(report.faults.at(0),
                   Catch::Contains("the last one has the number 2") && Catch::Contains("ilpd had written number 3"));
    }
    const auto store = open_or_throw(killed.url);
    const auto remarks = store->take_remarks();
    CHECK(remarks.size() == expected);
    if (expected != 0) CHECK_THAT(remarks.at(0), Catch::Contains("older than it was"));
    CHECK(store->take_remarks().empty());
    CHECK(audit(killed.url).value().faults.empty());
}

TEST_CASE("a reader makes the write-ahead log grow, which is reported once, and the log is shortened when it ends") {
    database db;
    const auto store = open_or_throw(db.url);
    traffic traffic{*store};
    REQUIRE(store->commit(traffic.commit()).has_value());
    auto long_reader = std::make_unique<reader>(db.path);
    long_reader->rows("BEGIN");
    CHECK(long_reader->value("SELECT count(*) FROM events") == "0");
    auto commit_a_megabyte = [&, number = 0]() mutable {
        const event_record event{std::to_string(++number), "type", std::string(1 << 20, 'x')};
        changes changes;
        changes.new_events = {&event, 1};
        REQUIRE(store->commit(changes).has_value());
    };
    for (int i = 0; i < 10; ++i) {
        commit_a_megabyte();
        REQUIRE(store->ping().has_value());
    }
    const auto remarks = store->take_remarks();
    REQUIRE(remarks.size() == 1);
    CHECK_THAT(remarks[0], Catch::Contains(db.path + "-wal has grown to") && Catch::Contains("another program"));
    CHECK(store->log_size().value() > 10'000'000);
    SECTION("by itself") {
        long_reader.reset();
        REQUIRE(store->ping().has_value());
        CHECK(store->log_size() == 0);
        CHECK(std::filesystem::file_size(db.path + "-wal") == 0);
    }
    SECTION("by the next commits") {
        long_reader.reset();
        commit_a_megabyte();
        commit_a_megabyte();
        CHECK(std::filesystem::file_size(db.path + "-wal") < 9'000'000);
    }
    commit_a_megabyte();
    CHECK(store->take_remarks().empty());
    CHECK(reader{db.path}.accounts_agree_with_transfers());
}

TEST_CASE("a path that cannot hold a database is refused with the reason") {
    database db;
    CHECK_THAT(refusal_of("sqlite:" + db.directory.path().string()), Catch::Contains("is a directory"));
    // Messages have the absolute path.
    const auto here = std::filesystem::current_path().string();
    CHECK_THAT(refusal_of("sqlite:no such folder/ilpd.db"),
               Catch::Contains("sqlite:" + here + "/no such folder/ilpd.db"));
    const auto audited = audit("sqlite:no such folder/ilpd.db");
    REQUIRE_FALSE(audited);
    CHECK_THAT(audited.error().message, Catch::Contains("sqlite:" + here + "/no such folder/ilpd.db: cannot read: "));
    CHECK_THAT(refusal_of("sqlite:/nonexistent/ilpd.db"), Catch::Contains("No such file or directory"));
    CHECK_THAT(refusal_of("sqlite:/proc/ilpd.db"), Catch::Contains("/proc/ilpd.db"));
    CHECK(refusal_of("sqlite:/proc/ilpd.db") != "opened");
}

TEST_CASE("a file of another application is refused and left unchanged") {
    database db;
    SECTION("no database at all") {
        const std::string text(4096, 'x');
        std::ofstream{db.path} << text;
        CHECK_THAT(refusal_of(db.url), Catch::Contains("file is not a database"));
        std::string kept;
        std::getline(std::ifstream{db.path}, kept);
        CHECK(kept == text);
    }
    SECTION("another application's, without an id") {
        execute(db.path, "CREATE TABLE cakes (name TEXT)");
        CHECK_THAT(refusal_of(db.url), Catch::Contains("another application"));
    }
    SECTION("another application's, with an id") {
        execute(db.path, "PRAGMA application_id = 7");
        CHECK_THAT(refusal_of(db.url), Catch::Contains("another application"));
    }
    SECTION("a newer ilpd's") {
        open_or_throw(db.url);
        execute(db.path, "PRAGMA user_version = 99");
        CHECK_THAT(refusal_of(db.url), Catch::Contains("newer ilpd") && Catch::Contains("99"));
    }
}

TEST_CASE("a damaged database is an error, not a crash") {
    database db;
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
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

TEST_CASE("invalid amounts and accounts without an owner are detected at load") {
    database db;
    {
        const auto store = open_or_throw(db.url);
        config::settings settings;
        settings.assets = {make_asset("USD", 9, 5)};
        books books{*store};
        build_or_throw(settings, books.keeper);
    }
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

TEST_CASE("a full disk is an error, and the same commit succeeds when there is space again") {
    database db;
    const auto store = open_or_throw(db.url);
    traffic traffic{*store};
    rlimit unlimited{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &unlimited) == 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit full = unlimited;
    full.rlim_cur = std::filesystem::file_size(db.path + "-wal") / 2;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
    const auto refused = store->commit(traffic.commit());
    const auto refused_again = store->commit(traffic.commit());
    ::setrlimit(RLIMIT_FSIZE, &unlimited);
    std::signal(SIGXFSZ, old_handler);
    REQUIRE_FALSE(refused.has_value());
    CHECK_FALSE(refused_again.has_value());
    CHECK_THAT(refused.error().message, Catch::Contains(db.path) && Catch::Contains("cannot write"));

    reader reader{db.path};
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE packets > 0") == "0");
    REQUIRE(store->commit(traffic.commit()).has_value());
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE packets > 0") == "1");
    CHECK(reader.accounts_agree_with_transfers());
    CHECK(reader.chains_are_sound());
}

TEST_CASE("a commit with an account that the database does not have is refused completely") {
    database db;
    const auto store = open_or_throw(db.url);
    traffic traffic{*store};
    traffic.accounts[1].id = account_id{77};
    const auto refused = store->commit(traffic.commit());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().final);
    reader reader{db.path};
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE packets > 0") == "0");
    CHECK(reader.accounts_agree_with_transfers());
    CHECK(reader.chains_are_sound());
}

TEST_CASE("a database of the first schema is brought up to date, with its history") {
    database db;
    execute(db.path, R"sql(
        PRAGMA application_id = 1768714340;
        PRAGMA user_version = 1;
        CREATE TABLE assets (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, code TEXT NOT NULL,
            scale INTEGER NOT NULL, created_at INTEGER NOT NULL, UNIQUE (code, scale)) STRICT;
        CREATE TABLE accounts (id INTEGER PRIMARY KEY AUTOINCREMENT, asset_id INTEGER NOT NULL REFERENCES assets (id),
            kind TEXT NOT NULL, debits_posted TEXT NOT NULL DEFAULT '0', credits_posted TEXT NOT NULL DEFAULT '0')
            STRICT;
        CREATE TABLE peers (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,
            ilp_address TEXT NOT NULL, asset_id INTEGER NOT NULL, account_id INTEGER NOT NULL UNIQUE,
            created_at INTEGER NOT NULL) STRICT;
        CREATE TABLE transfers (id INTEGER PRIMARY KEY, uuid TEXT, debit_account INTEGER NOT NULL,
            credit_account INTEGER NOT NULL, amount TEXT NOT NULL, packets INTEGER NOT NULL,
            created_at INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX transfers_by_uuid ON transfers (uuid) WHERE uuid IS NOT NULL;
        INSERT INTO assets VALUES (1, '7e0e0cdc-1f6c-4c3e-9d5a-0d2a6d6f0c11', 'USD', 9, 1);
        INSERT INTO accounts VALUES (1, 1, 'asset_liquidity', '4', '5');
        INSERT INTO accounts VALUES (2, 1, 'settlement', '5', '0');
        INSERT INTO accounts VALUES (3, 1, 'peer_liquidity', '0', '4');
        INSERT INTO peers VALUES (1, '7e0e0cdc-1f6c-4c3e-9d5a-0d2a6d6f0c12', 'bob', 'test.bob', 1, 3, 1);
        INSERT INTO transfers VALUES (1, '7e0e0cdc-1f6c-4c3e-9d5a-0d2a6d6f0c13', 2, 1, '5', 0, 1);
        INSERT INTO transfers VALUES (2, NULL, 1, 3, '4', 2, 1);
    )sql");
    const auto store = open_or_throw(db.url);
    const auto deposit = store->find_transfer("7e0e0cdc-1f6c-4c3e-9d5a-0d2a6d6f0c13").value();
    REQUIRE(deposit);
    CHECK(deposit->kind == transfer_kind::deposit);
    CHECK(deposit->state == transfer_state::posted);
    const catalogue loaded = store->load().value();
    CHECK((loaded.peers.at(0).liquidity.totals == account_totals{0, 4}));
    CHECK(loaded.pending_withdrawals.empty());
    CHECK(audit(db.url).value().faults.empty());
}

TEST_CASE(
    "a database of the second schema keeps its peers, events and transfers, and each account's history is listed") {
    database db;
    execute(db.path, R"sql(
        PRAGMA application_id = 1768714340;
        PRAGMA user_version = 2;
        CREATE TABLE assets (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, code TEXT NOT NULL,
            scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 255), created_at INTEGER NOT NULL, UNIQUE (code, scale))
            STRICT;
        CREATE TABLE accounts (id INTEGER PRIMARY KEY AUTOINCREMENT, asset_id INTEGER NOT NULL REFERENCES assets (id),
            kind TEXT NOT NULL, debits_posted TEXT NOT NULL DEFAULT '0', credits_posted TEXT NOT NULL DEFAULT '0')
            STRICT;
        CREATE UNIQUE INDEX accounts_of_asset ON accounts (asset_id, kind) WHERE kind <> 'peer_liquidity';
        CREATE TABLE peers (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,
            ilp_address TEXT NOT NULL, asset_id INTEGER NOT NULL REFERENCES assets (id),
            account_id INTEGER NOT NULL UNIQUE REFERENCES accounts (id), created_at INTEGER NOT NULL) STRICT;
        CREATE TABLE transfers (id INTEGER PRIMARY KEY, uuid TEXT,
            debit_account INTEGER NOT NULL REFERENCES accounts (id),
            credit_account INTEGER NOT NULL REFERENCES accounts (id), amount TEXT NOT NULL, packets INTEGER NOT NULL,
            created_at INTEGER NOT NULL, kind TEXT CHECK (kind IN ('deposit', 'withdrawal')),
            state TEXT NOT NULL DEFAULT 'posted' CHECK (state IN ('pending', 'posted', 'voided', 'expired')),
            expires_at INTEGER);
        CREATE UNIQUE INDEX transfers_by_uuid ON transfers (uuid) WHERE uuid IS NOT NULL;
        CREATE INDEX transfers_pending ON transfers (id) WHERE state = 'pending';
        CREATE TABLE events (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, type TEXT NOT NULL, data TEXT NOT NULL,
            created_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER, delivered_at INTEGER) STRICT;
        CREATE INDEX events_due ON events (due) WHERE due IS NOT NULL;
        INSERT INTO assets VALUES (1, '7e0e0cdc-1f6c-4c3e-9d5a-0d2a6d6f0c11', 'USD', 9, 1700000000001);
        INSERT INTO accounts VALUES (1, 1, 'asset_liquidity', '0', '0');
        INSERT INTO accounts VALUES (2, 1, 'settlement', '9', '0');
        INSERT INTO accounts VALUES (3, 1, 'peer_liquidity', '7', '9');
        INSERT INTO accounts VALUES (4, 1, 'peer_liquidity', '0', '7');
        INSERT INTO peers VALUES (1, '7e0e0cdc-1f6c-4c3e-9d5a-0d2a6d6f0c12', 'bob', 'test.bob', 1, 3, 1700000000002);
        INSERT INTO peers VALUES (2, '7e0e0cdc-1f6c-4c3e-9d5a-0d2a6d6f0c14', 'carol', 'test.carol', 1, 4, 3);
        INSERT INTO transfers VALUES (1, 'deposit', 2, 3, '9', 0, 1, 'deposit', 'posted', NULL);
        INSERT INTO transfers VALUES (3, NULL, 3, 4, '4', 2, 1, NULL, 'posted', NULL);
        INSERT INTO transfers VALUES (4, 'pending', 3, 2, '1', 0, 1, 'withdrawal', 'pending', 99);
        INSERT INTO transfers VALUES (9, NULL, 3, 4, '3', 1, 1, NULL, 'posted', NULL);
        INSERT INTO events VALUES (1, 'one', 'type', '{}', 5, 2, 7, NULL);
    )sql");
    const auto store = open_or_throw(db.url);
    reader reader{db.path};
    CHECK(reader.value("PRAGMA user_version") == "11");
    CHECK(reader.value("SELECT count(*) FROM sqlite_schema WHERE name = 'events_that_ended'") == "1");
    CHECK(reader.rows("PRAGMA foreign_key_check").empty());
    CHECK(reader.chains_are_sound());
    const catalogue loaded = store->load().value();
    REQUIRE(loaded.peers.size() == 2);
    CHECK(loaded.peers[0].created_at == ilp::timestamp{std::chrono::milliseconds{1'700'000'000'002}});
    CHECK(loaded.peers[0].terms == kept_peer_terms{.name = "bob", .ilp_address = "test.bob"});
    CHECK(loaded.peers[1].liquidity.id == account_id{4});
    CHECK(loaded.assets.at(0).terms == asset_terms{});
    CHECK(loaded.pending_withdrawals.size() == 1);
    CHECK(store->list_events({}).value().value().at(0).attempts == 2);
    CHECK(audit(db.url).value().faults.empty());

    liquidity_account bob{account_id{3}};
    liquidity_account carol{account_id{4}};
    const posting posting{&carol, &bob, 2, 1};
    const std::array totals{account_change{carol.id, account_kind::peer_liquidity, {0, 7}, {2, 7}},
                            account_change{bob.id, account_kind::peer_liquidity, {7, 9}, {7, 11}}};
    changes changes;
    changes.postings = {&posting, 1};
    changes.accounts = totals;
    REQUIRE(store->commit(changes).has_value());
    using list = std::vector<std::uint64_t>;
    CHECK(numbers_listed(*store, account_id{3}, account_side::debit) == list{9, 4, 3});
    CHECK(numbers_listed(*store, account_id{3}, account_side::credit) == list{10, 1});
    CHECK(numbers_listed(*store, account_id{4}, account_side::credit) == list{9, 3});
    CHECK(reader.chains_are_sound());
    CHECK(audit(db.url).value().faults.empty());
}

TEST_CASE("a database of the fourth schema gets the index of old events, and events are forgotten as before") {
    database db;
    {
        const auto store = open_or_throw(db.url);
    }
    execute(db.path, R"sql(
        DROP INDEX events_due;
        DROP INDEX events_due_of_payments;
        ALTER TABLE events DROP COLUMN receiving_account;
        DROP INDEX events_that_ended;
        DROP TABLE flights; DROP TABLE split_outcomes;
        DROP TABLE payments;
        DROP TABLE receiving_accounts;
        PRAGMA user_version = 4;
        INSERT INTO events VALUES (1, 'old', 'type', '{}', 5, 2, NULL, 7);
        INSERT INTO events VALUES (2, 'young', 'type', '{}', 5000, 2, NULL, 5000);
    )sql");
    const auto store = open_or_throw(db.url);
    reader reader{db.path};
    CHECK(reader.value("PRAGMA user_version") == "11");
    CHECK(reader.value("SELECT count(*) FROM sqlite_schema WHERE name = 'events_that_ended'") == "1");
    const history_age age{.older_than = ilp::timestamp{std::chrono::milliseconds{1000}},
                          .now = ilp::timestamp{std::chrono::milliseconds{9000}}};
    CHECK(store->forget_events(age, 10).value().rows == 1);
    CHECK(reader.value("SELECT group_concat(uuid) FROM events") == "young");
}

TEST_CASE("a database of the fifth schema keeps its accounts and their history, and gets receiving accounts") {
    const database db;
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()));
    }
    // The accounts as the fifth schema had them.
    execute(db.path, R"sql(
        PRAGMA foreign_keys = OFF;
        BEGIN;
        DROP INDEX events_due;
        DROP INDEX events_due_of_payments;
        ALTER TABLE events DROP COLUMN receiving_account;
        DROP TABLE flights; DROP TABLE split_outcomes;
        DROP TABLE payments;
        DROP TABLE receiving_accounts;
        CREATE TABLE old_accounts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            asset_id INTEGER NOT NULL REFERENCES assets (id),
            kind TEXT NOT NULL CHECK (kind IN ('asset_liquidity', 'settlement', 'peer_liquidity')),
            debits_posted TEXT NOT NULL DEFAULT '0',
            credits_posted TEXT NOT NULL DEFAULT '0'
        ) STRICT;
        ALTER TABLE old_accounts ADD COLUMN last_debit_transfer INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE old_accounts ADD COLUMN last_credit_transfer INTEGER NOT NULL DEFAULT 0;
        INSERT INTO old_accounts SELECT * FROM accounts;
        DROP TABLE accounts;
        ALTER TABLE old_accounts RENAME TO accounts;
        CREATE UNIQUE INDEX accounts_of_asset ON accounts (asset_id, kind) WHERE kind <> 'peer_liquidity';
        PRAGMA user_version = 5;
        COMMIT;
    )sql");
    {
        const auto store = open_or_throw(db.url);
        const catalogue loaded = store->load().value();
        CHECK((loaded.peers.at(0).liquidity.totals == account_totals{10, 100}));
        CHECK((loaded.peers.at(1).liquidity.totals == account_totals{0, 110}));
        CHECK(store->list_transfers(loaded.peers[0].liquidity.id, account_side::debit, 10).value().size() == 1);
        std::vector<receiving_account_record> made;
        for (std::uint32_t id = 1; id <= 2; ++id) {
            made.push_back({.id = id,
                            .uuid = new_uuid(),
                            .asset_id = loaded.assets[0].id,
                            .liquidity = {account_id{100 + id}, account_kind::receiving, {}},
                            .terms = {.name = "account" + std::to_string(id)}});
        }
        REQUIRE(store->commit({.new_receiving_accounts = made}));
        CHECK(store->load().value().receiving_accounts.size() == 2);
    }
    reader reader{db.path};
    CHECK(reader.value("PRAGMA user_version") == "11");
    CHECK(reader.rows("PRAGMA foreign_key_check").empty());
    CHECK(reader.value("SELECT count(*) FROM accounts") == "6");
    CHECK(reader.accounts_agree_with_transfers());
    CHECK(reader.chains_are_sound());
    CHECK(audit(db.url).value().faults.empty());
}

TEST_CASE("a database of the seventh schema keeps its payments, which have no bound on what is sent") {
    const database db;
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()));
    }
    execute(db.path, R"sql(
        DROP INDEX events_due;
        DROP INDEX events_due_of_payments;
        ALTER TABLE events DROP COLUMN receiving_account;
        DROP TABLE flights; DROP TABLE split_outcomes;
        ALTER TABLE payments DROP COLUMN at_most;
        INSERT INTO payments (id, uuid, account_id, receiver, fixed_delivery, amount, slippage, created_at, status)
            VALUES (3, 'before', (SELECT max(id) FROM accounts), '$bob.example', 1, '70', 100, 5, 'quoting');
        PRAGMA user_version = 7;
    )sql");
    const auto store = open_or_throw(db.url);
    reader reader{db.path};
    CHECK(reader.value("PRAGMA user_version") == "11");
    CHECK(reader.rows("PRAGMA foreign_key_check").empty());
    const auto kept = store->find_payment("before").value().value();
    CHECK(kept.amount == ilp::amount{70});
    CHECK_FALSE(kept.at_most.has_value());
    payment_record bounded = kept;
    bounded.number = 4;
    bounded.uuid = "after";
    bounded.at_most = ilp::amount{80};
    REQUIRE(store->commit({.new_payments = {&bounded, 1}}));
    CHECK(store->find_payment("after").value().value() == bounded);
    CHECK(store->load().value().open_payments.size() == 2);
}

TEST_CASE("a database of the ninth schema keeps its book, and gets a table of the outcomes of split packets") {
    const database db;
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        REQUIRE(store->commit(traffic.commit()));
    }
    execute(db.path, "DROP TABLE flights; DROP TABLE split_outcomes; PRAGMA user_version = 9;");
    const auto store = open_or_throw(db.url);
    reader reader{db.path};
    CHECK(reader.value("PRAGMA user_version") == "11");
    CHECK((store->load().value().peers.at(0).liquidity.totals == account_totals{10, 100}));
    CHECK(store->load().value().split_outcomes.empty());
    const split_outcome outcome{
        .peer = 1, .id = {7}, .fulfill = {1, 0, 255}, .until = ilp::wall_clock() + std::chrono::hours{1}};
    REQUIRE(store->commit({.new_split_outcomes = {&outcome, 1}}));
    CHECK(store->load().value().split_outcomes == std::vector{outcome});
    CHECK(audit(db.url).value().faults.empty());
}

TEST_CASE("a database of the tenth schema keeps its transfers and their kinds, and takes corrections and flights") {
    const database db;
    const std::string id = new_uuid();
    account_id bob{};
    {
        const auto store = open_or_throw(db.url);
        traffic traffic{*store};
        bob = traffic.bob()->id;
        REQUIRE(store->commit(traffic.commit()));
    }
    execute(db.path, R"sql(
        DROP TABLE flights;
        ALTER TABLE transfers RENAME COLUMN kind TO later_kind;
        ALTER TABLE transfers ADD COLUMN kind TEXT CHECK (kind IN ('deposit', 'withdrawal'));
        UPDATE transfers SET kind = later_kind;
        ALTER TABLE transfers DROP COLUMN later_kind;
        PRAGMA user_version = 10;
    )sql");
    const auto store = open_or_throw(db.url);
    reader reader{db.path};
    CHECK(reader.value("PRAGMA user_version") == "11");
    CHECK(reader.rows("PRAGMA foreign_key_check").empty());
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE kind = 'deposit' AND uuid IS NOT NULL") == "2");
    CHECK(reader.value("SELECT count(*) FROM transfers WHERE kind IS NULL AND uuid IS NULL") == "1");
    CHECK(reader.value("SELECT count(*) FROM pragma_table_info('transfers') WHERE name = 'former_kind'") == "0");
    const transfer_record correction{.uuid = id,
                                     .kind = transfer_kind::correction,
                                     .state = transfer_state::posted,
                                     .debit = store->load().value().assets.at(0).settlement.id,
                                     .credit = bob,
                                     .amount = {7}};
    const account_totals owed = store->load().value().assets[0].settlement.totals;
    const std::array accounts{
        account_change{correction.debit, account_kind::settlement, owed, {owed.debits_posted + 7, 0}},
        account_change{bob, account_kind::peer_liquidity, {10, 100}, {10, 107}}};
    const flight_record flight{bob, 8, 1};
    REQUIRE(store->commit({.new_transfers = {&correction, 1}, .accounts = accounts, .changed_flights = {&flight, 1}}));
    CHECK(store->find_transfer(id).value() == correction);
    CHECK(store->load().value().flights == std::vector{flight});
    CHECK(reader.accounts_agree_with_transfers());
    CHECK(reader.chains_are_sound());
    CHECK(audit(db.url).value().faults.empty());
}

TEST_CASE("the side files of the database are for its owner alone, even where the database is not") {
    const database db;
    REQUIRE(open_store(db.url));
    ::chmod(db.path.c_str(), 0666);
    const auto store = open_store(db.url);
    REQUIRE(store);
    for (const char* const suffix : {"-wal", "-shm"}) {
        struct stat status{};
        REQUIRE(::stat((db.path + suffix).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777U) == 0600U);
    }
}

TEST_CASE("a database of the eighth schema gets a line for the events of payments, which it knows by their data") {
    const database db;
    {
        const auto store = open_or_throw(db.url);
    }
    execute(db.path, R"sql(
        DROP INDEX events_due;
        DROP INDEX events_due_of_payments;
        ALTER TABLE events DROP COLUMN receiving_account;
        CREATE INDEX events_due ON events (due) WHERE due IS NOT NULL;
        DROP TABLE flights; DROP TABLE split_outcomes;
        PRAGMA user_version = 8;
        INSERT INTO events VALUES (1, 'low', 'peer.liquidity_low', '{"id":"a"}', 5, 0, 5, NULL);
        INSERT INTO events VALUES (2, 'paid', 'incoming_payment.completed', '{"walletAddressId":"alice"}', 5, 1, 6, NULL);
        INSERT INTO events VALUES (3, 'open', 'incoming_payment.completed', '{"walletAddressId":"alice"}', 5, 0,
            7258118400000, NULL);
    )sql");
    const auto store = open_or_throw(db.url);
    reader reader{db.path};
    CHECK(reader.value("PRAGMA user_version") == "11");
    const auto of_node = store->load_pending_events(event_line::node, 10).value();
    REQUIRE(of_node.size() == 1);
    CHECK(of_node[0].event.uuid == "low");
    const auto of_payments = store->load_pending_events(event_line::payments, 10).value();
    REQUIRE(of_payments.size() == 1);
    CHECK(of_payments[0].event.uuid == "paid");
    CHECK(of_payments[0].event.receiving_account == "alice");
    const catalogue loaded = store->load().value();
    REQUIRE(loaded.open_events.size() == 1);
    CHECK(loaded.open_events[0].receiving_account == "alice");
    CHECK(count_pending_events(*store) == 2);
}

}  // namespace store_sqlite_test
