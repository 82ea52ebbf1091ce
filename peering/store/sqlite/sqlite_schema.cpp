#include "peering/store/sqlite/sqlite_schema.hpp"

#include "peering/store/sqlite/sqlite_connection.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace peering::sqlite {
namespace {

/// "ilpd", by which `file` and ilpd itself recognize its databases.
constexpr std::int64_t application_id = 0x696c7064;

/// Step n migrates schema version n (PRAGMA user_version) to n+1. A released step is never changed: add another one.
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
    -- Only 'posted' is in the totals. An IN list of more than two makes SQLite build a table for each row that is written.
    CHECK (state = 'posted' OR state = 'pending' OR state = 'voided' OR state = 'expired');
ALTER TABLE transfers ADD COLUMN expires_at INTEGER; -- of a withdrawal in two phases
UPDATE transfers SET kind = 'deposit' WHERE uuid IS NOT NULL;
CREATE INDEX transfers_pending ON transfers (id) WHERE state = 'pending';

-- The events that webhooks report.
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
    R"sql(
ALTER TABLE assets ADD COLUMN origin TEXT NOT NULL DEFAULT 'file' CHECK (origin IN ('file', 'api'));
ALTER TABLE assets ADD COLUMN terms TEXT; -- JSON; null: none
ALTER TABLE assets ADD COLUMN deleted_at INTEGER; -- null: in use

CREATE TABLE new_peers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT,
    ilp_address TEXT NOT NULL,
    asset_id INTEGER NOT NULL REFERENCES assets (id),
    account_id INTEGER NOT NULL UNIQUE REFERENCES accounts (id),
    created_at INTEGER NOT NULL,
    origin TEXT NOT NULL DEFAULT 'file' CHECK (origin IN ('file', 'api')),
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    deleted_at INTEGER, -- null: in use
    terms TEXT -- JSON; null: none, or the file has them
) STRICT;
INSERT INTO new_peers (id, uuid, name, ilp_address, asset_id, account_id, created_at)
    SELECT id, uuid, name, ilp_address, asset_id, account_id, created_at FROM peers;
DROP TABLE peers;
ALTER TABLE new_peers RENAME TO peers;

-- The history of an account on either side is a chain from its last row back to its first; 0 is the end.
ALTER TABLE transfers ADD COLUMN previous_of_debit INTEGER NOT NULL DEFAULT 0; -- id of a row of the same debit_account
ALTER TABLE transfers ADD COLUMN previous_of_credit INTEGER NOT NULL DEFAULT 0; -- likewise of the credit_account
ALTER TABLE accounts ADD COLUMN last_debit_transfer INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN last_credit_transfer INTEGER NOT NULL DEFAULT 0;
UPDATE transfers SET previous_of_debit = before.debit, previous_of_credit = before.credit
    FROM (SELECT id, lag(id, 1, 0) OVER (PARTITION BY debit_account ORDER BY id) AS debit,
                 lag(id, 1, 0) OVER (PARTITION BY credit_account ORDER BY id) AS credit FROM transfers) AS before
    WHERE transfers.id = before.id;
UPDATE accounts SET last_debit_transfer = last.id
    FROM (SELECT debit_account, max(id) AS id FROM transfers GROUP BY debit_account) AS last
    WHERE accounts.id = last.debit_account;
UPDATE accounts SET last_credit_transfer = last.id
    FROM (SELECT credit_account, max(id) AS id FROM transfers GROUP BY credit_account) AS last
    WHERE accounts.id = last.credit_account;

-- What changes by the Admin API were answered with.
CREATE TABLE answers (
    key TEXT NOT NULL PRIMARY KEY, -- the client's idempotency key
    request TEXT NOT NULL, -- digest
    answer TEXT NOT NULL, -- JSON
    kept_at INTEGER NOT NULL
) STRICT;
CREATE INDEX answers_by_age ON answers (kept_at);
)sql",
    R"sql(
-- Old rows of packets are summed up (store.keep_history): the first row of a day and pair of accounts gets the sum, the
-- others are deleted. previous_of_debit and previous_of_credit of the rows that are left may name deleted rows: then
-- the history goes on with the next lower id among those that are kept, which the two indexes find.
ALTER TABLE transfers ADD COLUMN sum_of_day INTEGER; -- start of the UTC day whose packets the row sums up; null: not a sum
CREATE UNIQUE INDEX transfers_sums ON transfers (debit_account, credit_account, sum_of_day)
    WHERE sum_of_day IS NOT NULL;
CREATE INDEX transfers_kept_of_debit ON transfers (debit_account) WHERE uuid IS NOT NULL OR sum_of_day IS NOT NULL;
CREATE INDEX transfers_kept_of_credit ON transfers (credit_account) WHERE uuid IS NOT NULL OR sum_of_day IS NOT NULL;
CREATE TABLE history (
    summed_up_to INTEGER NOT NULL -- id of the last row of transfers that was summed up; 0: none
) STRICT;
INSERT INTO history VALUES (0);
)sql",
    // The terms in peers.terms have new members (TLS, signed tokens, sealed secrets), which earlier versions cannot
    // read.
    R"sql(
CREATE INDEX events_that_ended ON events (id) WHERE due IS NULL;
)sql",
    // SQLite cannot change the CHECK of a column, so the table is written again. Its owners and its history refer to it
    // by its name.
    R"sql(
CREATE TABLE new_accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asset_id INTEGER NOT NULL REFERENCES assets (id),
    kind TEXT NOT NULL CHECK (kind IN ('asset_liquidity', 'settlement', 'peer_liquidity', 'receiving')),
    debits_posted TEXT NOT NULL DEFAULT '0',
    credits_posted TEXT NOT NULL DEFAULT '0', -- balance: credits_posted - debits_posted
    last_debit_transfer INTEGER NOT NULL DEFAULT 0,
    last_credit_transfer INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO new_accounts
    (id, asset_id, kind, debits_posted, credits_posted, last_debit_transfer, last_credit_transfer)
    SELECT id, asset_id, kind, debits_posted, credits_posted, last_debit_transfer, last_credit_transfer FROM accounts;
DROP TABLE accounts;
ALTER TABLE new_accounts RENAME TO accounts;
CREATE UNIQUE INDEX accounts_of_asset ON accounts (asset_id, kind)
    WHERE kind = 'asset_liquidity' OR kind = 'settlement';

-- Payments over STREAM are credited to these accounts.
CREATE TABLE receiving_accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, -- in payment pointers
    asset_id INTEGER NOT NULL REFERENCES assets (id),
    account_id INTEGER NOT NULL UNIQUE REFERENCES accounts (id),
    created_at INTEGER NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('file', 'api')),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    public_name TEXT, -- shown to operators; null: none
    deleted_at INTEGER -- null: in use
) STRICT;
CREATE UNIQUE INDEX receiving_accounts_by_name ON receiving_accounts (name) WHERE deleted_at IS NULL;
)sql",
    R"sql(
-- The payments that are made from receiving accounts. Their packets are in transfers.
CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- pays
    receiver TEXT NOT NULL, -- a payment pointer or URL
    fixed_delivery INTEGER NOT NULL CHECK (fixed_delivery IN (0, 1)), -- 1: amount is to be delivered; 0: to be sent
    amount TEXT NOT NULL, -- decimal digits, as in accounts
    slippage INTEGER NOT NULL CHECK (slippage BETWEEN 0 AND 9999), -- basis points
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('quoting', 'sending', 'cancelling', 'completed', 'failed', 'cancelled')),
    send_max TEXT, -- null until it is quoted; so the next two
    minimum TEXT, -- rate: delivered/sent
    expected TEXT, -- rate
    failure TEXT, -- null unless it has failed
    ended_at INTEGER, -- null: it has not
    sent TEXT NOT NULL DEFAULT '0', -- what account_id was debited for it
    delivered TEXT NOT NULL DEFAULT '0' -- as the receiver says
) STRICT;
CREATE INDEX payments_open ON payments (id) WHERE ended_at IS NULL;
CREATE INDEX payments_of_account ON payments (account_id, id);
)sql",
    R"sql(
ALTER TABLE payments ADD COLUMN at_most TEXT; -- as was asked for: send_max is not above it; null: not bounded
)sql",
    R"sql(
ALTER TABLE events ADD COLUMN receiving_account TEXT; -- uuid; null unless it reports a payment that has arrived
UPDATE events SET receiving_account = data ->> '$.walletAddressId' WHERE type = 'incoming_payment.completed';
DROP INDEX IF EXISTS events_due;
CREATE INDEX events_due ON events (due) WHERE due IS NOT NULL AND receiving_account IS NULL;
CREATE INDEX events_due_of_payments ON events (due) WHERE due IS NOT NULL AND receiving_account IS NOT NULL;
)sql",
    R"sql(
-- The fulfillments of packets that came in parts, for peers that ask for them.
CREATE TABLE split_outcomes (
    peer_id INTEGER NOT NULL, -- an id of peers: it has split the packet
    split_id BLOB NOT NULL, -- chosen by the peer
    fulfill BLOB NOT NULL, -- the packet that answers each part
    until INTEGER NOT NULL, -- it is not needed after this time
    PRIMARY KEY (peer_id, split_id)
) STRICT;
CREATE INDEX split_outcomes_by_end ON split_outcomes (until);
)sql",
    // Corrections are a kind of transfer of their own. SQLite cannot change the CHECK of a column, so another column
    // takes its place.
    R"sql(
-- What may be in flight to each peer, and what was when the process died.
CREATE TABLE flights (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id), -- of the peer
    ceiling TEXT NOT NULL, -- no more has been in flight since this was written; decimal digits, as in accounts
    doubt TEXT NOT NULL -- as much may have been fulfilled by the peer before a crash, and is in no book
) STRICT;
ALTER TABLE transfers RENAME COLUMN kind TO former_kind;
ALTER TABLE transfers ADD COLUMN kind TEXT CHECK (kind IN ('deposit', 'withdrawal', 'correction')); -- null for packets
UPDATE transfers SET kind = former_kind WHERE former_kind IS NOT NULL;
ALTER TABLE transfers DROP COLUMN former_kind;
)sql",
};

constexpr std::int64_t schema_version = migrations.size();

}  // namespace

void migrate(connection& connection) {
    const std::int64_t owner = single_integer(connection, "PRAGMA application_id");
    const std::int64_t version = single_integer(connection, "PRAGMA user_version");
    const bool is_new =
        owner == 0 && version == 0 && single_integer(connection, "SELECT count(*) FROM sqlite_schema") == 0;
    if (!is_new && owner != application_id) {
        throw failure{"the file is a database of another application: choose another path"};
    }
    if (version > schema_version) {
        throw failure{
            fmt::format("the database was written by a newer ilpd (it has schema version {}, this ilpd knows versions "
                        "up to {}): install the newer ilpd",
                        version, schema_version)};
    }
    if (version < 0)
        throw failure{fmt::format("the schema version {} is not one of ilpd's: restore a backup", version)};
    // A table to which others refer can be dropped and made again only while this is off. It has no effect within a
    // transaction.
    connection.execute("PRAGMA foreign_keys = OFF");
    for (std::int64_t step = version; step < schema_version; ++step) {
        // An error leaves the transaction open; the connection is then closed, which rolls it back.
        connection.execute("BEGIN IMMEDIATE");
        connection.execute(migrations[static_cast<std::size_t>(step)]);
        connection.execute(fmt::format("PRAGMA application_id = {}", application_id).c_str());
        connection.execute(fmt::format("PRAGMA user_version = {}", step + 1).c_str());
        connection.execute("COMMIT");
    }
    connection.execute("PRAGMA foreign_keys = ON");
}

void check_schema(connection& connection) {
    if (single_integer(connection, "PRAGMA application_id") != application_id) {
        throw failure{"the file is not an ilpd database"};
    }
    const std::int64_t version = single_integer(connection, "PRAGMA user_version");
    if (version != schema_version) {
        throw failure{
            fmt::format("the database has schema version {}, but this ilpd reads version {}: start ilpd once to "
                        "migrate it, or use the ilpd that wrote it",
                        version, schema_version)};
    }
}

}  // namespace peering::sqlite
