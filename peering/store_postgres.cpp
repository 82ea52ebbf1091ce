#include "peering/store_postgres.hpp"

#include "peering/postgres_connection.hpp"
#include "peering/postgres_url.hpp"
#include "peering/uuid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace peering {
namespace {

/// Pipelines and pg_terminate_backend() with a time-out.
constexpr int oldest_server = 140'000;

/// First half of the key of the advisory lock ("ilpd"); the other is the id of the schema that holds the tables, so
/// that each schema of a database can have a daemon of its own.
constexpr int lock_key = 0x696c7064;

/// How long an open waits for the lock, and how often it asks.
constexpr std::chrono::milliseconds lock_wait_max{1000};
constexpr std::chrono::milliseconds lock_pause{20};

/// Changes of a schema may rewrite a large table.
constexpr std::chrono::minutes migration_time_max{30};

/// So many commits use one plan for each statement.
constexpr std::int64_t plan_age_max = 1000;

/// What a large commit may take on top of postgres_connection::silence_max, such as the first one of 100 000 peers.
constexpr std::chrono::milliseconds time_per_row_max{1};

/// Step n makes version n+1 (ilpd_schema_version) from version n. Never changed once released: add another.
constexpr std::array migrations{
    R"sql(
CREATE TABLE ilpd_schema_version (version integer NOT NULL);
COMMENT ON TABLE ilpd_schema_version IS 'One row: which of ilpd''s migrations have run here.';
INSERT INTO ilpd_schema_version VALUES (0);

CREATE TABLE assets (
    id bigint PRIMARY KEY,
    uuid text NOT NULL UNIQUE,
    code text NOT NULL,
    scale smallint NOT NULL CHECK (scale BETWEEN 0 AND 255),
    created_at bigint NOT NULL,
    UNIQUE (code, scale)
);
COMMENT ON TABLE assets IS
    'Every time in ilpd''s tables is in milliseconds since 1970, UTC, as the protocol counts: to_timestamp(t / 1000.0).';
COMMENT ON COLUMN assets.scale IS 'An amount of 1 is 10^-scale units of the asset.';

-- Room for new versions of a row beside the old one: totals change all the time, and are in no index.
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    asset_id bigint NOT NULL REFERENCES assets (id),
    kind text NOT NULL CHECK (kind IN ('asset_liquidity', 'settlement', 'peer_liquidity')),
    debits_posted numeric(39, 0) NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_posted numeric(39, 0) NOT NULL DEFAULT 0 CHECK (credits_posted >= 0)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX accounts_of_asset ON accounts (asset_id, kind) WHERE kind <> 'peer_liquidity';
COMMENT ON TABLE accounts IS
    'Balance: credits_posted - debits_posted. The balances of one asset''s accounts add up to zero.';
COMMENT ON COLUMN accounts.debits_posted IS
    'Sum of the posted transfers that name this account as debit_account. Never falls; up to 2^128-1.';
COMMENT ON COLUMN accounts.credits_posted IS
    'Sum of the posted transfers that name this account as credit_account. Never falls; up to 2^128-1.';

CREATE TABLE peers (
    id bigint PRIMARY KEY,
    uuid text NOT NULL UNIQUE,
    name text NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED,
    ilp_address text NOT NULL,
    asset_id bigint NOT NULL REFERENCES assets (id),
    account_id bigint NOT NULL UNIQUE REFERENCES accounts (id),
    created_at bigint NOT NULL
);
COMMENT ON COLUMN peers.account_id IS 'What the peer can still send through us is the balance of this account.';

CREATE TABLE transfers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid text,
    kind text CHECK (kind IN ('deposit', 'withdrawal')),
    state text NOT NULL DEFAULT 'posted' CHECK (state IN ('pending', 'posted', 'voided', 'expired')),
    debit_account bigint NOT NULL,
    credit_account bigint NOT NULL,
    amount numeric(39, 0) NOT NULL CHECK (amount >= 0),
    packets bigint NOT NULL DEFAULT 0 CHECK (packets >= 0),
    created_at bigint NOT NULL,
    expires_at bigint
);
-- Both hold few rows: a commit of packets costs the same however long the history is.
CREATE UNIQUE INDEX transfers_by_uuid ON transfers (uuid) WHERE uuid IS NOT NULL;
CREATE INDEX transfers_pending ON transfers (id) WHERE state = 'pending';
COMMENT ON TABLE transfers IS
    'Everything that was ever posted, in order. Packets of one commit are summed up per pair of accounts.';
COMMENT ON COLUMN transfers.uuid IS 'Of a deposit or withdrawal; null for packets.';
COMMENT ON COLUMN transfers.kind IS 'Null for packets.';
COMMENT ON COLUMN transfers.state IS 'Only what is posted is in the totals of the accounts.';
COMMENT ON COLUMN transfers.debit_account IS 'An id of accounts: it pays. Each commit checks that the account is there.';
COMMENT ON COLUMN transfers.credit_account IS 'An id of accounts: it receives.';
COMMENT ON COLUMN transfers.packets IS 'How many are in the amount; 0 for a deposit or withdrawal.';
COMMENT ON COLUMN transfers.expires_at IS 'Of a withdrawal in two phases.';

CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid text NOT NULL UNIQUE,
    type text NOT NULL,
    data text NOT NULL,
    created_at bigint NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    due bigint,
    delivered_at bigint
);
CREATE INDEX events_due ON events (due, id) WHERE due IS NOT NULL;
COMMENT ON TABLE events IS 'What the operator is told by webhook.';
COMMENT ON COLUMN events.data IS 'A JSON object, octet for octet as it is sent and signed.';
COMMENT ON COLUMN events.attempts IS 'How many failed.';
COMMENT ON COLUMN events.due IS 'Time of the next attempt; null: there will be none.';

CREATE TABLE ledger_state (
    last_commit bigint NOT NULL,
    writer text NOT NULL
) WITH (fillfactor = 10);
CREATE UNIQUE INDEX ledger_state_has_one_row ON ledger_state ((true));
COMMENT ON COLUMN ledger_state.last_commit IS
    'Number of the last transaction: tells a daemon whether one that it got no answer to was written.';
COMMENT ON COLUMN ledger_state.writer IS 'Which run of a daemon wrote it.';
INSERT INTO ledger_state VALUES (0, '');
)sql",
};

constexpr std::int64_t schema_version = migrations.size();

constexpr const char* table_names = "{assets,accounts,peers,transfers,events,ledger_state}";

/// A commit may return only when it is durable, whatever the server's default is, and also when that changes later. How
/// long things may take is decided on our side, except for locks of other programs: there the server says what it waits
/// for. The keep-alives let the server notice that we are gone, and give the lock to a daemon elsewhere.
constexpr const char* session_settings = R"sql(
SELECT set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                  ELSE current_setting('synchronous_commit') END, false),
       set_config('statement_timeout', '0', false),
       set_config('lock_timeout', '4s', false),
       set_config('idle_session_timeout', '0', false),
       set_config('idle_in_transaction_session_timeout', '0', false),
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('tcp_keepalives_idle', '10', false),
       set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false);
SELECT pg_backend_pid(), extract(epoch FROM backend_start)
FROM pg_stat_activity WHERE pid = pg_backend_pid()
)sql";

struct named_statement {
    const char* name;
    const char* sql;
    const char* missing = nullptr;  ///< what is not there when the statement divides by zero
};

// A statement that must find every row it names divides by zero when it did not: so the server itself stops, with
// COMMIT already on its way. Arrays carry any number of rows in one statement.
constexpr named_statement begin_commit{"begin_commit", "BEGIN ISOLATION LEVEL READ COMMITTED"};
constexpr named_statement insert_assets{
    "insert_assets",
    "INSERT INTO assets (id, uuid, code, scale, created_at) "
    "SELECT *, $5::bigint FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[])"};
constexpr named_statement insert_accounts{"insert_accounts",
                                          "INSERT INTO accounts (id, asset_id, kind) "
                                          "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])"};
constexpr named_statement update_peers{
    "update_peers",
    "WITH changed AS (UPDATE peers p SET name = c.name, ilp_address = c.ilp_address "
    "FROM unnest($1::bigint[], $2::text[], $3::text[]) AS c (id, name, ilp_address) WHERE p.id = c.id RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "a peer"};
constexpr named_statement insert_peers{
    "insert_peers",
    "INSERT INTO peers (id, uuid, name, ilp_address, asset_id, account_id, created_at) SELECT *, $7::bigint "
    "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])"};
// A plan made while a table was small reads all of it, which is wrong when it has grown.
constexpr named_statement discard_plans{"discard_plans", "DISCARD PLANS"};
constexpr named_statement insert_postings{
    "insert_postings",
    "INSERT INTO transfers (debit_account, credit_account, amount, packets, created_at) "
    "SELECT *, $5::bigint FROM unnest($1::bigint[], $2::bigint[], $3::numeric[], $4::bigint[])"};
constexpr named_statement insert_transfers{
    "insert_transfers",
    "INSERT INTO transfers (uuid, kind, state, debit_account, credit_account, amount, expires_at, created_at) "
    "SELECT *, $8::bigint "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::numeric[], $7::bigint[])"};
constexpr named_statement end_transfers{
    "end_transfers",
    "WITH changed AS (UPDATE transfers t SET state = c.state FROM unnest($1::text[], $2::text[]) AS c (uuid, state) "
    "WHERE t.uuid = c.uuid AND t.state = 'pending' RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "a pending withdrawal"};
constexpr named_statement update_accounts{
    "update_accounts",
    "WITH changed AS (UPDATE accounts a SET debits_posted = c.debits, credits_posted = c.credits "
    "FROM unnest($1::bigint[], $2::numeric[], $3::numeric[]) AS c (id, debits, credits) WHERE a.id = c.id RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "an account"};
constexpr named_statement insert_events{
    "insert_events",
    "INSERT INTO events (uuid, type, data, created_at, due) "
    "SELECT *, $4::bigint, $4::bigint FROM unnest($1::text[], $2::text[], $3::text[])"};
constexpr named_statement event_delivered{
    "event_delivered",
    "WITH changed AS (UPDATE events SET delivered_at = $2::bigint, due = NULL WHERE uuid = $1 RETURNING 1) "
    "SELECT 1 / count(*) FROM changed",
    "an event"};
constexpr named_statement event_failed{
    "event_failed",
    "WITH changed AS (UPDATE events SET attempts = attempts + 1, due = $2::bigint WHERE uuid = $1 RETURNING 1) "
    "SELECT 1 / count(*) FROM changed",
    "an event"};
constexpr named_statement count_commit{
    "count_commit",
    "WITH changed AS (UPDATE ledger_state SET last_commit = $1::bigint + 1, writer = $2 WHERE last_commit = $1::bigint "
    "RETURNING 1) SELECT 1 / count(*) FROM changed"};
constexpr named_statement end_commit{"end_commit", "COMMIT"};

constexpr std::array all_statements{&begin_commit,  &insert_assets,   &insert_accounts, &update_peers,
                                    &insert_peers,  &discard_plans,   &insert_postings, &insert_transfers,
                                    &end_transfers, &update_accounts, &insert_events,   &event_delivered,
                                    &event_failed,  &count_commit,    &end_commit};

/// Errors that say something about what was asked, not about the server: there trying again cannot help. Not so when a
/// right was taken from us.
bool is_final(std::string_view sqlstate) noexcept {
    constexpr std::array<std::string_view, 7> classes{"0A", "21", "22", "23", "42", "44", "54"};
    return sqlstate != "42501" && std::ranges::find(classes, sqlstate.substr(0, 2)) != classes.end();
}

constexpr std::string_view division_by_zero = "22012";
constexpr std::string_view read_only_transaction = "25006";

/// The book on the server is not the one that this daemon knows: it must not write any more.
struct fenced {
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

constexpr std::array<std::string_view, 4> state_texts{"pending", "posted", "voided", "expired"};

std::string_view state_text(transfer_state state) noexcept {
    return state_texts[static_cast<std::size_t>(state)];
}

transfer_state parse_state(std::string_view text) {
    const auto found = std::ranges::find(state_texts, text);
    if (found == state_texts.end()) throw postgres_failure{fmt::format("a transfer has the unknown state '{}'", text)};
    return static_cast<transfer_state>(found - state_texts.begin());
}

std::string_view transfer_kind_text(transfer_kind kind) noexcept {
    return kind == transfer_kind::deposit ? "deposit" : "withdrawal";
}

/// The text form of an array parameter.
class array_text {
public:
    void add(wide_amount number) {
        wide_amount_buffer buffer;
        next() += to_text(number, buffer);
    }
    void add(account_id id) { add(wide_amount{std::to_underlying(id)}); }
    void add(const std::optional<ilp::timestamp>& time) {
        if (time) {
            fmt::format_to(std::back_inserter(next()), "{}", time->time_since_epoch().count());
        } else {
            next() += "NULL";
        }
    }
    void add(std::string_view text) {
        if (text.contains('\0')) throw postgres_failure{"a text holds a NUL character", "22021"};
        next() += '"';
        for (const char c : text) {
            if (c == '"' || c == '\\') text_ += '\\';
            text_ += c;
        }
        text_ += '"';
    }

    /// Valid until the next change.
    const char* finish() {
        text_ += '}';
        return text_.c_str();
    }

private:
    std::string& next() {
        if (text_.size() > 1) text_ += ',';
        return text_;
    }

    std::string text_ = "{";
};

std::uint32_t id_of(std::int64_t value, std::string_view table) {
    if (value < 1 || value > std::numeric_limits<std::uint32_t>::max()) {
        throw postgres_failure{fmt::format("id {} in table {} is out of range", value, table)};
    }
    return static_cast<std::uint32_t>(value);
}

/// Reads id, debits_posted and credits_posted from three columns.
account_record read_account(const postgres_result& result, int row, int column, account_kind kind,
                            std::string_view owner) {
    const auto refuse = [&](std::string_view what) -> postgres_failure {
        return {fmt::format("the {} account of {} {}: restore a backup", kind_text(kind), owner, what)};
    };
    if (result.is_null(row, column)) throw refuse("is missing");
    const std::int64_t id = result.integer(row, column);
    const std::optional<wide_amount> debits = parse_wide_amount(result.text(row, column + 1));
    const std::optional<wide_amount> credits = parse_wide_amount(result.text(row, column + 2));
    if (!debits || !credits) throw refuse(fmt::format("(id {}) has totals that are no amounts", id));
    return {account_id{id_of(id, "accounts")}, kind, {*debits, *credits}};
}

constexpr const char* transfer_columns = "uuid, kind, state, debit_account, credit_account, amount, expires_at";

transfer_record read_transfer(const postgres_result& result, int row) {
    transfer_record transfer;
    transfer.uuid = result.text(row, 0);
    transfer.kind = result.text(row, 1) == "deposit" ? transfer_kind::deposit : transfer_kind::withdrawal;
    transfer.state = parse_state(result.text(row, 2));
    transfer.debit = account_id{id_of(result.integer(row, 3), "transfers")};
    transfer.credit = account_id{id_of(result.integer(row, 4), "transfers")};
    const std::optional<wide_amount> amount = parse_wide_amount(result.text(row, 5));
    if (!amount || *amount > ilp::amount::max().value) {
        throw postgres_failure{fmt::format("transfer {} has an amount that is none: restore a backup", transfer.uuid)};
    }
    transfer.amount = {static_cast<std::uint64_t>(*amount)};
    if (!result.is_null(row, 6)) {
        transfer.expires_at = ilp::timestamp{std::chrono::milliseconds{result.integer(row, 6)}};
    }
    return transfer;
}

/// Runs `sql` behind a cursor, and shows its rows in portions: each_row(result, row). Inside a transaction.
template <class EachRow>
void for_each_row(postgres_connection& session, std::string_view sql, EachRow each_row) {
    constexpr int portion = 10'000;
    session.run(fmt::format("DECLARE portions NO SCROLL CURSOR FOR {}", sql));
    for (;;) {
        const postgres_result rows = session.run(fmt::format("FETCH {} FROM portions", portion));
        for (int row = 0; row < rows.rows(); ++row) each_row(rows, row);
        if (rows.rows() < portion) break;
    }
    session.run("CLOSE portions");
}

/// Calls asset(record) for each asset, then peer(record) for each peer, both by id. Inside a transaction.
template <class Asset, class Peer>
void read_accounts(postgres_connection& session, Asset asset_read, Peer peer_read) {
    std::int64_t expected = 0;
    for_each_row(session,
                 "SELECT a.id, a.uuid, a.code, a.scale, l.id, l.debits_posted, l.credits_posted, s.id, "
                 "s.debits_posted, s.credits_posted FROM assets a "
                 "LEFT JOIN accounts l ON l.asset_id = a.id AND l.kind = 'asset_liquidity' "
                 "LEFT JOIN accounts s ON s.asset_id = a.id AND s.kind = 'settlement' ORDER BY a.id",
                 [&](const postgres_result& rows, int row) {
                     asset_record asset;
                     asset.id = id_of(rows.integer(row, 0), "assets");
                     asset.uuid = rows.text(row, 1);
                     asset.code = rows.text(row, 2);
                     asset.scale = static_cast<std::uint8_t>(rows.integer(row, 3));
                     const std::string owner = fmt::format("asset {}/{}", asset.code, asset.scale);
                     asset.liquidity = read_account(rows, row, 4, account_kind::asset_liquidity, owner);
                     asset.settlement = read_account(rows, row, 7, account_kind::settlement, owner);
                     asset_read(std::move(asset));
                     expected += 2;
                 });
    for_each_row(session,
                 "SELECT p.id, p.uuid, p.name, p.ilp_address, p.asset_id, a.id, a.debits_posted, a.credits_posted "
                 "FROM peers p LEFT JOIN accounts a ON a.id = p.account_id AND a.asset_id = p.asset_id AND "
                 "a.kind = 'peer_liquidity' ORDER BY p.id",
                 [&](const postgres_result& rows, int row) {
                     peer_record peer;
                     peer.id = id_of(rows.integer(row, 0), "peers");
                     peer.uuid = rows.text(row, 1);
                     peer.name = rows.text(row, 2);
                     peer.ilp_address = rows.text(row, 3);
                     peer.asset_id = id_of(rows.integer(row, 4), "assets");
                     peer.liquidity = read_account(rows, row, 5, account_kind::peer_liquidity, "peer " + peer.name);
                     peer_read(std::move(peer));
                     expected += 1;
                 });
    if (session.run("SELECT count(*) FROM accounts").integer(0, 0) != expected) {
        throw postgres_failure{"there are accounts that belong to no asset and no peer: restore a backup"};
    }
}

/// Empty: there are no tables of ilpd.
std::optional<std::int64_t> version_of(postgres_connection& session) {
    if (session.run("SELECT to_regclass('ilpd_schema_version') IS NULL").boolean(0, 0)) return std::nullopt;
    const postgres_result version = session.run("SELECT version FROM ilpd_schema_version");
    if (version.rows() != 1) throw postgres_failure{"the table ilpd_schema_version is damaged: restore a backup"};
    return version.integer(0, 0);
}

void migrate(postgres_connection& session) {
    const std::optional<std::int64_t> known = version_of(session);
    if (!known) {
        const postgres_result others = session.query(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND relname = ANY ($1::text[]) LIMIT 1",
            {table_names});
        if (others.rows() > 0) {
            throw postgres_failure{
                fmt::format("the database holds another application's table '{}': give ilpd a "
                            "database or schema of its own",
                            others.text(0, 0))};
        }
    }
    const std::int64_t version = known.value_or(0);
    if (version > schema_version) {
        throw postgres_failure{fmt::format(
            "the database was written by a newer ilpd (schema version {}, this one knows up to {}): install that one",
            version, schema_version)};
    }
    if (version < 0) throw postgres_failure{fmt::format("the schema version {} is none of ilpd's", version)};
    for (std::int64_t step = version; step < schema_version; ++step) {
        // An error leaves the transaction open; the connection is closed then, which rolls it back.
        session.run("BEGIN");
        session.run(migrations[static_cast<std::size_t>(step)], migration_time_max);
        session.run(fmt::format("UPDATE ilpd_schema_version SET version = {}", step + 1));
        session.run("COMMIT");
    }
}

void check_server(const postgres_connection& session) {
    const int version = session.server_version();
    if (version < oldest_server) {
        throw postgres_failure{fmt::format("the server is PostgreSQL {}: ilpd needs {} or newer", version / 10'000,
                                           oldest_server / 10'000)};
    }
}

class postgres_store final : public store {
public:
    explicit postgres_store(postgres_url url) : url_{std::move(url)} { session_.emplace(open_session()); }

    std::expected<catalogue, store_error> load() override;
    std::expected<void, store_error> commit(const changes& changes) override;
    std::expected<void, store_error> ping() override;
    std::expected<std::optional<transfer_record>, store_error> find_transfer(std::string_view uuid) override;
    std::expected<std::vector<pending_event>, store_error> load_pending_events(std::size_t limit) override;
    std::expected<std::uint64_t, store_error> count_pending_events() override;

private:
    /// One state of the book. A counter alone would not do: two daemons can count to the same number.
    struct position {
        std::int64_t last_commit = 0;
        std::string writer;
        friend bool operator==(const position&, const position&) = default;
    };

    /// A process of the server, that of one of our sessions.
    struct server_process {
        std::string pid;
        std::string started;
    };

    /// What became of the last commit.
    enum class outcome : std::uint8_t { known, in_doubt, written_unreported };

    template <class Work>
    auto attempt(std::string_view purpose, Work work) -> std::expected<decltype(work()), store_error>;
    void recover_from(const postgres_failure& failure) noexcept;

    postgres_connection open_session();
    void take_lock(postgres_connection& session);
    void find_position(postgres_connection& session);

    void write(const changes& changes);
    void queue(const named_statement& statement, std::initializer_list<const char*> values);
    void queue_catalogue(const changes& changes, const char* now);
    void queue_transfers(const changes& changes, const char* now);
    void queue_events(const changes& changes, const char* now);

    postgres_url url_;
    std::string name_ = new_uuid();  // of this run, in ledger_state.writer
    std::optional<postgres_connection> session_;
    server_process process_;
    std::optional<position> position_;  // as we left or found it
    outcome last_outcome_ = outcome::known;
    std::string fenced_;                              // why; empty: not
    std::vector<const named_statement*> statements_;  // of the pipeline
};

/// Makes a value of what `work` throws. A lost session is opened anew here, once per call: who calls again makes
/// pauses.
template <class Work>
auto postgres_store::attempt(std::string_view purpose, Work work) -> std::expected<decltype(work()), store_error> {
    const auto refuse = [&](const std::string& why, bool is_final) {
        return std::unexpected{store_error{fmt::format("{}: cannot {}: {}", url_.printable(), purpose, why), is_final}};
    };
    try {
        if (!fenced_.empty()) throw fenced{fenced_};
        if (!session_) session_.emplace(open_session());
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            return {};
        } else {
            return work();
        }
    } catch (const postgres_failure& failure) {
        recover_from(failure);
        return refuse(failure.message, is_final(failure.sqlstate));
    } catch (const fenced& fenced) {
        session_.reset();
        fenced_ = fenced.message;
        return refuse(fenced.message, true);
    }
}

/// Keeps the session when it is good for another try: with it goes the lock.
void postgres_store::recover_from(const postgres_failure& failure) noexcept {
    if (!session_) return;
    try {
        // A server that has become read-only may be one that another has taken over from: look for that.
        const bool is_usable = !failure.sqlstate.empty() && failure.sqlstate != read_only_transaction;
        if (is_usable && session_->is_in_transaction()) session_->run("ROLLBACK");
        if (is_usable) return;
    } catch (const postgres_failure&) {
    }
    session_.reset();
}

postgres_connection postgres_store::open_session() {
    postgres_connection session{url_};
    check_server(session);
    const postgres_result own = session.run(session_settings);
    if (own.rows() != 1) throw postgres_failure{"the server does not show us our own process"};
    take_lock(session);
    process_ = {std::string{own.text(0, 0)}, std::string{own.text(0, 1)}};
    migrate(session);
    find_position(session);
    session.start_pipeline();
    for (const named_statement* const statement : all_statements) session.prepare(statement->name, statement->sql);
    session.finish_pipeline();
    return session;
}

void postgres_store::take_lock(postgres_connection& session) {
    const auto try_to = [&session] {
        const postgres_result taken = session.run(
            fmt::format("SELECT pg_try_advisory_lock({}, space::int) FROM (SELECT coalesce("
                        "(SELECT relnamespace FROM pg_class WHERE oid = to_regclass('ilpd_schema_version')), "
                        "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())) AS space) AS found",
                        lock_key));
        if (taken.is_null(0, 0)) throw postgres_failure{"the search_path names no schema that is there"};
        return taken.boolean(0, 0);
    };
    if (try_to()) return;
    // While a session of ours lives on in the server, after we have lost it, nobody knows what becomes of its last
    // transaction. It ends before it gives the lock back.
    if (!process_.pid.empty()) {
        session.query(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE pid = $1::int AND extract(epoch FROM backend_start) = $2::numeric",
            {process_.pid.c_str(), process_.started.c_str()});
        if (try_to()) return;
    }
    // The session of a daemon that has just ended may need a moment to end, too.
    for (auto waited = lock_pause; waited <= lock_wait_max; waited += lock_pause) {
        std::this_thread::sleep_for(lock_pause);
        if (try_to()) return;
    }
    const postgres_result holder = session.run(
        fmt::format("SELECT l.pid, host(a.client_addr) FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
                    "WHERE l.locktype = 'advisory' AND l.classid = {} AND l.objsubid = 2 AND l.granted AND "
                    "l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1",
                    lock_key));
    std::string who;
    if (holder.rows() > 0) {
        who = fmt::format(" (process {} of the server{}{})", holder.text(0, 0), holder.is_null(0, 1) ? "" : ", from ",
                          holder.text(0, 1));
    }
    throw postgres_failure{fmt::format(
        "it is in use by another ilpd{}: stop that one, or give this one a database or schema of its own", who)};
}

/// Compares the book that the server has with the one that we know. We hold the lock: every earlier session has ended.
void postgres_store::find_position(postgres_connection& session) {
    const postgres_result state = session.run("SELECT last_commit, writer FROM ledger_state");
    if (state.rows() != 1) throw postgres_failure{"the table ledger_state is damaged: restore a backup"};
    const position found{state.integer(0, 0), std::string{state.text(0, 1)}};
    if (!position_) position_ = found;
    if (found == *position_) {
        if (last_outcome_ == outcome::in_doubt) last_outcome_ = outcome::known;
        return;
    }
    const position wanted{position_->last_commit + 1, name_};
    if (last_outcome_ == outcome::in_doubt && found == wanted) {
        position_ = found;
        last_outcome_ = outcome::written_unreported;
        return;
    }
    if (found.last_commit < position_->last_commit) {
        throw fenced{"this database was set back to an earlier state meanwhile; restart this ilpd"};
    }
    throw fenced{"another ilpd has written to this database meanwhile; restart this one"};
}

std::expected<catalogue, store_error> postgres_store::load() {
    return attempt("load the accounts", [this] {
        catalogue loaded;
        session_->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        read_accounts(
            *session_, [&](asset_record asset) { loaded.assets.push_back(std::move(asset)); },
            [&](peer_record peer) { loaded.peers.push_back(std::move(peer)); });
        for_each_row(*session_,
                     fmt::format("SELECT {} FROM transfers WHERE state = 'pending' ORDER BY id", transfer_columns),
                     [&](const postgres_result& rows, int row) {
                         loaded.pending_withdrawals.push_back(read_transfer(rows, row));
                     });
        session_->run("COMMIT");
        return loaded;
    });
}

std::expected<std::optional<transfer_record>, store_error> postgres_store::find_transfer(std::string_view uuid) {
    return attempt("look up a transfer", [&] {
        const postgres_result found =
            session_->query(fmt::format("SELECT {} FROM transfers WHERE uuid = $1", transfer_columns).c_str(),
                            {std::string{uuid}.c_str()});
        return found.rows() == 0 ? std::nullopt : std::optional{read_transfer(found, 0)};
    });
}

std::expected<std::vector<pending_event>, store_error> postgres_store::load_pending_events(std::size_t limit) {
    return attempt("load events", [&] {
        const postgres_result rows = session_->query(
            "SELECT uuid, type, data, attempts, due FROM events WHERE due IS NOT NULL ORDER BY due, id LIMIT "
            "$1::bigint",
            {std::to_string(limit).c_str()});
        std::vector<pending_event> events;
        for (int row = 0; row < rows.rows(); ++row) {
            events.push_back(
                {{std::string{rows.text(row, 0)}, std::string{rows.text(row, 1)}, std::string{rows.text(row, 2)}},
                 static_cast<std::uint32_t>(rows.integer(row, 3)),
                 ilp::timestamp{std::chrono::milliseconds{rows.integer(row, 4)}}});
        }
        return events;
    });
}

std::expected<std::uint64_t, store_error> postgres_store::count_pending_events() {
    return attempt("count events", [this] {
        return static_cast<std::uint64_t>(
            session_->run("SELECT count(*) FROM events WHERE due IS NOT NULL").integer(0, 0));
    });
}

std::expected<void, store_error> postgres_store::ping() {
    return attempt("write", [this] {
        if (session_->run("SELECT current_setting('transaction_read_only')").text(0, 0) != "off") {
            throw postgres_failure{"the server is read-only", std::string{read_only_transaction}};
        }
    });
}

std::expected<void, store_error> postgres_store::commit(const changes& changes) {
    return attempt("write", [&] { write(changes); });
}

void postgres_store::write(const changes& changes) {
    if (last_outcome_ == outcome::written_unreported) {
        last_outcome_ = outcome::known;
        return;
    }
    last_outcome_ = outcome::in_doubt;
    try {
        session_->start_pipeline();
        statements_.clear();
        const std::string now = std::to_string(now_ms());
        queue(begin_commit, {});
        queue_catalogue(changes, now.c_str());
        if (!changes.new_peers.empty() || position_->last_commit % plan_age_max == 0) queue(discard_plans, {});
        queue_transfers(changes, now.c_str());
        queue_events(changes, now.c_str());
        queue(count_commit, {std::to_string(position_->last_commit).c_str(), name_.c_str()});
        queue(end_commit, {});
        const std::size_t rows = changes.new_assets.size() + changes.new_peers.size() + changes.changed_peers.size() +
                                 changes.postings.size() + changes.new_transfers.size() + changes.accounts.size() +
                                 changes.ended_transfers.size() + changes.new_events.size();
        session_->finish_pipeline(postgres_connection::silence_max + time_per_row_max * rows);
    } catch (postgres_failure& failure) {
        if (failure.sqlstate.empty()) throw;
        last_outcome_ = outcome::known;  // an error of the server undoes the whole transaction
        const named_statement* const refused = failure.statement ? statements_.at(*failure.statement) : nullptr;
        if (refused == nullptr || failure.sqlstate != division_by_zero) throw;
        // Cannot be while we hold the lock.
        if (refused == &count_commit)
            throw fenced{"another ilpd has written to this database meanwhile; restart this one"};
        failure.message = fmt::format("{} is not in the database", refused->missing);
        throw;
    }
    last_outcome_ = outcome::known;
    position_ = {position_->last_commit + 1, name_};
}

void postgres_store::queue(const named_statement& statement, std::initializer_list<const char*> values) {
    session_->execute(statement.name, values);
    statements_.push_back(&statement);
}

void postgres_store::queue_catalogue(const changes& changes, const char* now) {
    array_text account_ids;
    array_text account_assets;
    array_text account_kinds;
    const auto add_account = [&](const account_record& account, std::uint32_t asset) {
        account_ids.add(account.id);
        account_assets.add(asset);
        account_kinds.add(kind_text(account.kind));
    };
    if (!changes.new_assets.empty()) {
        array_text ids;
        array_text uuids;
        array_text codes;
        array_text scales;
        for (const asset_record& asset : changes.new_assets) {
            ids.add(asset.id);
            uuids.add(asset.uuid);
            codes.add(asset.code);
            scales.add(asset.scale);
            add_account(asset.liquidity, asset.id);
            add_account(asset.settlement, asset.id);
        }
        queue(insert_assets, {ids.finish(), uuids.finish(), codes.finish(), scales.finish(), now});
    }
    for (const peer_record& peer : changes.new_peers) add_account(peer.liquidity, peer.asset_id);
    if (!changes.new_assets.empty() || !changes.new_peers.empty()) {
        queue(insert_accounts, {account_ids.finish(), account_assets.finish(), account_kinds.finish()});
    }
    if (!changes.changed_peers.empty()) {
        array_text ids;
        array_text names;
        array_text addresses;
        for (const peer_change& change : changes.changed_peers) {
            ids.add(change.id);
            names.add(change.name);
            addresses.add(change.ilp_address);
        }
        queue(update_peers, {ids.finish(), names.finish(), addresses.finish()});
    }
    if (!changes.new_peers.empty()) {
        array_text ids;
        array_text uuids;
        array_text names;
        array_text addresses;
        array_text assets;
        array_text accounts;
        for (const peer_record& peer : changes.new_peers) {
            ids.add(peer.id);
            uuids.add(peer.uuid);
            names.add(peer.name);
            addresses.add(peer.ilp_address);
            assets.add(peer.asset_id);
            accounts.add(peer.liquidity.id);
        }
        queue(insert_peers, {ids.finish(), uuids.finish(), names.finish(), addresses.finish(), assets.finish(),
                             accounts.finish(), now});
    }
}

void postgres_store::queue_transfers(const changes& changes, const char* now) {
    if (!changes.postings.empty()) {
        array_text debits;
        array_text credits;
        array_text amounts;
        array_text packets;
        for (const posting& posting : changes.postings) {
            debits.add(posting.debit->id);
            credits.add(posting.credit->id);
            amounts.add(posting.amount);
            packets.add(posting.packets);
        }
        queue(insert_postings, {debits.finish(), credits.finish(), amounts.finish(), packets.finish(), now});
    }
    if (!changes.new_transfers.empty()) {
        array_text uuids;
        array_text kinds;
        array_text states;
        array_text debits;
        array_text credits;
        array_text amounts;
        array_text expiries;
        for (const transfer_record& transfer : changes.new_transfers) {
            uuids.add(transfer.uuid);
            kinds.add(transfer_kind_text(transfer.kind));
            states.add(state_text(transfer.state));
            debits.add(transfer.debit);
            credits.add(transfer.credit);
            amounts.add(transfer.amount.value);
            expiries.add(transfer.expires_at);
        }
        queue(insert_transfers, {uuids.finish(), kinds.finish(), states.finish(), debits.finish(), credits.finish(),
                                 amounts.finish(), expiries.finish(), now});
    }
    if (!changes.ended_transfers.empty()) {
        array_text uuids;
        array_text states;
        for (const transfer_record& transfer : changes.ended_transfers) {
            uuids.add(transfer.uuid);
            states.add(state_text(transfer.state));
        }
        queue(end_transfers, {uuids.finish(), states.finish()});
    }
    if (!changes.accounts.empty()) {
        array_text ids;
        array_text debits;
        array_text credits;
        for (const account_change& account : changes.accounts) {
            ids.add(account.id);
            debits.add(account.after.debits_posted);
            credits.add(account.after.credits_posted);
        }
        queue(update_accounts, {ids.finish(), debits.finish(), credits.finish()});
    }
}

void postgres_store::queue_events(const changes& changes, const char* now) {
    if (!changes.new_events.empty()) {
        array_text uuids;
        array_text types;
        array_text data;
        for (const event_record& event : changes.new_events) {
            uuids.add(event.uuid);
            types.add(event.type);
            data.add(event.data);
        }
        queue(insert_events, {uuids.finish(), types.finish(), data.finish(), now});
    }
    // One by one: an event may come twice.
    for (const event_attempt& attempt : changes.event_attempts) {
        if (attempt.delivered) {
            queue(event_delivered, {attempt.uuid.c_str(), now});
        } else if (attempt.due) {
            queue(event_failed,
                  {attempt.uuid.c_str(), std::to_string(attempt.due->time_since_epoch().count()).c_str()});
        } else {
            queue(event_failed, {attempt.uuid.c_str(), nullptr});
        }
    }
}

void show_book(postgres_connection& session, book_visitor& visitor) {
    session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const std::optional<std::int64_t> version = version_of(session);
    if (!version) throw postgres_failure{"the database has no tables of ilpd"};
    if (*version != schema_version) {
        throw postgres_failure{
            fmt::format("the database has schema version {}, this ilpd reads {}", *version, schema_version)};
    }
    std::unordered_map<std::uint32_t, std::string> names;
    read_accounts(
        session,
        [&](const asset_record& asset) {
            const std::string& name =
                names.emplace(asset.id, fmt::format("{}/{}", asset.code, asset.scale)).first->second;
            visitor.account(asset.liquidity, "liquidity of asset " + name, name);
            visitor.account(asset.settlement, "settlement of asset " + name, name);
        },
        [&](const peer_record& peer) {
            visitor.account(peer.liquidity, "liquidity of peer " + peer.name, names[peer.asset_id]);
        });
    for_each_row(
        session, "SELECT debit_account, credit_account, amount, state, id FROM transfers ORDER BY id",
        [&](const postgres_result& rows, int row) {
            const auto amount = parse_wide_amount(rows.text(row, 2));
            if (!amount) {
                throw postgres_failure{fmt::format("transfer {} has an amount that is none", rows.text(row, 4))};
            }
            visitor.transfer(account_id{id_of(rows.integer(row, 0), "transfers")},
                             account_id{id_of(rows.integer(row, 1), "transfers")}, *amount,
                             parse_state(rows.text(row, 3)));
        });
    session.run("COMMIT");
}

store_error malformed_url() {
    return {
        "store.url: PostgreSQL's client library does not take this URL; expected "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE, with percent-encoding inside the parts",
        true};
}

store_error refusal(const postgres_url& url, std::string_view purpose, const std::string& why) {
    return {fmt::format("{}: cannot {}: {}", url.printable(), purpose, why)};
}

}  // namespace

std::expected<std::unique_ptr<store>, store_error> open_postgres_store(const std::string& url) {
    const auto parsed = postgres_url::parse(url);
    if (!parsed) return std::unexpected{malformed_url()};
    try {
        return std::make_unique<postgres_store>(*parsed);
    } catch (const postgres_failure& failure) {
        return std::unexpected{refusal(*parsed, "open", failure.message)};
    }
}

std::expected<void, store_error> read_postgres_book(const std::string& url, book_visitor& visitor) {
    const auto parsed = postgres_url::parse(url);
    if (!parsed) return std::unexpected{malformed_url()};
    try {
        postgres_connection session{*parsed};
        check_server(session);
        show_book(session, visitor);
        return {};
    } catch (const postgres_failure& failure) {
        return std::unexpected{refusal(*parsed, "read", failure.message)};
    }
}

std::string printable_postgres_url(std::string_view url) {
    const auto parsed = postgres_url::parse(std::string{url});
    return parsed ? parsed->printable() : "postgresql://...";
}

}  // namespace peering
