#include "peering/store_sqlite.hpp"

#include "peering/lock_file.hpp"
#include "peering/uuid.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <limits>
#include <mutex>
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
};

constexpr std::int64_t schema_version = migrations.size();

/// Carries an error from where it is seen to the border of this file, where attempt() makes a value of it.
struct failure {
    std::string message;
};

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string_view kind_text(account_kind kind) noexcept {
    switch (kind) {
        case account_kind::asset_liquidity:
            return "asset_liquidity";
        case account_kind::settlement:
            return "settlement";
        case account_kind::peer_liquidity:
            return "peer_liquidity";
    }
    std::unreachable();
}

/// One SQLite connection; closed when destroyed.
class connection {
public:
    explicit connection(const std::string& path) {
        const int result =
            sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
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
        throw failure{fmt::format("{} (SQLite code {})", sqlite3_errmsg(handle_), sqlite3_extended_errcode(handle_))};
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
            const failure seen{fmt::format("{} (SQLite code {})", sqlite3_errmsg(connection_.handle()), result)};
            sqlite3_reset(handle_);
            throw seen;
        }
        sqlite3_reset(handle_);
    }

    /// Calls `row` for each row; it reads the columns with integer() and text().
    template <class Row>
    void for_each(Row row) {
        const struct resetter {
            sqlite3_stmt* handle;
            ~resetter() { sqlite3_reset(handle); }
        } at_end{handle_};
        int result = SQLITE_OK;
        while ((result = sqlite3_step(handle_)) == SQLITE_ROW) row();
        if (result != SQLITE_DONE) connection_.throw_error();
    }

    std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }

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

    connection& connection_;
    sqlite3_stmt* handle_ = nullptr;
};

std::int64_t single_integer(connection& connection, std::string_view sql) {
    statement query{connection, sql};
    std::int64_t value = 0;
    query.for_each([&] { value = query.integer(0); });
    return value;
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
          insert_transfer{db,
                          "INSERT INTO transfers (uuid, debit_account, credit_account, amount, packets, created_at) "
                          "VALUES (?, ?, ?, ?, ?, ?)"},
          update_account{db, "UPDATE accounts SET debits_posted = ?, credits_posted = ? WHERE id = ?"},
          insert_account{db,
                         "INSERT INTO accounts (asset_id, kind, debits_posted, credits_posted) VALUES (?, ?, ?, ?)"},
          insert_asset{db, "INSERT INTO assets (uuid, code, scale, created_at) VALUES (?, ?, ?, ?)"},
          insert_peer{db,
                      "INSERT INTO peers (uuid, name, ilp_address, asset_id, account_id, created_at) "
                      "VALUES (?, ?, ?, ?, ?, ?)"},
          update_peer{db, "UPDATE peers SET name = ?, ilp_address = ? WHERE id = ?"} {}

    statement begin;
    statement commit;
    statement rollback;
    statement insert_transfer;
    statement update_account;
    statement insert_account;
    statement insert_asset;
    statement insert_peer;
    statement update_peer;
};

class sqlite_store final : public store {
public:
    sqlite_store(const std::string& path, const std::string& real_path, lock_file lock)
        : path_{path}, lock_{std::move(lock)}, connection_{real_path} {
        configure(connection_);
        migrate(connection_);
        statements_.emplace(connection_);
    }

    std::expected<catalogue, store_error> load() override;
    std::expected<asset_record, store_error> add_asset(const std::string& code, std::uint8_t scale,
                                                       ilp::amount liquidity) override;
    std::expected<std::vector<peer_record>, store_error> add_peers(std::span<const new_peer> peers) override;
    std::expected<void, store_error> change_peers(std::span<const peer_change> changes) override;
    std::expected<void, store_error> commit(std::span<const posting> postings,
                                            std::span<const account_record> totals) override;

private:
    /// Runs `work` in one transaction: all of it becomes durable, or nothing.
    template <class Work>
    auto attempt(std::string_view purpose, Work work) -> std::expected<decltype(work()), store_error> {
        const std::lock_guard lock{mutex_};
        try {
            statements_->begin.run();
            if constexpr (std::is_void_v<decltype(work())>) {
                work();
                statements_->commit.run();
                return {};
            } else {
                auto result = work();
                statements_->commit.run();
                return result;
            }
        } catch (const failure& failure) {
            roll_back();
            return std::unexpected{
                store_error{fmt::format("sqlite:{}: cannot {}: {}", path_, purpose, failure.message)}};
        }
    }

    void roll_back() noexcept {
        // SQLite has already rolled back after some errors; and where it cannot, the next BEGIN fails and says so.
        if (sqlite3_get_autocommit(connection_.handle()) != 0) return;
        try {
            statements_->rollback.run();
        } catch (const failure&) {
        }
    }

    account_record insert_account(std::uint32_t asset_id, account_kind kind, const account_totals& totals);
    void insert_deposit(account_id debit, account_id credit, ilp::amount amount);
    void update_account(account_id id, const account_totals& totals);
    std::uint32_t last_id() const;

    std::string path_;  // as the operator wrote it
    std::mutex mutex_;
    lock_file lock_;  // outlives the connection
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
        return {fmt::format("the {} account of {} {}: restore a backup", kind_text(kind), owner, what)};
    };
    const std::int64_t id = row.integer(column);
    if (id == 0) throw refuse("is missing");
    const std::optional<wide_amount> debits = parse_wide_amount(row.text(column + 1));
    const std::optional<wide_amount> credits = parse_wide_amount(row.text(column + 2));
    if (!debits || !credits) throw refuse(fmt::format("(id {}) has totals that are no amounts", id));
    return {account_id{id_of(id, "accounts")}, kind, {*debits, *credits}};
}

std::uint32_t sqlite_store::last_id() const {
    return id_of(sqlite3_last_insert_rowid(connection_.handle()), "just written");
}

account_record sqlite_store::insert_account(std::uint32_t asset_id, account_kind kind, const account_totals& totals) {
    wide_amount_buffer debits;
    wide_amount_buffer credits;
    statements_->insert_account.run(std::int64_t{asset_id}, kind_text(kind), to_text(totals.debits_posted, debits),
                                    to_text(totals.credits_posted, credits));
    return {account_id{last_id()}, kind, totals};
}

void sqlite_store::insert_deposit(account_id debit, account_id credit, ilp::amount amount) {
    if (amount.is_zero()) return;
    wide_amount_buffer digits;
    const std::string uuid = new_uuid();
    statements_->insert_transfer.run(std::string_view{uuid}, debit, credit, to_text(amount.value, digits),
                                     std::int64_t{0}, now_ms());
}

void sqlite_store::update_account(account_id id, const account_totals& totals) {
    wide_amount_buffer debits;
    wide_amount_buffer credits;
    statements_->update_account.run(to_text(totals.debits_posted, debits), to_text(totals.credits_posted, credits), id);
    if (sqlite3_changes(connection_.handle()) != 1) {
        throw failure{fmt::format("account {} is not in the database", std::to_underlying(id))};
    }
}

std::expected<catalogue, store_error> sqlite_store::load() {
    return attempt("load the accounts", [this] {
        catalogue loaded;
        statement assets{connection_,
                         "SELECT a.id, a.uuid, a.code, a.scale, l.id, l.debits_posted, l.credits_posted, s.id, "
                         "s.debits_posted, s.credits_posted FROM assets a "
                         "LEFT JOIN accounts l ON l.asset_id = a.id AND l.kind = 'asset_liquidity' "
                         "LEFT JOIN accounts s ON s.asset_id = a.id AND s.kind = 'settlement' ORDER BY a.id"};
        assets.for_each([&] {
            asset_record& asset = loaded.assets.emplace_back();
            asset.id = id_of(assets.integer(0), "assets");
            asset.uuid = assets.text(1);
            asset.code = assets.text(2);
            asset.scale = static_cast<std::uint8_t>(assets.integer(3));
            const std::string owner = fmt::format("asset {}/{}", asset.code, asset.scale);
            asset.liquidity = read_account(assets, 4, account_kind::asset_liquidity, owner);
            asset.settlement = read_account(assets, 7, account_kind::settlement, owner);
        });
        statement peers{connection_,
                        "SELECT p.id, p.uuid, p.name, p.ilp_address, p.asset_id, a.id, a.debits_posted, "
                        "a.credits_posted FROM peers p LEFT JOIN accounts a ON a.id = p.account_id AND "
                        "a.asset_id = p.asset_id AND a.kind = 'peer_liquidity' ORDER BY p.id"};
        peers.for_each([&] {
            peer_record& peer = loaded.peers.emplace_back();
            peer.id = id_of(peers.integer(0), "peers");
            peer.uuid = peers.text(1);
            peer.name = peers.text(2);
            peer.ilp_address = peers.text(3);
            peer.asset_id = id_of(peers.integer(4), "assets");
            peer.liquidity = read_account(peers, 5, account_kind::peer_liquidity, "peer " + peer.name);
        });
        const auto accounts = static_cast<std::uint64_t>(single_integer(connection_, "SELECT count(*) FROM accounts"));
        if (accounts != 2 * loaded.assets.size() + loaded.peers.size()) {
            throw failure{"there are accounts that belong to no asset and no peer: restore a backup"};
        }
        return loaded;
    });
}

std::expected<asset_record, store_error> sqlite_store::add_asset(const std::string& code, std::uint8_t scale,
                                                                 ilp::amount liquidity) {
    return attempt("add an asset", [&] {
        asset_record added;
        added.uuid = new_uuid();
        added.code = code;
        added.scale = scale;
        statements_->insert_asset.run(std::string_view{added.uuid}, std::string_view{code}, std::int64_t{scale},
                                      now_ms());
        added.id = last_id();
        added.liquidity = insert_account(added.id, account_kind::asset_liquidity, {.credits_posted = liquidity.value});
        added.settlement = insert_account(added.id, account_kind::settlement, {.debits_posted = liquidity.value});
        insert_deposit(added.settlement.id, added.liquidity.id, liquidity);
        return added;
    });
}

std::expected<std::vector<peer_record>, store_error> sqlite_store::add_peers(std::span<const new_peer> peers) {
    return attempt("add peers", [&] {
        std::vector<peer_record> records;
        records.reserve(peers.size());
        std::unordered_map<std::uint32_t, account_record> settlements;
        statement settlement_of{connection_,
                                "SELECT asset_id, id, debits_posted, credits_posted FROM accounts "
                                "WHERE kind = 'settlement'"};
        settlement_of.for_each([&] {
            settlements.emplace(id_of(settlement_of.integer(0), "assets"),
                                read_account(settlement_of, 1, account_kind::settlement, "an asset"));
        });
        for (const new_peer& peer : peers) {
            const auto settlement = settlements.find(peer.asset_id);
            if (settlement == settlements.end()) {
                throw failure{fmt::format("the asset of {} is not in the database", peer.name)};
            }
            peer_record& added = records.emplace_back();
            added.uuid = new_uuid();
            added.name = peer.name;
            added.ilp_address = peer.ilp_address;
            added.asset_id = peer.asset_id;
            added.liquidity =
                insert_account(peer.asset_id, account_kind::peer_liquidity, {.credits_posted = peer.liquidity.value});
            statements_->insert_peer.run(std::string_view{added.uuid}, std::string_view{added.name},
                                         std::string_view{added.ilp_address}, std::int64_t{added.asset_id},
                                         added.liquidity.id, now_ms());
            added.id = last_id();
            settlement->second.totals.debits_posted += peer.liquidity.value;
            insert_deposit(settlement->second.id, added.liquidity.id, peer.liquidity);
        }
        for (const auto& [asset, settlement] : settlements) update_account(settlement.id, settlement.totals);
        return records;
    });
}

std::expected<void, store_error> sqlite_store::change_peers(std::span<const peer_change> changes) {
    return attempt("rename peers", [&] {
        for (const peer_change& change : changes) {
            statements_->update_peer.run(std::string_view{change.name}, std::string_view{change.ilp_address},
                                         std::int64_t{change.id});
            if (sqlite3_changes(connection_.handle()) != 1) {
                throw failure{fmt::format("peer {} is not in the database", change.id)};
            }
        }
    });
}

std::expected<void, store_error> sqlite_store::commit(std::span<const posting> postings,
                                                      std::span<const account_record> totals) {
    return attempt("write transfers", [&] {
        const std::int64_t now = now_ms();
        wide_amount_buffer digits;
        for (const posting& posting : postings) {
            statements_->insert_transfer.run(nullptr, posting.debit->id, posting.credit->id,
                                             to_text(posting.amount, digits),
                                             static_cast<std::int64_t>(posting.packets), now);
        }
        for (const account_record& account : totals) update_account(account.id, account.totals);
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

}  // namespace peering
