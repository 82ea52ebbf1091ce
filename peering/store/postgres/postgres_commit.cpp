#include "peering/store/postgres/postgres_commit.hpp"

#include "ilp/clock.hpp"
#include "peering/records/wide_amount.hpp"
#include "peering/store/postgres/postgres_array.hpp"
#include "peering/store/postgres/postgres_connection.hpp"
#include "peering/store/record_text.hpp"
#include "peering/store/terms_json.hpp"
#include "peering/store/transfer_chain.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace peering {
namespace {

/// The plans of the statements are discarded after this many commits.
constexpr std::int64_t plan_age_max = 1000;

/// Additional time per row on top of postgres_connection::silence_max. A large commit, such as the first one of 100 000
/// peers, takes longer.
constexpr std::chrono::milliseconds time_per_row_max{1};

constexpr std::string_view division_by_zero = "22012";

struct statement {
    const char* name;
    const char* sql;
    const char* missing = nullptr;  ///< what is missing if the statement divides by zero
};

// A statement that must find every row it names divides by zero if it did not, so that the server itself stops although
// COMMIT is already on its way. Arrays carry any number of rows in one statement.
constexpr statement begin_commit{"begin_commit", "BEGIN ISOLATION LEVEL READ COMMITTED"};
constexpr statement insert_assets{
    "insert_assets",
    "INSERT INTO assets (id, uuid, code, scale, created_at, origin, terms, deleted_at) "
    "SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::bigint[], $6::text[], $7::text[], "
    "$8::bigint[])"};
constexpr statement update_assets{
    "update_assets",
    "WITH changed AS (UPDATE assets a SET origin = c.origin, terms = c.terms, deleted_at = c.deleted_at "
    "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS c (id, origin, terms, deleted_at) "
    "WHERE a.id = c.id RETURNING 1) SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "an asset"};
constexpr statement insert_accounts{"insert_accounts",
                                    "INSERT INTO accounts (id, asset_id, kind) "
                                    "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])"};
constexpr statement update_peers{
    "update_peers",
    "WITH changed AS (UPDATE peers p SET name = c.name, ilp_address = c.ilp_address, origin = c.origin, "
    "enabled = c.enabled, terms = c.terms, deleted_at = c.deleted_at "
    "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::bigint[]) "
    "AS c (id, name, ilp_address, origin, enabled, terms, deleted_at) WHERE p.id = c.id RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "a peer"};
constexpr statement insert_peers{
    "insert_peers",
    "INSERT INTO peers (id, uuid, asset_id, account_id, created_at, name, ilp_address, origin, enabled, terms, "
    "deleted_at) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], "
    "$7::text[], $8::text[], $9::boolean[], $10::text[], $11::bigint[])"};
constexpr statement update_receivers{
    "update_receivers",
    "WITH changed AS (UPDATE receiving_accounts r SET name = c.name, public_name = c.public_name, origin = c.origin, "
    "enabled = c.enabled, deleted_at = c.deleted_at "
    "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::bigint[]) "
    "AS c (id, name, public_name, origin, enabled, deleted_at) WHERE r.id = c.id RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "a receiving account"};
constexpr statement insert_receivers{
    "insert_receivers",
    "INSERT INTO receiving_accounts (id, uuid, asset_id, account_id, created_at, name, public_name, origin, enabled, "
    "deleted_at) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], "
    "$7::text[], $8::text[], $9::boolean[], $10::bigint[])"};
// A plan that was made while a table was small scans the whole table, which is wrong once it has grown.
constexpr statement discard_plans{"discard_plans", "DISCARD PLANS"};
constexpr statement insert_postings{
    "insert_postings",
    "INSERT INTO transfers (id, previous_of_debit, previous_of_credit, debit_account, credit_account, amount, packets, "
    "created_at) SELECT *, $8::bigint FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], "
    "$5::bigint[], $6::numeric[], $7::bigint[])"};
constexpr statement insert_transfers{
    "insert_transfers",
    "INSERT INTO transfers (id, previous_of_debit, previous_of_credit, uuid, kind, state, debit_account, "
    "credit_account, amount, expires_at, created_at) SELECT *, $11::bigint FROM unnest($1::bigint[], $2::bigint[], "
    "$3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::numeric[], $10::bigint[])"};
constexpr statement end_transfers{
    "end_transfers",
    "WITH changed AS (UPDATE transfers t SET state = c.state FROM unnest($1::text[], $2::text[]) AS c (uuid, state) "
    "WHERE t.uuid = c.uuid AND t.state = 'pending' RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "a pending withdrawal"};
constexpr statement insert_payments{
    "insert_payments",
    "INSERT INTO payments (id, uuid, account_id, receiver, fixed_delivery, amount, slippage, created_at, status, "
    "send_max, minimum, expected, failure, ended_at, sent, delivered, at_most) SELECT * FROM unnest($1::bigint[], "
    "$2::text[], $3::bigint[], $4::text[], $5::boolean[], $6::numeric[], $7::integer[], $8::bigint[], $9::text[], "
    "$10::numeric[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::numeric[], $16::numeric[], "
    "$17::numeric[])"};
constexpr statement update_payments{
    "update_payments",
    "WITH changed AS (UPDATE payments p SET status = c.status, send_max = c.send_max, minimum = c.minimum, "
    "expected = c.expected, failure = c.failure, ended_at = c.ended_at "
    "FROM unnest($1::bigint[], $2::text[], $3::numeric[], $4::text[], $5::text[], $6::text[], $7::bigint[]) "
    "AS c (id, status, send_max, minimum, expected, failure, ended_at) WHERE p.id = c.id AND p.ended_at IS NULL "
    "RETURNING 1) SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "an open payment"};
constexpr statement advance_payments{
    "advance_payments",
    "WITH changed AS (UPDATE payments p SET sent = c.sent, delivered = c.delivered "
    "FROM unnest($1::bigint[], $2::numeric[], $3::numeric[]) AS c (id, sent, delivered) WHERE p.id = c.id "
    "RETURNING 1) SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "a payment"};
// Null leaves a total unchanged.
constexpr statement update_accounts{
    "update_accounts",
    "WITH changed AS (UPDATE accounts a SET debits_posted = coalesce(c.debits, a.debits_posted), "
    "credits_posted = coalesce(c.credits, a.credits_posted), last_debit_transfer = c.last_debit, "
    "last_credit_transfer = c.last_credit "
    "FROM unnest($1::bigint[], $2::numeric[], $3::numeric[], $4::bigint[], $5::bigint[]) "
    "AS c (id, debits, credits, last_debit, last_credit) WHERE a.id = c.id RETURNING 1) "
    "SELECT 1 / (count(*) = cardinality($1))::int FROM changed",
    "an account"};
constexpr statement insert_events{"insert_events",
                                  "INSERT INTO events (uuid, type, data, created_at, due, receiving_account) "
                                  "SELECT e.uuid, e.type, e.data, $6::bigint, e.due, nullif(e.account, '') "
                                  "FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) "
                                  "AS e (uuid, type, data, due, account)"};
constexpr statement change_events{"change_events",
                                  "WITH changed AS (UPDATE events e SET data = c.data "
                                  "FROM unnest($1::text[], $2::text[]) AS c (uuid, data) "
                                  "WHERE e.uuid = c.uuid AND e.due = $3::bigint RETURNING 1) "
                                  "SELECT count(*) FROM changed",
                                  "an open event"};
constexpr statement close_events{"close_events",
                                 "WITH changed AS (UPDATE events e SET id = DEFAULT, data = c.data, "
                                 "created_at = $4::bigint, due = $4::bigint "
                                 "FROM unnest($1::text[], $2::text[]) AS c (uuid, data) "
                                 "WHERE e.uuid = c.uuid AND e.due = $3::bigint RETURNING 1) "
                                 "SELECT count(*) FROM changed",
                                 "an open event"};
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
constexpr statement forget_answers{"forget_answers", "DELETE FROM answers WHERE kept_at < $1::bigint"};
constexpr statement insert_answers{"insert_answers",
                                   "INSERT INTO answers (key, request, answer, kept_at) "
                                   "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"};
// The ids of the rows are found first, in the order of the index, however many rows there are.
constexpr statement forget_outcomes{
    "forget_outcomes",
    "DELETE FROM split_outcomes WHERE ctid = ANY (ARRAY(SELECT ctid FROM split_outcomes WHERE until < $1::bigint "
    "ORDER BY until LIMIT $2::bigint))"};
constexpr statement insert_outcomes{
    "insert_outcomes",
    "INSERT INTO split_outcomes (peer_id, split_id, fulfill, until) SELECT * FROM unnest($1::bigint[], $2::bytea[], "
    "$3::bytea[], $4::bigint[]) ON CONFLICT (peer_id, split_id) DO NOTHING"};
constexpr statement keep_flights{
    "keep_flights",
    "INSERT INTO flights (account_id, ceiling, doubt) SELECT * FROM unnest($1::bigint[], $2::numeric[], "
    "$3::numeric[]) ON CONFLICT (account_id) DO UPDATE SET ceiling = excluded.ceiling, doubt = excluded.doubt"};
constexpr statement forget_flights{"forget_flights", "DELETE FROM flights WHERE account_id = ANY ($1::bigint[])"};
// Whoever has registered later has another epoch, so nothing of an earlier session can be written any more. It comes
// first, because whatever follows may fail for other reasons if another daemon has written; nobody can register between
// it and the end of the transaction.
constexpr statement count_commit{
    "count_commit",
    "WITH changed AS (UPDATE daemons SET last_commit = $1::bigint, commit_epoch = $2::bigint, "
    "lease_until = (extract(epoch FROM now()) * 1000)::bigint + $3::bigint "
    "WHERE slot = 0 AND epoch = $2::bigint AND last_commit = $1::bigint - 1 RETURNING 1) "
    "SELECT 1 / count(*) FROM changed"};
constexpr statement end_commit{"end_commit", "COMMIT"};

constexpr std::array all_statements{
    &begin_commit,     &insert_assets,    &insert_accounts,  &update_assets,   &update_peers,     &insert_peers,
    &update_receivers, &insert_receivers, &discard_plans,    &insert_postings, &insert_transfers, &end_transfers,
    &update_accounts,  &insert_events,    &change_events,    &close_events,    &event_delivered,  &event_failed,
    &insert_payments,  &update_payments,  &advance_payments, &forget_answers,  &insert_answers,   &forget_outcomes,
    &insert_outcomes,  &keep_flights,     &forget_flights,   &count_commit,    &end_commit};

/// The statements of one commit.
class pipeline {
public:
    pipeline(postgres_connection& session, transfer_chain& chain) : session_{session}, chain_{chain} {
        session_.start_pipeline();
    }

    void queue(const statement& statement, std::initializer_list<const char*> values) {
        session_.execute(statement.name, values);
        queued_.push_back(&statement);
    }
    void queue_assets(const changes& changes);
    void queue_accounts_of_owners(const changes& changes);
    void queue_peers(const changes& changes);
    void queue_receivers(const changes& changes);
    void queue_transfers(const changes& changes, const char* now);
    void queue_payments(const changes& changes);
    void queue_accounts(const changes& changes);
    void queue_events(const changes& changes, ilp::timestamp time);
    void queue_answers(const changes& changes);
    void queue_outcomes(const changes& changes, const char* now);
    void queue_flights(const changes& changes);
    void finish(std::chrono::milliseconds silence);

private:
    postgres_connection& session_;
    transfer_chain& chain_;
    std::vector<const statement*> queued_;
};

std::optional<std::string_view> unless_empty(std::string_view text) {
    return text.empty() ? std::nullopt : std::optional{text};
}

/// The columns of a peer's terms. Strings that are not valid UTF-8 are refused as the server refuses them elsewhere.
struct peer_terms_arrays {
    void add(const kept_peer_terms& terms) {
        const std::optional<std::string> json = to_json(terms);
        if (!json) {
            throw postgres_failure{fmt::format("a term of peer {} is not UTF-8", shown_name(terms)),
                                   postgres_failure::character_not_in_repertoire};
        }
        names.add(terms.name);
        addresses.add(terms.ilp_address);
        origins.add(to_text(terms.origin));
        enabled.add(terms.enabled);
        json_texts.add(unless_empty(*json));
        deletions.add(terms.deleted_at);
    }

    postgres_array names;
    postgres_array addresses;
    postgres_array origins;
    postgres_array enabled;
    postgres_array json_texts;
    postgres_array deletions;
};

struct asset_terms_arrays {
    void add(const asset_terms& terms) {
        origins.add(to_text(terms.origin));
        json_texts.add(unless_empty(to_json(terms)));
        deletions.add(terms.deleted_at);
    }

    postgres_array origins;
    postgres_array json_texts;
    postgres_array deletions;
};

void pipeline::queue_assets(const changes& changes) {
    if (!changes.changed_assets.empty()) {
        postgres_array ids;
        asset_terms_arrays terms;
        for (const asset_change& change : changes.changed_assets) {
            ids.add(change.id);
            terms.add(change.terms);
        }
        queue(update_assets,
              {ids.finish(), terms.origins.finish(), terms.json_texts.finish(), terms.deletions.finish()});
    }
    if (!changes.new_assets.empty()) {
        postgres_array ids;
        postgres_array uuids;
        postgres_array codes;
        postgres_array scales;
        postgres_array times;
        asset_terms_arrays terms;
        for (const asset_record& asset : changes.new_assets) {
            ids.add(asset.id);
            uuids.add(asset.uuid);
            codes.add(asset.code);
            scales.add(asset.scale);
            times.add(asset.created_at);
            terms.add(asset.terms);
        }
        queue(insert_assets, {ids.finish(), uuids.finish(), codes.finish(), scales.finish(), times.finish(),
                              terms.origins.finish(), terms.json_texts.finish(), terms.deletions.finish()});
    }
}

/// The accounts of new assets, peers and receiving accounts.
void pipeline::queue_accounts_of_owners(const changes& changes) {
    if (changes.new_assets.empty() && changes.new_peers.empty() && changes.new_receiving_accounts.empty()) return;
    postgres_array ids;
    postgres_array assets;
    postgres_array kinds;
    const auto add = [&](const account_record& account, std::uint32_t asset) {
        ids.add(account.id);
        assets.add(asset);
        kinds.add(to_text(account.kind));
    };
    for (const asset_record& asset : changes.new_assets) {
        add(asset.liquidity, asset.id);
        add(asset.settlement, asset.id);
    }
    for (const peer_record& peer : changes.new_peers) add(peer.liquidity, peer.asset_id);
    for (const auto& receiver : changes.new_receiving_accounts) add(receiver.liquidity, receiver.asset_id);
    queue(insert_accounts, {ids.finish(), assets.finish(), kinds.finish()});
}

void pipeline::queue_peers(const changes& changes) {
    if (!changes.changed_peers.empty()) {
        postgres_array ids;
        peer_terms_arrays terms;
        for (const peer_change& change : changes.changed_peers) {
            ids.add(change.id);
            terms.add(change.terms);
        }
        queue(update_peers, {ids.finish(), terms.names.finish(), terms.addresses.finish(), terms.origins.finish(),
                             terms.enabled.finish(), terms.json_texts.finish(), terms.deletions.finish()});
    }
    if (!changes.new_peers.empty()) {
        postgres_array ids;
        postgres_array uuids;
        postgres_array assets;
        postgres_array accounts;
        postgres_array times;
        peer_terms_arrays terms;
        for (const peer_record& peer : changes.new_peers) {
            ids.add(peer.id);
            uuids.add(peer.uuid);
            assets.add(peer.asset_id);
            accounts.add(peer.liquidity.id);
            times.add(peer.created_at);
            terms.add(peer.terms);
        }
        queue(insert_peers, {ids.finish(), uuids.finish(), assets.finish(), accounts.finish(), times.finish(),
                             terms.names.finish(), terms.addresses.finish(), terms.origins.finish(),
                             terms.enabled.finish(), terms.json_texts.finish(), terms.deletions.finish()});
    }
}

struct receiver_terms_arrays {
    void add(const receiving_account_terms& terms) {
        names.add(terms.name);
        public_names.add(unless_empty(terms.public_name));
        origins.add(to_text(terms.origin));
        enabled.add(terms.enabled);
        deletions.add(terms.deleted_at);
    }

    postgres_array names;
    postgres_array public_names;
    postgres_array origins;
    postgres_array enabled;
    postgres_array deletions;
};

void pipeline::queue_receivers(const changes& changes) {
    if (!changes.changed_receiving_accounts.empty()) {
        postgres_array ids;
        receiver_terms_arrays terms;
        for (const receiving_account_change& change : changes.changed_receiving_accounts) {
            ids.add(change.id);
            terms.add(change.terms);
        }
        queue(update_receivers, {ids.finish(), terms.names.finish(), terms.public_names.finish(),
                                 terms.origins.finish(), terms.enabled.finish(), terms.deletions.finish()});
    }
    if (!changes.new_receiving_accounts.empty()) {
        postgres_array ids;
        postgres_array uuids;
        postgres_array assets;
        postgres_array accounts;
        postgres_array times;
        receiver_terms_arrays terms;
        for (const receiving_account_record& receiver : changes.new_receiving_accounts) {
            ids.add(receiver.id);
            uuids.add(receiver.uuid);
            assets.add(receiver.asset_id);
            accounts.add(receiver.liquidity.id);
            times.add(receiver.created_at);
            terms.add(receiver.terms);
        }
        queue(insert_receivers,
              {ids.finish(), uuids.finish(), assets.finish(), accounts.finish(), times.finish(), terms.names.finish(),
               terms.public_names.finish(), terms.origins.finish(), terms.enabled.finish(), terms.deletions.finish()});
    }
}

/// The columns that link a row into the chains.
struct link_arrays {
    void add(const chain_link& link) {
        numbers.add(link.number);
        previous_of_debit.add(link.previous_of_debit);
        previous_of_credit.add(link.previous_of_credit);
    }

    postgres_array numbers;
    postgres_array previous_of_debit;
    postgres_array previous_of_credit;
};

void pipeline::queue_transfers(const changes& changes, const char* now) {
    if (!changes.postings.empty()) {
        link_arrays links;
        postgres_array debits;
        postgres_array credits;
        postgres_array amounts;
        postgres_array packets;
        for (const posting& posting : changes.postings) {
            links.add(chain_.add(posting.debit->id, posting.credit->id));
            debits.add(posting.debit->id);
            credits.add(posting.credit->id);
            amounts.add(posting.amount);
            packets.add(posting.packets);
        }
        queue(insert_postings,
              {links.numbers.finish(), links.previous_of_debit.finish(), links.previous_of_credit.finish(),
               debits.finish(), credits.finish(), amounts.finish(), packets.finish(), now});
    }
    if (!changes.new_transfers.empty()) {
        link_arrays links;
        postgres_array uuids;
        postgres_array kinds;
        postgres_array states;
        postgres_array debits;
        postgres_array credits;
        postgres_array amounts;
        postgres_array expiries;
        for (const transfer_record& transfer : changes.new_transfers) {
            links.add(chain_.add(transfer.debit, transfer.credit));
            uuids.add(transfer.uuid);
            kinds.add(to_text(transfer.kind));
            states.add(to_text(transfer.state));
            debits.add(transfer.debit);
            credits.add(transfer.credit);
            amounts.add(transfer.amount.value);
            expiries.add(transfer.expires_at);
        }
        queue(insert_transfers, {links.numbers.finish(), links.previous_of_debit.finish(),
                                 links.previous_of_credit.finish(), uuids.finish(), kinds.finish(), states.finish(),
                                 debits.finish(), credits.finish(), amounts.finish(), expiries.finish(), now});
    }
    if (!changes.ended_transfers.empty()) {
        postgres_array uuids;
        postgres_array states;
        for (const transfer_record& transfer : changes.ended_transfers) {
            uuids.add(transfer.uuid);
            states.add(to_text(transfer.state));
        }
        queue(end_transfers, {uuids.finish(), states.finish()});
    }
}

struct payment_standing_arrays {
    void add(const payment_standing& standing) {
        statuses.add(to_text(standing.status));
        if (standing.offer) {
            send_max.add(wide_amount{standing.offer->send_max.value});
            minima.add(to_text(standing.offer->minimum));
            expected.add(to_text(standing.offer->expected));
        } else {
            send_max.add_null();
            minima.add_null();
            expected.add_null();
        }
        failures.add(unless_empty(standing.failure));
        ends.add(standing.ended_at);
    }

    postgres_array statuses;
    postgres_array send_max;
    postgres_array minima;
    postgres_array expected;
    postgres_array failures;
    postgres_array ends;
};

void pipeline::queue_payments(const changes& changes) {
    if (!changes.new_payments.empty()) {
        postgres_array numbers;
        postgres_array uuids;
        postgres_array accounts;
        postgres_array receivers;
        postgres_array kinds;
        postgres_array amounts;
        postgres_array slippages;
        postgres_array times;
        postgres_array sent;
        postgres_array delivered;
        postgres_array at_most;
        payment_standing_arrays standings;
        for (const payment_record& payment : changes.new_payments) {
            numbers.add(payment.number);
            uuids.add(payment.uuid);
            accounts.add(payment.account);
            receivers.add(payment.receiver);
            kinds.add(payment.is_fixed_delivery);
            amounts.add(payment.amount.value);
            slippages.add(wide_amount{payment.slippage});
            times.add(payment.created_at);
            sent.add(payment.sent.value);
            delivered.add(payment.delivered.value);
            if (payment.at_most) {
                at_most.add(wide_amount{payment.at_most->value});
            } else {
                at_most.add_null();
            }
            standings.add(payment.standing);
        }
        queue(insert_payments, {numbers.finish(), uuids.finish(), accounts.finish(), receivers.finish(), kinds.finish(),
                                amounts.finish(), slippages.finish(), times.finish(), standings.statuses.finish(),
                                standings.send_max.finish(), standings.minima.finish(), standings.expected.finish(),
                                standings.failures.finish(), standings.ends.finish(), sent.finish(), delivered.finish(),
                                at_most.finish()});
    }
    if (!changes.changed_payments.empty()) {
        postgres_array numbers;
        payment_standing_arrays standings;
        for (const payment_change& change : changes.changed_payments) {
            numbers.add(change.number);
            standings.add(change.standing);
        }
        queue(update_payments,
              {numbers.finish(), standings.statuses.finish(), standings.send_max.finish(), standings.minima.finish(),
               standings.expected.finish(), standings.failures.finish(), standings.ends.finish()});
    }
    if (!changes.advanced_payments.empty()) {
        postgres_array numbers;
        postgres_array sent;
        postgres_array delivered;
        for (const payment_progress& progress : changes.advanced_payments) {
            numbers.add(progress.number);
            sent.add(progress.sent.value);
            delivered.add(progress.delivered.value);
        }
        queue(advance_payments, {numbers.finish(), sent.finish(), delivered.finish()});
    }
}

void pipeline::queue_accounts(const changes& changes) {
    postgres_array ids;
    postgres_array debits;
    postgres_array credits;
    postgres_array last_debits;
    postgres_array last_credits;
    bool is_empty = true;
    const auto add = [&](account_id account, const chain_ends& ends) {
        is_empty = false;
        ids.add(account);
        last_debits.add(ends.debit);
        last_credits.add(ends.credit);
    };
    for (const account_change& account : changes.accounts) {
        add(account.id, chain_.take_ends(account.id));
        debits.add(account.after.debits_posted);
        credits.add(account.after.credits_posted);
    }
    // A pending withdrawal moves the ends of the chains but changes no totals.
    chain_.take_others([&](account_id account, const chain_ends& ends) {
        add(account, ends);
        debits.add_null();
        credits.add_null();
    });
    if (is_empty) return;
    queue(update_accounts,
          {ids.finish(), debits.finish(), credits.finish(), last_debits.finish(), last_credits.finish()});
}

void pipeline::queue_events(const changes& changes, ilp::timestamp time) {
    const std::string now = std::to_string(time.time_since_epoch().count());
    const auto first_due_of = [time](const event_record& event) { return event.is_open ? due_of_open_events : time; };
    if (!changes.new_events.empty()) {
        postgres_array uuids;
        postgres_array types;
        postgres_array data;
        postgres_array dues;
        postgres_array accounts;
        for (const event_record& event : changes.new_events) {
            uuids.add(event.uuid);
            types.add(event.type);
            data.add(event.data);
            dues.add(first_due_of(event));
            accounts.add(event.receiving_account);
        }
        queue(insert_events,
              {uuids.finish(), types.finish(), data.finish(), dues.finish(), accounts.finish(), now.c_str()});
    }
    const std::string due_while_open = std::to_string(due_of_open_events.time_since_epoch().count());
    for (const bool are_open : {true, false}) {
        postgres_array uuids;
        postgres_array data;
        bool is_empty = true;
        for (const event_record& event : changes.changed_events) {
            if (event.is_open != are_open) continue;
            is_empty = false;
            uuids.add(event.uuid);
            data.add(event.data);
        }
        if (is_empty) continue;
        if (are_open) {
            queue(change_events, {uuids.finish(), data.finish(), due_while_open.c_str()});
        } else {
            queue(close_events, {uuids.finish(), data.finish(), due_while_open.c_str(), now.c_str()});
        }
    }
    // One statement per attempt, because the same event may occur twice.
    for (const event_attempt& attempt : changes.event_attempts) {
        if (attempt.delivered) {
            queue(event_delivered, {attempt.uuid.c_str(), now.c_str()});
        } else if (attempt.due) {
            queue(event_failed,
                  {attempt.uuid.c_str(), std::to_string(attempt.due->time_since_epoch().count()).c_str()});
        } else {
            queue(event_failed, {attempt.uuid.c_str(), nullptr});
        }
    }
}

void pipeline::queue_answers(const changes& changes) {
    if (changes.forget_answers_before) {
        queue(forget_answers, {std::to_string(changes.forget_answers_before->time_since_epoch().count()).c_str()});
    }
    if (changes.new_answers.empty()) return;
    postgres_array keys;
    postgres_array requests;
    postgres_array answers;
    postgres_array times;
    for (const idempotency_record& answer : changes.new_answers) {
        keys.add(answer.key);
        requests.add(answer.request);
        answers.add(answer.answer);
        times.add(answer.kept_at);
    }
    queue(insert_answers, {keys.finish(), requests.finish(), answers.finish(), times.finish()});
}

void pipeline::queue_outcomes(const changes& changes, const char* now) {
    if (changes.new_split_outcomes.empty()) return;
    queue(forget_outcomes, {now, std::to_string(old_outcomes_max(changes)).c_str()});
    postgres_array peers;
    postgres_array ids;
    postgres_array fulfills;
    postgres_array ends;
    for (const split_outcome& outcome : changes.new_split_outcomes) {
        peers.add(outcome.peer);
        ids.add(ilp::bytes_view{outcome.id});
        fulfills.add(ilp::bytes_view{outcome.fulfill});
        ends.add(outcome.until);
    }
    queue(insert_outcomes, {peers.finish(), ids.finish(), fulfills.finish(), ends.finish()});
}

void pipeline::queue_flights(const changes& changes) {
    if (changes.changed_flights.empty()) return;
    postgres_array accounts;
    postgres_array ceilings;
    postgres_array doubts;
    postgres_array forgotten;
    bool keeps = false;
    bool forgets = false;
    for (const auto& [account, ceiling, doubt] : changes.changed_flights) {
        if (ceiling == 0 && doubt == 0) {
            forgotten.add(account);
            forgets = true;
        } else {
            accounts.add(account);
            ceilings.add(wide_amount{ceiling});
            doubts.add(wide_amount{doubt});
            keeps = true;
        }
    }
    if (keeps) queue(keep_flights, {accounts.finish(), ceilings.finish(), doubts.finish()});
    if (forgets) queue(forget_flights, {forgotten.finish()});
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
    return changes.new_assets.size() + changes.changed_assets.size() + changes.new_peers.size() +
           changes.changed_peers.size() + changes.new_receiving_accounts.size() +
           changes.changed_receiving_accounts.size() + changes.postings.size() + changes.new_transfers.size() +
           changes.ended_transfers.size() + changes.new_payments.size() + changes.changed_payments.size() +
           changes.advanced_payments.size() + changes.accounts.size() + changes.new_events.size() +
           changes.changed_events.size() + changes.event_attempts.size() + changes.new_answers.size() +
           changes.new_split_outcomes.size() + changes.changed_flights.size();
}

}  // namespace

void prepare_postgres_commits(postgres_connection& session) {
    session.start_pipeline();
    for (const statement* const each : all_statements) session.prepare(each->name, each->sql);
    session.finish_pipeline();
}

void write_postgres_commit(postgres_connection& session, const changes& changes, const postgres_position& next,
                           std::chrono::milliseconds lease_time, transfer_chain& chain) {
    const ilp::timestamp time = ilp::wall_clock();
    const std::string now = std::to_string(time.time_since_epoch().count());
    pipeline pipeline{session, chain};
    pipeline.queue(begin_commit, {});
    pipeline.queue(count_commit, {std::to_string(next.last_commit).c_str(), std::to_string(next.epoch).c_str(),
                                  std::to_string(lease_time.count()).c_str()});
    pipeline.queue_assets(changes);
    pipeline.queue_accounts_of_owners(changes);
    pipeline.queue_peers(changes);
    pipeline.queue_receivers(changes);
    if (!changes.new_peers.empty() || !changes.new_receiving_accounts.empty() || next.last_commit % plan_age_max == 1)
        pipeline.queue(discard_plans, {});
    pipeline.queue_transfers(changes, now.c_str());
    pipeline.queue_payments(changes);
    pipeline.queue_accounts(changes);
    pipeline.queue_events(changes, time);
    pipeline.queue_answers(changes);
    pipeline.queue_outcomes(changes, now.c_str());
    pipeline.queue_flights(changes);
    pipeline.queue(end_commit, {});
    pipeline.finish(postgres_connection::silence_max + time_per_row_max * rows_of(changes));
}

}  // namespace peering
