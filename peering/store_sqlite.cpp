#include "peering/store_sqlite.hpp"

#include "peering/lock_file.hpp"
#include "peering/record_text.hpp"
#include "peering/uuid.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <limits>
#include <optional>
#include <sqlite3.h>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace peering {
namespace {

/// "ilpd", so that `file` and we can tell our databases from others.
constexpr std::int64_t application_id = 0x696c7064;

/// How long a commit waits for another program's write lock before it counts as failed.
constexpr int busy_timeout_ms = 2000;

/// Step n makes version n+1 (PRAGMA user_version) from version n. Never changed once released: add another.
constexpr std::array migrations{
    R"sql(
CREATE TABLE assets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL,
    scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 255),
    created_at INTEGER NOT NULL, -- milliseconds since 1970, UTC; so in every table
    UNIQUE (code, scale)
) STRICT;

-- Amounts are text: decimal digits, no sign, no leading zero, up to 2^128-1. An integer of SQLite has 64 bits and a
-- sign, and SUM() of larger ones is floating point: add them up with a program.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asset_id INTEGER NOT NULL REFERENCES assets (id),
    kind TEXT NOT NULL CHECK (kind IN ('asset_liquidity', 'settlement', 'peer_liquidity')),
    debits_posted TEXT NOT NULL DEFAULT '0',
    credits_posted TEXT NOT NULL DEFAULT '0' -- balance: credits_posted - debits_posted
) STRICT;
CREATE UNIQUE INDEX accounts_of_asset ON accounts (asset_id, kind) WHERE kind <> 'peer_liquidity';

CREATE TABLE peers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    ilp_address TEXT NOT NULL,
    asset_id INTEGER NOT NULL REFERENCES assets (id),
    account_id INTEGER NOT NULL UNIQUE REFERENCES accounts (id),
    created_at INTEGER NOT NULL
) STRICT;

-- Everything that was ever posted, in order. Packets of one commit are summed up per pair of accounts.
CREATE TABLE transfers (
    id INTEGER PRIMARY KEY,
    uuid TEXT, -- of a deposit; null for packets
    debit_account INTEGER NOT NULL REFERENCES accounts (id),
    credit_account INTEGER NOT NULL REFERENCES accounts (id),
    amount TEXT NOT NULL,
    packets INTEGER NOT NULL, -- how many are in the amount; 0 for a deposit
    created_at INTEGER NOT NULL
) STRICT;
-- Holds deposits alone: a commit of packets costs the same however long the history is.
CREATE UNIQUE INDEX transfers_by_uuid ON transfers (uuid) WHERE uuid IS NOT NULL;
)sql",
    R"sql(
ALTER TABLE transfers ADD COLUMN kind TEXT CHECK (kind IN ('deposit', 'withdrawal')); -- null for packets
ALTER TABLE transfers ADD COLUMN state TEXT NOT NULL DEFAULT 'posted'
    CHECK (state IN ('pending', 'posted', 'voided', 'expired')); -- only 'posted' is in the totals
ALTER TABLE transfers ADD COLUMN expires_at INTEGER; -- of a withdrawal in two phases
UPDATE transfers SET kind = 'deposit' WHERE uuid IS NOT NULL;
CREATE INDEX transfers_pending ON transfers (id) WHERE state = 'pending';

-- What the operator is told by webhook.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    data TEXT NOT NULL, -- JSON
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, -- that failed
    due INTEGER, -- of the next attempt; null: there will be none
    delivered_at INTEGER
) STRICT;
CREATE INDEX events_due ON events (due) WHERE due IS NOT NULL;
)sql",
};

constexpr std::int64_t schema_version = migrations.size();

/// Carries an error from where it is seen to the border of this file, where attempt() makes a value of it.
struct failure {
    std::string message;
    bool final = false;
};

/// Errors that say something about what was asked, not about the file or the machine.
bool is_final(int extended_code) noexcept {
    const int code = extended_code & 0xff;
    return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_RANGE || code == SQLITE_TOOBIG;
}

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t to_ms(ilp::timestamp time) noexcept {
    return time.time_since_epoch().count();
}

ilp::timestamp from_ms(std::int64_t ms) noexcept {
    return ilp::timestamp{std::chrono::milliseconds{ms}};
}

transfer_state state_of(std::string_view text) {
    const auto state = parse_transfer_state(text);
    if (!state) throw failure{fmt::format("a transfer has the unknown state '{}'", text)};
    return *state;
}

/// One SQLite connection; closed when destroyed.
class connection {
public:
    connection(const std::string& path, int mode) {
        const int result = sqlite3_open_v2(path.c_str(), &handle_, mode | SQLITE_OPEN_NOMUTEX, nullptr);
        if (result != SQLITE_OK) {
            std::string message = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(result);
            sqlite3_close(handle_);
            throw failure{std::move(message)};
        }
        sqlite3_extended_result_codes(handle_, 1);
        sqlite3_busy_timeout(handle_, busy_timeout_ms);
    }
    ~connection() { sqlite3_close(handle_); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void execute(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }

    void check(int result) const {
        if (result != SQLITE_OK) throw_error();
    }

    [[noreturn]] void throw_error() const {
        const int code = sqlite3_extended_errcode(handle_);
        throw failure{fmt::format("{} (SQLite code {})", sqlite3_errmsg(handle_), code), is_final(code)};
    }

    sqlite3* handle() const noexcept { return handle_; }

private:
    sqlite3* handle_ = nullptr;
};

/// A prepared statement. Text that is bound must live until it has run.
class statement {
public:
    statement(connection& connection, std::string_view sql) : connection_{connection} {
        connection_.check(sqlite3_prepare_v3(connection_.handle(), sql.data(), static_cast<int>(sql.size()),
                                             SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
    }
    ~statement() { sqlite3_finalize(handle_); }
    statement(const statement&) = delete;
    statement& operator=(const statement&) = delete;

    /// Binds the values from parameter 1 on and runs to the end.
    template <class... Values>
    void run(const Values&... values) {
        int at = 0;
        (bind(++at, values), ...);
        const int result = sqlite3_step(handle_);
        if (result != SQLITE_DONE) {
            const failure seen{fmt::format("{} (SQLite code {})", sqlite3_errmsg(connection_.handle()), result),
                               is_final(result)};
            sqlite3_reset(handle_);
            throw seen;
        }
        sqlite3_reset(handle_);
    }

    /// Calls `row` for each row; it reads the columns with integer() and text().
    template <class Row, class... Values>
    void for_each(Row row, const Values&... values) {
        int at = 0;
        (bind(++at, values), ...);
        const struct resetter {
            sqlite3_stmt* handle;
            ~resetter() { sqlite3_reset(handle); }
        } at_end{handle_};
        int result = SQLITE_OK;
        while ((result = sqlite3_step(handle_)) == SQLITE_ROW) row();
        if (result != SQLITE_DONE) connection_.throw_error();
    }

    std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }
    bool is_null(int column) const noexcept { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

    /// Empty for null. Valid until the next row.
    std::string_view text(int column) const noexcept {
        const unsigned char* const begin = sqlite3_column_text(handle_, column);
        if (begin == nullptr) return {};
        return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
    }

private:
    void bind(int at, std::int64_t value) { connection_.check(sqlite3_bind_int64(handle_, at, value)); }
    void bind(int at, std::string_view value) {
        connection_.check(sqlite3_bind_text(handle_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
    }
    void bind(int at, std::nullptr_t) { connection_.check(sqlite3_bind_null(handle_, at)); }
    void bind(int at, account_id id) { bind(at, std::int64_t{std::to_underlying(id)}); }
    void bind(int at, const std::optional<ilp::timestamp>& time) {
        if (time) {
            bind(at, to_ms(*time));
        } else {
            bind(at, nullptr);
        }
    }

    connection& connection_;
    sqlite3_stmt* handle_ = nullptr;
};

std::int64_t single_integer(connection& connection, std::string_view sql) {
    statement query{connection, sql};
    std::int64_t value = 0;
    query.for_each([&] { value = query.integer(0); });
    return value;
}

void check_owner(connection& connection) {
    if (single_integer(connection, "PRAGMA application_id") != application_id) {
        throw failure{"the file is not a database of ilpd"};
    }
}

void migrate(connection& connection) {
    const std::int64_t owner = single_integer(connection, "PRAGMA application_id");
    const std::int64_t version = single_integer(connection, "PRAGMA user_version");
    const bool is_new =
        owner == 0 && version == 0 && single_integer(connection, "SELECT count(*) FROM sqlite_schema") == 0;
    if (!is_new && owner != application_id) {
        throw failure{"the file is a database of another application: choose another path"};
    }
    if (version > schema_version) {
        throw failure{fmt::format(
            "the database was written by a newer ilpd (schema version {}, this one knows up to {}): install that one",
            version, schema_version)};
    }
    if (version < 0) throw failure{fmt::format("the schema version {} is none of ilpd's", version)};
    for (std::int64_t step = version; step < schema_version; ++step) {
        // An error leaves the transaction open; the connection is closed then, which rolls it back.
        connection.execute("BEGIN IMMEDIATE");
        connection.execute(migrations[static_cast<std::size_t>(step)]);
        connection.execute(fmt::format("PRAGMA application_id = {}", application_id).c_str());
        connection.execute(fmt::format("PRAGMA user_version = {}", step + 1).c_str());
        connection.execute("COMMIT");
    }
}

void configure(connection& connection) {
    statement journal{connection, "PRAGMA journal_mode = WAL"};
    journal.for_each([&] {
        if (journal.text(0) != "wal") throw failure{"the file system does not allow SQLite's WAL mode"};
    });
    connection.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
}

/// The prepared statements of one open database.
struct statements {
    explicit statements(connection& db)
        : begin{db, "BEGIN IMMEDIATE"},
          commit{db, "COMMIT"},
          rollback{db, "ROLLBACK"},
          insert_posting{db,
                         "INSERT INTO transfers (debit_account, credit_account, amount, packets, created_at) "
                         "VALUES (?, ?, ?, ?, ?)"},
          update_account{db, "UPDATE accounts SET debits_posted = ?, credits_posted = ? WHERE id = ?"},
          insert_account{db, "INSERT INTO accounts (id, asset_id, kind) VALUES (?, ?, ?)"},
          insert_asset{db, "INSERT INTO assets (id, uuid, code, scale, created_at) VALUES (?, ?, ?, ?, ?)"},
          insert_peer{db,
                      "INSERT INTO peers (id, uuid, name, ilp_address, asset_id, account_id, created_at) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?)"},
          update_peer{db, "UPDATE peers SET name = ?, ilp_address = ? WHERE id = ?"},
          insert_transfer{db,
                          "INSERT INTO transfers (uuid, kind, state, debit_account, credit_account, amount, packets, "
                          "created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)"},
          end_transfer{db, "UPDATE transfers SET state = ? WHERE uuid = ? AND state = 'pending'"},
          find_transfer{db,
                        "SELECT uuid, kind, state, debit_account, credit_account, amount, expires_at FROM transfers "
                        "WHERE uuid = ?"},
          insert_event{db, "INSERT INTO events (uuid, type, data, created_at, due) VALUES (?, ?, ?, ?, ?)"},
          event_delivered{db, "UPDATE events SET delivered_at = ?, due = NULL WHERE uuid = ?"},
          event_failed{db, "UPDATE events SET attempts = attempts + 1, due = ? WHERE uuid = ?"},
          pending_events{db,
                         "SELECT uuid, type, data, attempts, due FROM events WHERE due IS NOT NULL ORDER BY due, id "
                         "LIMIT ?"} {}

    statement begin;
    statement commit;
    statement rollback;
    statement insert_posting;
    statement update_account;
    statement insert_account;
    statement insert_asset;
    statement insert_peer;
    statement update_peer;
    statement insert_transfer;
    statement end_transfer;
    statement find_transfer;
    statement insert_event;
    statement event_delivered;
    statement event_failed;
    statement pending_events;
};

/// Makes a value of what `work` throws.
template <class Work>
auto attempt(std::string_view path, std::string_view purpose, Work work)
    -> std::expected<decltype(work()), store_error> {
    try {
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            return {};
        } else {
            return work();
        }
    } catch (const failure& failure) {
        return std::unexpected{
            store_error{fmt::format("sqlite:{}: cannot {}: {}", path, purpose, failure.message), failure.final}};
    }
}

class sqlite_store final : public store {
public:
    sqlite_store(const std::string& path, const std::string& real_path, lock_file lock)
        : path_{path}, lock_{std::move(lock)}, connection_{real_path, SQLITE_OPEN_READWRITE} {
        // SQLite opens what it may not write for reading alone, and says nothing; it stays so until it is opened anew.
        if (sqlite3_db_readonly(connection_.handle(), "main") == 1) throw failure{"the file is read-only"};
        configure(connection_);
        migrate(connection_);
        statements_.emplace(connection_);
    }

    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override;
    std::expected<std::vector<pending_event>, store_error> load_pending_events(std::size_t limit) override;
    std::expected<std::uint64_t, store_error> count_pending_events() override;

private:
    void roll_back() noexcept {
        // SQLite has already rolled back after some errors; and where it cannot, the next BEGIN fails and says so.
        if (sqlite3_get_autocommit(connection_.handle()) != 0) return;
        try {
            statements_->rollback.run();
        } catch (const failure&) {
        }
    }

    void write(const changes& changes);
    void write_catalogue(const changes& changes, std::int64_t now);
    void write_transfers(const changes& changes, std::int64_t now);
    void write_events(const changes& changes, std::int64_t now);
    void must_have_changed_one_row(std::string_view what) const;

    std::string path_;  // as the operator wrote it
    lock_file lock_;    // outlives the connection
    connection connection_;
    std::optional<statements> statements_;
};

std::uint32_t id_of(std::int64_t value, std::string_view table) {
    if (value < 1 || value > std::numeric_limits<std::uint32_t>::max()) {
        throw failure{fmt::format("id {} in table {} is out of range", value, table)};
    }
    return static_cast<std::uint32_t>(value);
}

/// Reads id, debits_posted and credits_posted from three columns.
account_record read_account(const statement& row, int column, account_kind kind, std::string_view owner) {
    const auto refuse = [&](std::string_view what) -> failure {
        return {fmt::format("the {} account of {} {}: restore a backup", to_text(kind), owner, what)};
    };
    const std::int64_t id = row.integer(column);
    if (id == 0) throw refuse("is missing");
    const std::optional<wide_amount> debits = parse_wide_amount(row.text(column + 1));
    const std::optional<wide_amount> credits = parse_wide_amount(row.text(column + 2));
    if (!debits || !credits) throw refuse(fmt::format("(id {}) has totals that are no amounts", id));
    return {account_id{id_of(id, "accounts")}, kind, {*debits, *credits}};
}

ilp::amount amount_of(std::string_view text, std::string_view owner) {
    const std::optional<wide_amount> amount = parse_wide_amount(text);
    if (!amount || *amount > ilp::amount::max().value) {
        throw failure{fmt::format("transfer {} has an amount that is none: restore a backup", owner)};
    }
    return {static_cast<std::uint64_t>(*amount)};
}

/// Reads the columns of statements::find_transfer.
transfer_record read_transfer(const statement& row) {
    transfer_record transfer;
    transfer.uuid = row.text(0);
    transfer.kind = row.text(1) == "deposit" ? transfer_kind::deposit : transfer_kind::withdrawal;
    transfer.state = state_of(row.text(2));
    transfer.debit = account_id{id_of(row.integer(3), "transfers")};
    transfer.credit = account_id{id_of(row.integer(4), "transfers")};
    transfer.amount = amount_of(row.text(5), transfer.uuid);
    if (!row.is_null(6)) transfer.expires_at = from_ms(row.integer(6));
    return transfer;
}

/// Calls asset(record) for each asset, then peer(record) for each peer, both by id.
template <class Asset, class Peer>
void read_accounts(connection& db, Asset asset_read, Peer peer_read) {
    statement assets{db,
                     "SELECT a.id, a.uuid, a.code, a.scale, l.id, l.debits_posted, l.credits_posted, s.id, "
                     "s.debits_posted, s.credits_posted FROM assets a "
                     "LEFT JOIN accounts l ON l.asset_id = a.id AND l.kind = 'asset_liquidity' "
                     "LEFT JOIN accounts s ON s.asset_id = a.id AND s.kind = 'settlement' ORDER BY a.id"};
    std::uint64_t expected = 0;
    assets.for_each([&] {
        asset_record asset;
        asset.id = id_of(assets.integer(0), "assets");
        asset.uuid = assets.text(1);
        asset.code = assets.text(2);
        asset.scale = static_cast<std::uint8_t>(assets.integer(3));
        const std::string owner = fmt::format("asset {}/{}", asset.code, asset.scale);
        asset.liquidity = read_account(assets, 4, account_kind::asset_liquidity, owner);
        asset.settlement = read_account(assets, 7, account_kind::settlement, owner);
        asset_read(std::move(asset));
        expected += 2;
    });
    statement peers{db,
                    "SELECT p.id, p.uuid, p.name, p.ilp_address, p.asset_id, a.id, a.debits_posted, "
                    "a.credits_posted FROM peers p LEFT JOIN accounts a ON a.id = p.account_id AND "
                    "a.asset_id = p.asset_id AND a.kind = 'peer_liquidity' ORDER BY p.id"};
    peers.for_each([&] {
        peer_record peer;
        peer.id = id_of(peers.integer(0), "peers");
        peer.uuid = peers.text(1);
        peer.name = peers.text(2);
        peer.ilp_address = peers.text(3);
        peer.asset_id = id_of(peers.integer(4), "assets");
        peer.liquidity = read_account(peers, 5, account_kind::peer_liquidity, "peer " + peer.name);
        peer_read(std::move(peer));
        expected += 1;
    });
    if (static_cast<std::uint64_t>(single_integer(db, "SELECT count(*) FROM accounts")) != expected) {
        throw failure{"there are accounts that belong to no asset and no peer: restore a backup"};
    }
}

std::expected<catalogue, store_error> sqlite_store::load() {
    return attempt(path_, "load the accounts", [this] {
        catalogue loaded;
        read_accounts(
            connection_, [&](asset_record asset) { loaded.assets.push_back(std::move(asset)); },
            [&](peer_record peer) { loaded.peers.push_back(std::move(peer)); });
        statement pending{connection_,
                          "SELECT uuid, kind, state, debit_account, credit_account, amount, expires_at FROM transfers "
                          "WHERE state = 'pending' ORDER BY id"};
        pending.for_each([&] { loaded.pending_withdrawals.push_back(read_transfer(pending)); });
        return loaded;
    });
}

std::expected<std::optional<transfer_record>, store_error> sqlite_store::find_transfer(std::string_view uuid) {
    return attempt(path_, "look up a transfer", [&] {
        std::optional<transfer_record> found;
        statements_->find_transfer.for_each([&] { found = read_transfer(statements_->find_transfer); }, uuid);
        return found;
    });
}

std::expected<std::vector<pending_event>, store_error> sqlite_store::load_pending_events(std::size_t limit) {
    return attempt(path_, "load events", [&] {
        std::vector<pending_event> events;
        const statement& row = statements_->pending_events;
        statements_->pending_events.for_each(
            [&] {
                events.push_back({{std::string{row.text(0)}, std::string{row.text(1)}, std::string{row.text(2)}},
                                  static_cast<std::uint32_t>(row.integer(3)),
                                  from_ms(row.integer(4))});
            },
            static_cast<std::int64_t>(limit));
        return events;
    });
}

std::expected<std::uint64_t, store_error> sqlite_store::count_pending_events() {
    return attempt(path_, "count events", [this] {
        return static_cast<std::uint64_t>(
            single_integer(connection_, "SELECT count(*) FROM events WHERE due IS NOT NULL"));
    });
}

void sqlite_store::must_have_changed_one_row(std::string_view what) const {
    if (sqlite3_changes(connection_.handle()) != 1) throw failure{fmt::format("{} is not in the database", what), true};
}

std::expected<void, store_error> sqlite_store::commit(const changes& changes) {
    auto written = attempt(path_, "write", [&] { write(changes); });
    if (!written) roll_back();
    return written;
}

/// All of it becomes durable, or nothing: what failed before COMMIT succeeded is rolled back, and written anew.
void sqlite_store::write(const changes& changes) {
    statements_->begin.run();
    const std::int64_t now = now_ms();
    write_catalogue(changes, now);
    write_transfers(changes, now);
    for (const account_change& account : changes.accounts) {
        wide_amount_buffer debits;
        wide_amount_buffer credits;
        statements_->update_account.run(to_text(account.after.debits_posted, debits),
                                        to_text(account.after.credits_posted, credits), account.id);
        must_have_changed_one_row("an account");
    }
    write_events(changes, now);
    statements_->commit.run();
}

void sqlite_store::write_catalogue(const changes& changes, std::int64_t now) {
    const auto insert_account = [&](const account_record& account, std::uint32_t asset) {
        statements_->insert_account.run(account.id, std::int64_t{asset}, to_text(account.kind));
    };
    for (const asset_record& asset : changes.new_assets) {
        statements_->insert_asset.run(std::int64_t{asset.id}, std::string_view{asset.uuid},
                                      std::string_view{asset.code}, std::int64_t{asset.scale}, now);
        insert_account(asset.liquidity, asset.id);
        insert_account(asset.settlement, asset.id);
    }
    for (const peer_change& change : changes.changed_peers) {
        statements_->update_peer.run(std::string_view{change.name}, std::string_view{change.ilp_address},
                                     std::int64_t{change.id});
        must_have_changed_one_row("peer " + change.name);
    }
    for (const peer_record& peer : changes.new_peers) {
        insert_account(peer.liquidity, peer.asset_id);
        statements_->insert_peer.run(std::int64_t{peer.id}, std::string_view{peer.uuid}, std::string_view{peer.name},
                                     std::string_view{peer.ilp_address}, std::int64_t{peer.asset_id}, peer.liquidity.id,
                                     now);
    }
}

void sqlite_store::write_transfers(const changes& changes, std::int64_t now) {
    wide_amount_buffer digits;
    for (const posting& posting : changes.postings) {
        statements_->insert_posting.run(posting.debit->id, posting.credit->id, to_text(posting.amount, digits),
                                        static_cast<std::int64_t>(posting.packets), now);
    }
    for (const transfer_record& transfer : changes.new_transfers) {
        statements_->insert_transfer.run(std::string_view{transfer.uuid}, to_text(transfer.kind),
                                         to_text(transfer.state), transfer.debit, transfer.credit,
                                         to_text(transfer.amount.value, digits), now, transfer.expires_at);
    }
    for (const transfer_record& transfer : changes.ended_transfers) {
        statements_->end_transfer.run(to_text(transfer.state), std::string_view{transfer.uuid});
        must_have_changed_one_row("pending withdrawal " + transfer.uuid);
    }
}

void sqlite_store::write_events(const changes& changes, std::int64_t now) {
    for (const event_record& event : changes.new_events) {
        statements_->insert_event.run(std::string_view{event.uuid}, std::string_view{event.type},
                                      std::string_view{event.data}, now, now);
    }
    for (const event_attempt& attempt : changes.event_attempts) {
        if (attempt.delivered) {
            statements_->event_delivered.run(now, std::string_view{attempt.uuid});
        } else {
            statements_->event_failed.run(attempt.due, std::string_view{attempt.uuid});
        }
        must_have_changed_one_row("event " + attempt.uuid);
    }
}

/// For read_book(): one read transaction over everything.
class reading {
public:
    explicit reading(connection& connection) : connection_{connection} { connection_.execute("BEGIN"); }
    ~reading() { sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr); }
    reading(const reading&) = delete;
    reading& operator=(const reading&) = delete;

private:
    connection& connection_;
};

void show_book(connection& db, book_visitor& visitor) {
    check_owner(db);
    const std::int64_t version = single_integer(db, "PRAGMA user_version");
    if (version != schema_version) {
        throw failure{fmt::format("the database has schema version {}, this ilpd reads {}", version, schema_version)};
    }
    const reading transaction{db};
    std::unordered_map<std::uint32_t, std::string> names;
    read_accounts(
        db,
        [&](const asset_record& asset) {
            const std::string& name =
                names.emplace(asset.id, fmt::format("{}/{}", asset.code, asset.scale)).first->second;
            visitor.account(asset.liquidity, "liquidity of asset " + name, name);
            visitor.account(asset.settlement, "settlement of asset " + name, name);
        },
        [&](const peer_record& peer) {
            visitor.account(peer.liquidity, "liquidity of peer " + peer.name, names[peer.asset_id]);
        });
    statement transfers{db, "SELECT debit_account, credit_account, amount, state, id FROM transfers ORDER BY id"};
    transfers.for_each([&] {
        const auto amount = parse_wide_amount(transfers.text(2));
        if (!amount) throw failure{fmt::format("transfer {} has an amount that is none", transfers.integer(4))};
        visitor.transfer(account_id{id_of(transfers.integer(0), "transfers")},
                         account_id{id_of(transfers.integer(1), "transfers")}, *amount, state_of(transfers.text(3)));
    });
}

/// Makes an empty file that only its owner can read; SQLite gives its side files the same mode.
void create_if_absent(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) {
        ::close(descriptor);
    } else if (errno != EEXIST) {
        throw failure{fmt::format("cannot create the file: {}", std::generic_category().message(errno))};
    }
}

}  // namespace

std::expected<std::unique_ptr<store>, store_error> open_sqlite_store(const std::string& path) {
    const auto refuse = [&path](const std::string& why) {
        return std::unexpected{store_error{fmt::format("sqlite:{}: {}", path, why)}};
    };
    // Two names of one file must meet at one lock.
    std::error_code error;
    const std::filesystem::path real_path =
        std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
    if (error) return refuse(error.message());
    if (std::filesystem::is_directory(real_path, error)) return refuse("it is a directory, not a database file");
    auto lock = lock_file::acquire(real_path.string() + ".lock");
    if (!lock) return refuse(lock.error());
    try {
        create_if_absent(real_path.string());
        return std::make_unique<sqlite_store>(path, real_path.string(), std::move(*lock));
    } catch (const failure& failure) {
        return refuse("cannot open: " + failure.message);
    }
}

std::expected<void, store_error> read_sqlite_book(const std::string& path, book_visitor& visitor) {
    return attempt(path, "read", [&] {
        connection connection{path, SQLITE_OPEN_READONLY};
        show_book(connection, visitor);
    });
}

}  // namespace peering
