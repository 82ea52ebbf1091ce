#include "peering/postgres_commit.hpp"

#include "peering/postgres_connection.hpp"
#include "peering/record_text.hpp"
#include "peering/wide_amount.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {
namespace {

/// So many commits use one plan for each statement.
constexpr std::int64_t plan_age_max = 1000;

/// What a large commit may take on top of postgres_connection::silence_max, such as the first one of 100 000 peers.
constexpr std::chrono::milliseconds time_per_row_max{1};

constexpr std::string_view division_by_zero = "22012";
constexpr const char* character_not_in_repertoire = "22021";

struct statement {
    const char* name;
    const char* sql;
    const char* missing = nullptr;  ///< what is not there when it divides by zero
};

// A statement that must find every row it names divides by zero when it did not: so the server itself stops, with
// COMMIT already on its way. Arrays carry any number of rows in one statement.
constexpr statement begin_commit{"begin_commit", "BEGIN ISOLATION LEVEL READ COMMITTED"};
constexpr statement insert_assets{
    "insert_assets",
    "INSERT INTO assets (id, uuid, code, scale, created_at) "
    "SELECT *, $5::bigint FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[])"};
constexpr statement insert_accounts{"insert_accounts",
                                    "INSERT INTO accounts (id, asset_id, kind) "
                                    "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])"};
constexpr statement update_peers{
    "update_peers",
    "WITH changed AS (UPDATE peers p SET name = c.name, ilp_address = c.ilp_address "
    "FROM unnest($1::bigint[], $2::text[], $3::text[]) AS c (id, name, ilp_address) WHERE p.id = c.id RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "a peer"};
constexpr statement insert_peers{
    "insert_peers",
    "INSERT INTO peers (id, uuid, name, ilp_address, asset_id, account_id, created_at) SELECT *, $7::bigint "
    "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])"};
// A plan made while a table was small reads all of it, which is wrong when it has grown.
constexpr statement discard_plans{"discard_plans", "DISCARD PLANS"};
constexpr statement insert_postings{
    "insert_postings",
    "INSERT INTO transfers (debit_account, credit_account, amount, packets, created_at) "
    "SELECT *, $5::bigint FROM unnest($1::bigint[], $2::bigint[], $3::numeric[], $4::bigint[])"};
constexpr statement insert_transfers{
    "insert_transfers",
    "INSERT INTO transfers (uuid, kind, state, debit_account, credit_account, amount, expires_at, created_at) "
    "SELECT *, $8::bigint "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::numeric[], $7::bigint[])"};
constexpr statement end_transfers{
    "end_transfers",
    "WITH changed AS (UPDATE transfers t SET state = c.state FROM unnest($1::text[], $2::text[]) AS c (uuid, state) "
    "WHERE t.uuid = c.uuid AND t.state = 'pending' RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "a pending withdrawal"};
constexpr statement update_accounts{
    "update_accounts",
    "WITH changed AS (UPDATE accounts a SET debits_posted = c.debits, credits_posted = c.credits "
    "FROM unnest($1::bigint[], $2::numeric[], $3::numeric[]) AS c (id, debits, credits) WHERE a.id = c.id RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "an account"};
constexpr statement insert_events{"insert_events",
                                  "INSERT INTO events (uuid, type, data, created_at, due) "
                                  "SELECT *, $4::bigint, $4::bigint FROM unnest($1::text[], $2::text[], $3::text[])"};
constexpr statement event_delivered{
    "event_delivered",
    "WITH changed AS (UPDATE events SET delivered_at = $2::bigint, due = NULL WHERE uuid = $1 RETURNING 1) "
    "SELECT 1 / count(*) FROM changed",
    "an event"};
constexpr statement event_failed{
    "event_failed",
    "WITH changed AS (UPDATE events SET attempts = attempts + 1, due = $2::bigint WHERE uuid = $1 RETURNING 1) "
    "SELECT 1 / count(*) FROM changed",
    "an event"};
constexpr statement count_commit{
    "count_commit",
    "WITH changed AS (UPDATE ledger_state SET last_commit = $1::bigint + 1, writer = $2 WHERE last_commit = $1::bigint "
    "RETURNING 1) SELECT 1 / count(*) FROM changed"};
constexpr statement end_commit{"end_commit", "COMMIT"};

constexpr std::array all_statements{&begin_commit,  &insert_assets,   &insert_accounts, &update_peers,
                                    &insert_peers,  &discard_plans,   &insert_postings, &insert_transfers,
                                    &end_transfers, &update_accounts, &insert_events,   &event_delivered,
                                    &event_failed,  &count_commit,    &end_commit};

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
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
        if (text.contains('\0')) throw postgres_failure{"a text holds a NUL character", character_not_in_repertoire};
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

/// The statements of one commit.
class pipeline {
public:
    explicit pipeline(postgres_connection& session) : session_{session} { session_.start_pipeline(); }

    void queue(const statement& statement, std::initializer_list<const char*> values) {
        session_.execute(statement.name, values);
        queued_.push_back(&statement);
    }
    void queue_catalogue(const changes& changes, const char* now);
    void queue_transfers(const changes& changes, const char* now);
    void queue_events(const changes& changes, const char* now);
    void finish(std::chrono::milliseconds silence);

private:
    postgres_connection& session_;
    std::vector<const statement*> queued_;
};

void pipeline::queue_catalogue(const changes& changes, const char* now) {
    array_text account_ids;
    array_text account_assets;
    array_text account_kinds;
    const auto add_account = [&](const account_record& account, std::uint32_t asset) {
        account_ids.add(account.id);
        account_assets.add(asset);
        account_kinds.add(to_text(account.kind));
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

void pipeline::queue_transfers(const changes& changes, const char* now) {
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
            kinds.add(to_text(transfer.kind));
            states.add(to_text(transfer.state));
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
            states.add(to_text(transfer.state));
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

void pipeline::queue_events(const changes& changes, const char* now) {
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

void pipeline::finish(std::chrono::milliseconds silence) {
    try {
        session_.finish_pipeline(silence);
    } catch (postgres_failure& failure) {
        if (!failure.statement || failure.sqlstate != division_by_zero) throw;
        const statement& refused = *queued_.at(*failure.statement);
        if (&refused == &count_commit) throw postgres_position_lost{};
        if (refused.missing != nullptr) failure.message = fmt::format("{} is not in the database", refused.missing);
        throw;
    }
}

std::size_t rows_of(const changes& changes) noexcept {
    return changes.new_assets.size() + changes.new_peers.size() + changes.changed_peers.size() +
           changes.postings.size() + changes.new_transfers.size() + changes.ended_transfers.size() +
           changes.accounts.size() + changes.new_events.size() + changes.event_attempts.size();
}

}  // namespace

void prepare_postgres_commits(postgres_connection& session) {
    session.start_pipeline();
    for (const statement* const each : all_statements) session.prepare(each->name, each->sql);
    session.finish_pipeline();
}

void write_postgres_commit(postgres_connection& session, const changes& changes, const postgres_position& from,
                           const std::string& writer) {
    const std::string now = std::to_string(now_ms());
    pipeline pipeline{session};
    pipeline.queue(begin_commit, {});
    pipeline.queue_catalogue(changes, now.c_str());
    if (!changes.new_peers.empty() || from.last_commit % plan_age_max == 0) pipeline.queue(discard_plans, {});
    pipeline.queue_transfers(changes, now.c_str());
    pipeline.queue_events(changes, now.c_str());
    pipeline.queue(count_commit, {std::to_string(from.last_commit).c_str(), writer.c_str()});
    pipeline.queue(end_commit, {});
    pipeline.finish(postgres_connection::silence_max + time_per_row_max * rows_of(changes));
}

}  // namespace peering
