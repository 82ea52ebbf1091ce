PRAGMA application_id = 1768714340;
PRAGMA user_version = 8;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE assets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL,
    scale INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 255),
    created_at INTEGER NOT NULL, origin TEXT NOT NULL DEFAULT 'file' CHECK (origin IN ('file', 'api')), terms TEXT, deleted_at INTEGER, -- milliseconds since 1970, UTC; so in every table
    UNIQUE (code, scale)
) STRICT;
INSERT INTO assets VALUES(1,'60be0641-d173-4e39-ad49-b57aa9ca0e7b','USD',9,1796078700333,'file','{"initial_liquidity":"0"}',NULL);
CREATE TABLE transfers (
    id INTEGER PRIMARY KEY,
    uuid TEXT, -- of a deposit; null for packets
    debit_account INTEGER NOT NULL REFERENCES accounts (id),
    credit_account INTEGER NOT NULL REFERENCES accounts (id),
    amount TEXT NOT NULL,
    packets INTEGER NOT NULL, -- how many are in the amount; 0 for a deposit
    created_at INTEGER NOT NULL
, kind TEXT CHECK (kind IN ('deposit', 'withdrawal')), state TEXT NOT NULL DEFAULT 'posted'
    -- Only 'posted' is in the totals. An IN list of more than two makes SQLite build a table for each row that is written.
    CHECK (state = 'posted' OR state = 'pending' OR state = 'voided' OR state = 'expired'), expires_at INTEGER, previous_of_debit INTEGER NOT NULL DEFAULT 0, previous_of_credit INTEGER NOT NULL DEFAULT 0, sum_of_day INTEGER) STRICT;
INSERT INTO transfers VALUES(1,'75c8f45a-070a-409f-96b3-776c75570d00',2,3,'10000000000',0,1796078700333,'deposit','posted',NULL,0,0,NULL);
INSERT INTO transfers VALUES(2,'3c607b6b-9d90-47a7-a3aa-88d67d7bca09',2,4,'1000000000',0,1796078701066,'deposit','posted',NULL,1,0,NULL);
INSERT INTO transfers VALUES(3,'fc93dc0f-38ac-4a6a-aa55-f271cd3a4073',2,5,'7000000000',0,1796078701286,'deposit','posted',NULL,2,0,NULL);
INSERT INTO transfers VALUES(4,NULL,4,3,'5',1,1796078702655,NULL,'posted',NULL,0,1,NULL);
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
CREATE TABLE IF NOT EXISTS "peers" (
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
INSERT INTO peers VALUES(1,'af8da22d-8d55-4fd3-ba79-f82b975814a7','bob','test.bob',1,3,1796078700333,'file',1,NULL,'{"liquidity_threshold":"1000000000","initial_liquidity":"10000000000"}');
INSERT INTO peers VALUES(2,'bf54200a-2841-4bfc-8f9c-78e5f3abb87d','dora','test.dora',1,4,1796078701066,'api',1,NULL,'{"incoming_tokens":["24c96e89cfb118644e81d5264863e5d05c7c2ff938255ce02db51d2338f88834"],"outgoing":{"endpoint":"http://127.0.0.1:4003/","auth_token":"x","allow_plain_http":false}}');
CREATE TABLE answers (
    key TEXT NOT NULL PRIMARY KEY, -- the client's idempotency key
    request TEXT NOT NULL, -- digest
    answer TEXT NOT NULL, -- JSON
    kept_at INTEGER NOT NULL
) STRICT;
INSERT INTO answers VALUES('06ddf62e-43b4-48f5-b99a-987d3bbb3535','ce0f14aef8eaaa4d3c65b08e7c3587be32225d7f0f5ca715be269dcfe8a103fb','{"message":"Created ILP Peer","peer":{"id":"bf54200a-2841-4bfc-8f9c-78e5f3abb87d","name":"dora","ilpAddress":"test.dora","assetId":"60be0641-d173-4e39-ad49-b57aa9ca0e7b","maxPacketAmount":null,"maxInFlightAmount":null,"maxHoldMilliseconds":null,"liquidityThreshold":null,"routes":["test.dora"],"outgoingEndpoint":"http://127.0.0.1:4003/","outgoingToken":"x","jwtSubject":null,"incomingTokens":["sha256:24c96e89cfb11864"],"incomingJwtSecrets":[],"clientKeys":[],"allowPlainHttp":false,"protocol":"auto","mode":"synchronous","enabled":true,"createdAt":"2026-11-30T22:45:01.066Z","origin":"api","account":4}}',1796078701066);
INSERT INTO answers VALUES('4a8e8799-1e13-415a-a182-539a41dc208d','f9466151bec014c1501b0d208ee6096c893742639b4dc978f05856c4ca32e9fa','{"message":"Created receiving account","receivingAccount":{"id":"5c68b908-5925-4b0f-a0d3-beb3a0e071cd","name":"alice","publicName":null,"assetId":"60be0641-d173-4e39-ad49-b57aa9ca0e7b","enabled":true,"createdAt":"2026-11-30T22:45:01.137Z","origin":"api","account":5}}',1796078701137);
INSERT INTO answers VALUES('a42e0b70-01c2-4727-bc95-bbd162d934c5','0e043e0d55b8d4a32ec6989cfad2ec7ab5d82d1938102a1fa1e187f5a107efa9','{"message":"Added receiving account liquidity"}',1796078701286);
CREATE TABLE history (
    summed_up_to INTEGER NOT NULL -- id of the last row of transfers that was summed up; 0: none
) STRICT;
INSERT INTO history VALUES(0);
CREATE TABLE IF NOT EXISTS "accounts" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asset_id INTEGER NOT NULL REFERENCES assets (id),
    kind TEXT NOT NULL CHECK (kind IN ('asset_liquidity', 'settlement', 'peer_liquidity', 'receiving')),
    debits_posted TEXT NOT NULL DEFAULT '0',
    credits_posted TEXT NOT NULL DEFAULT '0', -- balance: credits_posted - debits_posted
    last_debit_transfer INTEGER NOT NULL DEFAULT 0,
    last_credit_transfer INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO accounts VALUES(1,1,'asset_liquidity','0','0',0,0);
INSERT INTO accounts VALUES(2,1,'settlement','18000000000','0',3,0);
INSERT INTO accounts VALUES(3,1,'peer_liquidity','0','10000000005',0,4);
INSERT INTO accounts VALUES(4,1,'peer_liquidity','5','1000000000',4,2);
INSERT INTO accounts VALUES(5,1,'receiving','0','7000000000',0,3);
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
INSERT INTO receiving_accounts VALUES(1,'5c68b908-5925-4b0f-a0d3-beb3a0e071cd','alice',1,5,1796078701137,'api',1,NULL,NULL);
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
, at_most TEXT) STRICT;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('peers',2);
INSERT INTO sqlite_sequence VALUES('accounts',5);
INSERT INTO sqlite_sequence VALUES('assets',1);
INSERT INTO sqlite_sequence VALUES('receiving_accounts',1);
CREATE UNIQUE INDEX transfers_by_uuid ON transfers (uuid) WHERE uuid IS NOT NULL;
CREATE INDEX transfers_pending ON transfers (id) WHERE state = 'pending';
CREATE INDEX events_due ON events (due) WHERE due IS NOT NULL;
CREATE INDEX answers_by_age ON answers (kept_at);
CREATE UNIQUE INDEX transfers_sums ON transfers (debit_account, credit_account, sum_of_day)
    WHERE sum_of_day IS NOT NULL;
CREATE INDEX transfers_kept_of_debit ON transfers (debit_account) WHERE uuid IS NOT NULL OR sum_of_day IS NOT NULL;
CREATE INDEX transfers_kept_of_credit ON transfers (credit_account) WHERE uuid IS NOT NULL OR sum_of_day IS NOT NULL;
CREATE INDEX events_that_ended ON events (id) WHERE due IS NULL;
CREATE UNIQUE INDEX accounts_of_asset ON accounts (asset_id, kind)
    WHERE kind = 'asset_liquidity' OR kind = 'settlement';
CREATE UNIQUE INDEX receiving_accounts_by_name ON receiving_accounts (name) WHERE deleted_at IS NULL;
CREATE INDEX payments_open ON payments (id) WHERE ended_at IS NULL;
CREATE INDEX payments_of_account ON payments (account_id, id);
COMMIT;
