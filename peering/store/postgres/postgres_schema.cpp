#include "peering/store/postgres/postgres_schema.hpp"

#include "peering/store/postgres/postgres_connection.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace peering {
namespace {

/// A schema migration may rewrite a large table.
constexpr std::chrono::minutes migration_time_max{30};

/// Step n migrates schema version n (ilpd_schema_version) to n+1. A released step is never changed: add another one.
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
COMMENT ON TABLE events IS 'The events that webhooks report.';
COMMENT ON COLUMN events.data IS 'A JSON object, byte for byte as it is sent and signed.';
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
    R"sql(
ALTER TABLE assets
    ADD COLUMN origin text NOT NULL DEFAULT 'file' CHECK (origin IN ('file', 'api')),
    ADD COLUMN terms text,
    ADD COLUMN deleted_at bigint;
COMMENT ON COLUMN assets.origin IS 'Who says what the terms are: the configuration file, or operators by the Admin API.';
COMMENT ON COLUMN assets.terms IS 'JSON; null: none.';
COMMENT ON COLUMN assets.deleted_at IS 'Null: in use. Accounts and history of a deleted one stay.';

ALTER TABLE peers
    DROP CONSTRAINT peers_name_key,
    ALTER COLUMN name DROP NOT NULL,
    ADD COLUMN origin text NOT NULL DEFAULT 'file' CHECK (origin IN ('file', 'api')),
    ADD COLUMN enabled boolean NOT NULL DEFAULT true,
    ADD COLUMN deleted_at bigint,
    ADD COLUMN terms text;
COMMENT ON COLUMN peers.origin IS 'As in assets.';
COMMENT ON COLUMN peers.deleted_at IS 'As in assets.';
COMMENT ON COLUMN peers.terms IS 'JSON; null: none, or the file has them.';

ALTER TABLE transfers
    ALTER COLUMN id DROP IDENTITY,
    ADD COLUMN previous_of_debit bigint NOT NULL DEFAULT 0,
    ADD COLUMN previous_of_credit bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts
    ADD COLUMN last_debit_transfer bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_credit_transfer bigint NOT NULL DEFAULT 0;
UPDATE transfers SET previous_of_debit = before.debit, previous_of_credit = before.credit
    FROM (SELECT id, lag(id, 1, 0::bigint) OVER (PARTITION BY debit_account ORDER BY id) AS debit,
                 lag(id, 1, 0::bigint) OVER (PARTITION BY credit_account ORDER BY id) AS credit
          FROM transfers) AS before
    WHERE transfers.id = before.id;
UPDATE accounts SET last_debit_transfer = last.id
    FROM (SELECT debit_account, max(id) AS id FROM transfers GROUP BY debit_account) AS last
    WHERE accounts.id = last.debit_account;
UPDATE accounts SET last_credit_transfer = last.id
    FROM (SELECT credit_account, max(id) AS id FROM transfers GROUP BY credit_account) AS last
    WHERE accounts.id = last.credit_account;
COMMENT ON COLUMN transfers.previous_of_debit IS
    'Id of the row before this one that has the same debit_account; 0: this is the first.';
COMMENT ON COLUMN transfers.previous_of_credit IS 'Likewise of the credit_account.';
COMMENT ON COLUMN accounts.last_debit_transfer IS
    'Id of the last row of transfers that names this account as debit_account; 0: none. previous_of_debit leads on from it.';
COMMENT ON COLUMN accounts.last_credit_transfer IS 'Likewise as credit_account.';

CREATE TABLE answers (
    key text PRIMARY KEY,
    request text NOT NULL,
    answer text NOT NULL,
    kept_at bigint NOT NULL
);
CREATE INDEX answers_by_age ON answers (kept_at);
COMMENT ON TABLE answers IS 'What changes by the Admin API were answered with.';
COMMENT ON COLUMN answers.key IS 'The client''s idempotency key.';
COMMENT ON COLUMN answers.request IS 'Digest of what was asked for.';
COMMENT ON COLUMN answers.answer IS 'JSON.';
)sql",
    R"sql(
ALTER TABLE transfers ADD COLUMN sum_of_day bigint;
CREATE UNIQUE INDEX transfers_sums ON transfers (debit_account, credit_account, sum_of_day)
    WHERE sum_of_day IS NOT NULL;
CREATE INDEX transfers_kept_of_debit ON transfers (debit_account, id)
    WHERE uuid IS NOT NULL OR sum_of_day IS NOT NULL;
CREATE INDEX transfers_kept_of_credit ON transfers (credit_account, id)
    WHERE uuid IS NOT NULL OR sum_of_day IS NOT NULL;
COMMENT ON TABLE transfers IS
    'Everything that was ever posted, in order. Packets of one commit are summed up per pair of accounts; old ones per pair of accounts and day (store.keep_history).';
COMMENT ON COLUMN transfers.sum_of_day IS
    'Start of the UTC day whose packets the row sums up; null: not a sum. The row was the first one of these packets.';
COMMENT ON COLUMN transfers.previous_of_debit IS
    'Id of the row before this one that has the same debit_account; 0: this is the first. If that row is not there, it was summed up: go on with the next lower id that has a uuid or a sum_of_day.';
CREATE TABLE history (summed_up_to bigint NOT NULL);
CREATE UNIQUE INDEX history_has_one_row ON history ((true));
COMMENT ON COLUMN history.summed_up_to IS 'Id of the last row of transfers that was summed up; 0: none.';
INSERT INTO history VALUES (0);
)sql",
    // The terms in peers.terms have new members (TLS, signed tokens, sealed secrets), which earlier versions cannot
    // read.
    R"sql(
CREATE INDEX events_that_ended ON events (id) WHERE due IS NULL;
)sql",
    R"sql(
ALTER TABLE accounts
    DROP CONSTRAINT IF EXISTS accounts_kind_check,
    ADD CONSTRAINT accounts_kind_check
        CHECK (kind IN ('asset_liquidity', 'settlement', 'peer_liquidity', 'receiving'));
DROP INDEX IF EXISTS accounts_of_asset;
CREATE UNIQUE INDEX accounts_of_asset ON accounts (asset_id, kind) WHERE kind IN ('asset_liquidity', 'settlement');

CREATE TABLE receiving_accounts (
    id bigint PRIMARY KEY,
    uuid text NOT NULL UNIQUE,
    name text NOT NULL,
    asset_id bigint NOT NULL REFERENCES assets (id),
    account_id bigint NOT NULL UNIQUE REFERENCES accounts (id),
    created_at bigint NOT NULL,
    origin text NOT NULL CHECK (origin IN ('file', 'api')),
    enabled boolean NOT NULL,
    public_name text,
    deleted_at bigint
);
CREATE UNIQUE INDEX receiving_accounts_by_name ON receiving_accounts (name) WHERE deleted_at IS NULL;
COMMENT ON TABLE receiving_accounts IS 'Payments over STREAM are credited to these accounts.';
COMMENT ON COLUMN receiving_accounts.name IS 'In payment pointers.';
COMMENT ON COLUMN receiving_accounts.account_id IS 'What was received and not withdrawn is the balance of this account.';
COMMENT ON COLUMN receiving_accounts.origin IS 'As in assets.';
COMMENT ON COLUMN receiving_accounts.public_name IS 'Shown to operators; null: none.';
COMMENT ON COLUMN receiving_accounts.deleted_at IS 'As in assets.';
)sql",
    R"sql(
CREATE TABLE payments (
    id bigint PRIMARY KEY,
    uuid text NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES accounts (id),
    receiver text NOT NULL,
    fixed_delivery boolean NOT NULL,
    amount numeric(20, 0) NOT NULL CHECK (amount >= 0),
    slippage integer NOT NULL CHECK (slippage BETWEEN 0 AND 9999),
    created_at bigint NOT NULL,
    status text NOT NULL
        CHECK (status IN ('quoting', 'sending', 'cancelling', 'completed', 'failed', 'cancelled')),
    send_max numeric(20, 0),
    minimum text,
    expected text,
    failure text,
    ended_at bigint,
    sent numeric(20, 0) NOT NULL DEFAULT 0 CHECK (sent >= 0),
    delivered numeric(20, 0) NOT NULL DEFAULT 0 CHECK (delivered >= 0)
) WITH (fillfactor = 50);
CREATE INDEX payments_open ON payments (id) WHERE ended_at IS NULL;
CREATE INDEX payments_of_account ON payments (account_id, id);
COMMENT ON TABLE payments IS
    'The payments that are made from receiving accounts. Their packets are in transfers.';
COMMENT ON COLUMN payments.account_id IS 'An id of accounts: it pays.';
COMMENT ON COLUMN payments.receiver IS 'A payment pointer or URL.';
COMMENT ON COLUMN payments.fixed_delivery IS 'True: amount is to be delivered; false: it is to be sent.';
COMMENT ON COLUMN payments.slippage IS 'In basis points.';
COMMENT ON COLUMN payments.send_max IS
    'Never more than this is sent. Null until it is quoted; so are minimum and expected.';
COMMENT ON COLUMN payments.minimum IS 'The rate that each packet must deliver: delivered/sent.';
COMMENT ON COLUMN payments.expected IS 'The rate of the quote: delivered/sent.';
COMMENT ON COLUMN payments.failure IS 'Null unless it has failed.';
COMMENT ON COLUMN payments.sent IS 'What the account was debited for it.';
COMMENT ON COLUMN payments.delivered IS 'As the receiver says.';
)sql",
    R"sql(
ALTER TABLE payments ADD COLUMN at_most numeric(20, 0) CHECK (at_most >= 0);
COMMENT ON COLUMN payments.at_most IS 'As was asked for: send_max is not above it. Null: not bounded.';
)sql",
    R"sql(
ALTER TABLE events ADD COLUMN IF NOT EXISTS receiving_account text;
COMMENT ON COLUMN events.receiving_account IS 'A uuid of receiving_accounts; null unless it reports a payment that has arrived.';
UPDATE events SET receiving_account = data::json ->> 'walletAddressId' WHERE type = 'incoming_payment.completed';
DROP INDEX IF EXISTS events_due;
CREATE INDEX events_due ON events (due, id) WHERE due IS NOT NULL AND receiving_account IS NULL;
DROP INDEX IF EXISTS events_due_of_payments;
CREATE INDEX events_due_of_payments ON events (due, id) WHERE due IS NOT NULL AND receiving_account IS NOT NULL;
)sql",
    R"sql(
CREATE TABLE split_outcomes (
    peer_id bigint NOT NULL,
    split_id bytea NOT NULL,
    fulfill bytea NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (peer_id, split_id)
);
CREATE INDEX split_outcomes_by_end ON split_outcomes (until);
COMMENT ON TABLE split_outcomes IS
    'The fulfillments of packets that came in parts, for peers that ask for them.';
COMMENT ON COLUMN split_outcomes.peer_id IS 'An id of peers: it has split the packet.';
COMMENT ON COLUMN split_outcomes.split_id IS 'Chosen by the peer.';
COMMENT ON COLUMN split_outcomes.fulfill IS 'The packet that answers each part.';
COMMENT ON COLUMN split_outcomes.until IS 'It is not needed after this time.';
)sql",
    R"sql(
CREATE TABLE flights (
    account_id bigint PRIMARY KEY REFERENCES accounts (id),
    ceiling numeric(20, 0) NOT NULL CHECK (ceiling >= 0),
    doubt numeric(20, 0) NOT NULL CHECK (doubt >= 0)
);
COMMENT ON TABLE flights IS 'What may be in flight to each peer, and what was when the process died.';
COMMENT ON COLUMN flights.account_id IS 'An id of accounts: that of the peer.';
COMMENT ON COLUMN flights.ceiling IS 'No more has been in flight since this was written.';
COMMENT ON COLUMN flights.doubt IS
    'As much may have been fulfilled by the peer before a crash, and is in no book.';
ALTER TABLE transfers
    DROP CONSTRAINT IF EXISTS transfers_kind_check,
    ADD CONSTRAINT transfers_kind_check CHECK (kind IN ('deposit', 'withdrawal', 'correction'));
)sql",
    // Earlier versions find no ledger_state, so one that still has a session can write nothing more.
    R"sql(
ALTER TABLE IF EXISTS ledger_state RENAME TO daemons;
DROP INDEX IF EXISTS ledger_state_has_one_row;
ALTER TABLE daemons
    DROP COLUMN IF EXISTS writer,
    ADD COLUMN IF NOT EXISTS slot integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS instance text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS host text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS epoch bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS commit_epoch bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS lease_until bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT IF EXISTS daemons_pkey,
    ADD CONSTRAINT daemons_pkey PRIMARY KEY (slot);
COMMENT ON TABLE daemons IS
    'The daemon that has this database. Each transaction begins with an update of its row, under the condition that epoch and last_commit are as the daemon knows them.';
COMMENT ON COLUMN daemons.slot IS 'The place of a daemon: 0, the only one.';
COMMENT ON COLUMN daemons.instance IS
    'The name of the daemon that has it, as in its store.instance_file. Empty: nobody has it.';
COMMENT ON COLUMN daemons.host IS 'Where that daemon runs.';
COMMENT ON COLUMN daemons.epoch IS
    'Rises with each registration of a daemon, or of its next session. Whoever has registered earlier can write nothing any more.';
COMMENT ON COLUMN daemons.last_commit IS
    'Number of the last transaction: tells a daemon whether one that it got no answer to was written.';
COMMENT ON COLUMN daemons.commit_epoch IS 'The epoch in which that transaction was written.';
COMMENT ON COLUMN daemons.lease_until IS
    'Before this time, another daemon does not take the place unasked. By the clock of the server; nothing else depends on it.';
)sql",
};

/// The first schema with the table daemons.
constexpr std::int64_t first_with_daemons = 11;

/// First half of the key of the advisory lock that daemons of earlier schemas hold ("ilpd"). The other half is the id
/// of the schema that contains the tables.
constexpr int old_lock_key = 0x696c7064;

constexpr std::string_view lock_not_available = "55P03";

constexpr const char* table_names =
    "{assets,accounts,peers,receiving_accounts,payments,transfers,events,answers,ledger_state,daemons,history,"
    "split_outcomes,flights}";

}  // namespace

constexpr std::int64_t postgres_schema_version = migrations.size();

std::optional<std::int64_t> postgres_version_of(postgres_connection& session) {
    if (session.run("SELECT to_regclass('ilpd_schema_version') IS NULL").boolean(0, 0)) return std::nullopt;
    const postgres_result version = session.run("SELECT version FROM ilpd_schema_version");
    if (version.rows() != 1) throw postgres_misfit{{"the table ilpd_schema_version is damaged: restore a backup"}};
    return version.integer(0, 0);
}

namespace {

/// Locks out every daemon of an earlier schema, which holds this lock as long as it runs, and all others that migrate
/// this database at the same time. An engine without such locks never had a daemon that holds one.
void take_old_lock(postgres_connection& session, const std::string& key) {
    try {
        // Waits for a short time, because the server may not have noticed yet that the daemon has ended.
        session.run("SELECT pg_advisory_lock(" + key + ")");
    } catch (const postgres_failure& failure) {
        if (failure.sqlstate != lock_not_available) throw;
        throw postgres_earlier_daemon{
            {"it is in use by another ilpd, of an earlier version, or is being migrated by one: stop that process, or "
             "give this one its own database or schema"}};
    }
}

std::string key_of_old_lock(postgres_connection& session) {
    const postgres_result space = session.run(
        "SELECT coalesce((SELECT relnamespace FROM pg_class WHERE oid = to_regclass('ilpd_schema_version')), "
        "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()))::int");
    if (space.is_null(0, 0))
        throw postgres_misfit{{"the search_path names no existing schema: create it or correct the search_path"}};
    return fmt::format("{}, {}", old_lock_key, space.text(0, 0));
}

std::int64_t known_version(postgres_connection& session) {
    const std::optional<std::int64_t> known = postgres_version_of(session);
    if (!known) {
        const postgres_result others = session.query(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND relname = ANY ($1::text[]) LIMIT 1",
            {table_names});
        if (others.rows() > 0) {
            throw postgres_misfit{{fmt::format(
                "the database contains another application's table '{}': give ilpd its own database or schema",
                others.text(0, 0))}};
        }
    }
    const std::int64_t version = known.value_or(0);
    if (version > postgres_schema_version) {
        throw postgres_misfit{
            {fmt::format("the database was written by a newer ilpd (it has schema version {}, this ilpd knows versions "
                         "up to {}): install the newer ilpd",
                         version, postgres_schema_version)}};
    }
    if (version < 0)
        throw postgres_misfit{{fmt::format("the schema version {} is not one of ilpd's: restore a backup", version)}};
    return version;
}

void migrate_from(postgres_connection& session, std::int64_t version) {
    for (std::int64_t step = version; step < postgres_schema_version; ++step) {
        // An error leaves the transaction open; the connection is then closed, which rolls it back.
        session.run("BEGIN");
        session.run(migrations[static_cast<std::size_t>(step)], migration_time_max);
        session.run(fmt::format("UPDATE ilpd_schema_version SET version = {}", step + 1));
        session.run("COMMIT");
    }
}

}  // namespace

void begin_postgres_schema(postgres_connection& session) {
    if (known_version(session) >= first_with_daemons) return;
    const std::string key = key_of_old_lock(session);
    take_old_lock(session, key);
    if (const std::int64_t version = known_version(session); version < first_with_daemons)
        migrate_from(session, version);
    session.run("SELECT pg_advisory_unlock(" + key + ")");
}

void migrate_postgres(postgres_connection& session) {
    migrate_from(session, known_version(session));
}

}  // namespace peering
