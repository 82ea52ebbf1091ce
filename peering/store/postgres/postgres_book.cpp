#include "peering/store/postgres/postgres_book.hpp"

#include "ilp/clock.hpp"
#include "peering/records/text.hpp"
#include "peering/store/postgres/postgres_array.hpp"
#include "peering/store/postgres/postgres_connection.hpp"
#include "peering/store/postgres/postgres_schema.hpp"
#include "peering/store/record_text.hpp"
#include "peering/store/stored_values.hpp"
#include "peering/store/terms_json.hpp"
#include "peering/store/transfer_chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace peering {
namespace {

using stored = stored_values<postgres_misfit>;

ilp::timestamp time_of(const postgres_result& result, int row, int column) {
    return ilp::timestamp{std::chrono::milliseconds{result.integer(row, column)}};
}

std::optional<ilp::timestamp> optional_time_of(const postgres_result& result, int row, int column) {
    if (result.is_null(row, column)) return std::nullopt;
    return time_of(result, row, column);
}

/// Reads id, debits_posted and credits_posted from three columns.
account_record read_account(const postgres_result& result, int row, int column, account_kind kind,
                            std::string_view owner) {
    const auto id = result.is_null(row, column) ? std::nullopt : std::optional{result.integer(row, column)};
    return stored::account_of(id, result.text(row, column + 1), result.text(row, column + 2), kind, owner);
}

constexpr const char* transfer_columns = "uuid, kind, state, debit_account, credit_account, amount, expires_at";

constexpr const char* event_columns = "uuid, type, data, receiving_account";

event_record read_event(const postgres_result& result, int row) {
    return {.uuid = std::string{result.text(row, 0)},
            .type = std::string{result.text(row, 1)},
            .data = std::string{result.text(row, 2)},
            .receiving_account = std::string{result.text(row, 3)}};
}

transfer_record read_transfer(const postgres_result& result, int row) {
    transfer_record transfer;
    transfer.uuid = result.text(row, 0);
    transfer.kind = stored::kind_of(result.text(row, 1));
    transfer.state = stored::state_of(result.text(row, 2));
    transfer.debit = stored::account_of_transfer(result.integer(row, 3));
    transfer.credit = stored::account_of_transfer(result.integer(row, 4));
    transfer.amount = stored::amount_of(result.text(row, 5), transfer.uuid);
    transfer.expires_at = optional_time_of(result, row, 6);
    return transfer;
}

constexpr const char* payment_columns =
    "id, uuid, account_id, receiver, fixed_delivery, amount, slippage, created_at, status, send_max, minimum, "
    "expected, "
    "failure, ended_at, sent, delivered, at_most";

payment_record read_payment(const postgres_result& rows, int row) {
    payment_record payment;
    payment.number = static_cast<std::uint64_t>(rows.integer(row, 0));
    payment.uuid = rows.text(row, 1);
    payment.account = account_id{stored::id_of(rows.integer(row, 2), "payments")};
    payment.receiver = rows.text(row, 3);
    payment.is_fixed_delivery = rows.boolean(row, 4);
    payment.amount = stored::amount_of_payment(rows.text(row, 5), payment.uuid);
    payment.slippage = stored::slippage_of(rows.integer(row, 6), payment.uuid);
    payment.created_at = time_of(rows, row, 7);
    payment.standing.status = stored::payment_status_of(rows.text(row, 8), payment.uuid);
    if (!rows.is_null(row, 9)) {
        payment.standing.offer = payment_offer{.send_max = stored::amount_of_payment(rows.text(row, 9), payment.uuid),
                                               .minimum = stored::ratio_of(rows.text(row, 10), payment.uuid),
                                               .expected = stored::ratio_of(rows.text(row, 11), payment.uuid)};
    }
    payment.standing.failure = rows.text(row, 12);
    payment.standing.ended_at = optional_time_of(rows, row, 13);
    payment.sent = stored::amount_of_payment(rows.text(row, 14), payment.uuid);
    payment.delivered = stored::amount_of_payment(rows.text(row, 15), payment.uuid);
    if (!rows.is_null(row, 16)) payment.at_most = stored::amount_of_payment(rows.text(row, 16), payment.uuid);
    return payment;
}

/// Reads the terms from the given column; null leaves them as they are.
void read_terms(const postgres_result& result, int row, int column, std::string_view owner, auto& terms) {
    if (result.is_null(row, column) || read_json(result.text(row, column), terms)) return;
    throw postgres_failure{fmt::format("the terms of {} are damaged: restore a backup", owner)};
}

/// Runs `sql` through a cursor, and calls each_row(result, row) for its rows, which are fetched in portions. Requires
/// an open transaction.
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

/// Calls asset_read(record) for each asset, then peer_read(record) for each peer, then receiver_read(record) for each
/// receiving account, all by ascending id. Requires an open transaction.
template <class Asset, class Peer, class Receiver>
void read_accounts(postgres_connection& session, Asset asset_read, Peer peer_read, Receiver receiver_read) {
    std::int64_t expected = 0;
    for_each_row(session,
                 "SELECT a.id, a.uuid, a.code, a.scale, l.id, l.debits_posted, l.credits_posted, s.id, "
                 "s.debits_posted, s.credits_posted, a.created_at, a.origin, a.terms, a.deleted_at FROM assets a "
                 "LEFT JOIN accounts l ON l.asset_id = a.id AND l.kind = 'asset_liquidity' "
                 "LEFT JOIN accounts s ON s.asset_id = a.id AND s.kind = 'settlement' ORDER BY a.id",
                 [&](const postgres_result& rows, int row) {
                     asset_record asset;
                     asset.id = stored::id_of(rows.integer(row, 0), "assets");
                     asset.uuid = rows.text(row, 1);
                     asset.code = rows.text(row, 2);
                     asset.scale = static_cast<std::uint8_t>(rows.integer(row, 3));
                     const std::string owner = "asset " + asset_text(asset.code, asset.scale);
                     asset.liquidity = read_account(rows, row, 4, account_kind::asset_liquidity, owner);
                     asset.settlement = read_account(rows, row, 7, account_kind::settlement, owner);
                     asset.created_at = time_of(rows, row, 10);
                     asset.terms.origin = stored::origin_of(rows.text(row, 11), owner);
                     read_terms(rows, row, 12, owner, asset.terms);
                     asset.terms.deleted_at = optional_time_of(rows, row, 13);
                     asset_read(std::move(asset));
                     expected += 2;
                 });
    for_each_row(session,
                 "SELECT p.id, p.uuid, p.name, p.ilp_address, p.asset_id, a.id, a.debits_posted, a.credits_posted, "
                 "p.created_at, p.origin, p.enabled, p.terms, p.deleted_at FROM peers p LEFT JOIN accounts a ON a.id = "
                 "p.account_id AND a.asset_id = p.asset_id AND "
                 "a.kind = 'peer_liquidity' ORDER BY p.id",
                 [&](const postgres_result& rows, int row) {
                     peer_record peer;
                     peer.id = stored::id_of(rows.integer(row, 0), "peers");
                     peer.uuid = rows.text(row, 1);
                     if (!rows.is_null(row, 2)) peer.terms.name = rows.text(row, 2);
                     peer.terms.ilp_address = rows.text(row, 3);
                     peer.asset_id = stored::id_of(rows.integer(row, 4), "assets");
                     const std::string owner = fmt::format("peer {}", shown_name(peer.terms));
                     peer.liquidity = read_account(rows, row, 5, account_kind::peer_liquidity, owner);
                     peer.created_at = time_of(rows, row, 8);
                     peer.terms.origin = stored::origin_of(rows.text(row, 9), owner);
                     peer.terms.enabled = rows.boolean(row, 10);
                     read_terms(rows, row, 11, owner, peer.terms);
                     peer.terms.deleted_at = optional_time_of(rows, row, 12);
                     peer_read(std::move(peer));
                     expected += 1;
                 });
    for_each_row(session,
                 "SELECT r.id, r.uuid, r.name, r.public_name, r.asset_id, a.id, a.debits_posted, a.credits_posted, "
                 "r.created_at, r.origin, r.enabled, r.deleted_at FROM receiving_accounts r LEFT JOIN accounts a ON "
                 "a.id = r.account_id AND a.asset_id = r.asset_id AND a.kind = 'receiving' ORDER BY r.id",
                 [&](const postgres_result& rows, int row) {
                     receiving_account_record receiver;
                     receiver.id = stored::id_of(rows.integer(row, 0), "receiving_accounts");
                     receiver.uuid = rows.text(row, 1);
                     receiver.terms.name = rows.text(row, 2);
                     if (!rows.is_null(row, 3)) receiver.terms.public_name = rows.text(row, 3);
                     receiver.asset_id = stored::id_of(rows.integer(row, 4), "assets");
                     const std::string owner = fmt::format("receiving account {}", receiver.terms.name);
                     receiver.liquidity = read_account(rows, row, 5, account_kind::receiving, owner);
                     receiver.created_at = time_of(rows, row, 8);
                     receiver.terms.origin = stored::origin_of(rows.text(row, 9), owner);
                     receiver.terms.enabled = rows.boolean(row, 10);
                     receiver.terms.deleted_at = optional_time_of(rows, row, 11);
                     receiver_read(std::move(receiver));
                     expected += 1;
                 });
    if (session.run("SELECT count(*) FROM accounts").integer(0, 0) != expected) {
        throw postgres_failure{
            "there are accounts that belong to no asset, peer or receiving account: restore a backup"};
    }
}

constexpr const char* read_all = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

}  // namespace

catalogue load_postgres_catalogue(postgres_connection& session) {
    session.run(read_all);
    catalogue loaded;
    read_accounts(
        session, [&](asset_record asset) { loaded.assets.push_back(std::move(asset)); },
        [&](peer_record peer) { loaded.peers.push_back(std::move(peer)); },
        [&](receiving_account_record receiver) { loaded.receiving_accounts.push_back(std::move(receiver)); });
    for_each_row(
        session, fmt::format("SELECT {} FROM transfers WHERE state = 'pending' ORDER BY id", transfer_columns),
        [&](const postgres_result& rows, int row) { loaded.pending_withdrawals.push_back(read_transfer(rows, row)); });
    for_each_row(
        session, fmt::format("SELECT {} FROM payments WHERE ended_at IS NULL ORDER BY id", payment_columns),
        [&](const postgres_result& rows, int row) { loaded.open_payments.push_back(read_payment(rows, row)); });
    loaded.last_payment =
        static_cast<std::uint64_t>(session.run("SELECT coalesce(max(id), 0) FROM payments").integer(0, 0));
    // Each half has an index.
    for_each_row(session,
                 fmt::format("SELECT {0} FROM events WHERE due = {1} AND receiving_account IS NULL "
                             "UNION ALL SELECT {0} FROM events WHERE due = {1} AND receiving_account IS NOT NULL",
                             event_columns, due_of_open_events.time_since_epoch().count()),
                 [&](const postgres_result& rows, int row) {
                     loaded.open_events.push_back(read_event(rows, row));
                     loaded.open_events.back().is_open = true;
                 });
    for_each_row(session,
                 fmt::format("SELECT '', count(*) FROM events WHERE due < {0} AND receiving_account IS NULL "
                             "UNION ALL SELECT receiving_account, count(*) FROM events "
                             "WHERE due < {0} AND receiving_account IS NOT NULL GROUP BY receiving_account",
                             due_of_open_events.time_since_epoch().count()),
                 [&](const postgres_result& rows, int row) {
                     loaded.pending_events.push_back(
                         {std::string{rows.text(row, 0)}, static_cast<std::uint64_t>(rows.integer(row, 1))});
                 });
    for_each_row(session,
                 fmt::format("SELECT peer_id, split_id, fulfill, until FROM split_outcomes WHERE until >= {}",
                             ilp::wall_clock().time_since_epoch().count()),
                 [&](const postgres_result& rows, int row) {
                     loaded.split_outcomes.push_back({.peer = stored::id_of(rows.integer(row, 0), "split_outcomes"),
                                                      .id = stored::split_id_of(rows.octets(row, 1)),
                                                      .fulfill = rows.octets(row, 2),
                                                      .until = time_of(rows, row, 3)});
                 });
    for_each_row(
        session, "SELECT account_id, ceiling, doubt FROM flights ORDER BY account_id",
        [&](const postgres_result& rows, int row) {
            loaded.flights.push_back(stored::flight_of(rows.integer(row, 0), rows.text(row, 1), rows.text(row, 2)));
        });
    session.run("COMMIT");
    return loaded;
}

std::optional<transfer_record> find_postgres_transfer(postgres_connection& session, const std::string& uuid) {
    const postgres_result found = session.query(
        fmt::format("SELECT {} FROM transfers WHERE uuid = $1", transfer_columns).c_str(), {uuid.c_str()});
    return found.rows() == 0 ? std::nullopt : std::optional{read_transfer(found, 0)};
}

std::vector<pending_event> load_postgres_events(postgres_connection& session, event_line line, std::size_t limit) {
    const postgres_result rows = session.query(
        fmt::format("SELECT {}, attempts, due FROM events WHERE due < $2::bigint AND receiving_account IS {} "
                    "ORDER BY due, id LIMIT $1::bigint",
                    event_columns, line == event_line::payments ? "NOT NULL" : "NULL")
            .c_str(),
        {std::to_string(limit).c_str(), std::to_string(due_of_open_events.time_since_epoch().count()).c_str()});
    std::vector<pending_event> events;
    events.reserve(static_cast<std::size_t>(rows.rows()));
    for (int row = 0; row < rows.rows(); ++row) {
        events.push_back(
            {read_event(rows, row), static_cast<std::uint32_t>(rows.integer(row, 4)), time_of(rows, row, 5)});
    }
    return events;
}

void load_postgres_chain(postgres_connection& session, transfer_chain& chain) {
    session.run(read_all);
    chain.restore(static_cast<std::uint64_t>(session.run("SELECT coalesce(max(id), 0) FROM transfers").integer(0, 0)));
    for_each_row(session, "SELECT id, last_debit_transfer, last_credit_transfer FROM accounts",
                 [&](const postgres_result& rows, int row) {
                     chain.restore(account_id{stored::id_of(rows.integer(row, 0), "accounts")},
                                   {static_cast<std::uint64_t>(rows.integer(row, 1)),
                                    static_cast<std::uint64_t>(rows.integer(row, 2))});
                 });
    session.run("COMMIT");
}

std::int64_t postgres_summed_up_to(postgres_connection& session) {
    const postgres_result found = session.run("SELECT summed_up_to FROM history");
    if (found.rows() != 1) throw postgres_failure{"the table history is damaged: restore a backup"};
    return found.integer(0, 0);
}

namespace {

/// What read_listed() reads.
constexpr const char* listed_columns =
    "id, uuid, kind, state, debit_account, credit_account, amount, packets, created_at, expires_at, sum_of_day";

listed_transfer read_listed(const postgres_result& rows, int row) {
    listed_transfer transfer;
    transfer.number = static_cast<std::uint64_t>(rows.integer(row, 0));
    transfer.uuid = rows.text(row, 1);
    if (!rows.is_null(row, 2)) transfer.kind = stored::kind_of(rows.text(row, 2));
    transfer.state = stored::state_of(rows.text(row, 3));
    transfer.debit = stored::account_of_transfer(rows.integer(row, 4));
    transfer.credit = stored::account_of_transfer(rows.integer(row, 5));
    const auto amount = parse_wide_amount(rows.text(row, 6));
    if (!amount) throw postgres_failure{fmt::format("transfer {} has an invalid amount", rows.text(row, 0))};
    transfer.amount = *amount;
    transfer.packets = static_cast<std::uint64_t>(rows.integer(row, 7));
    transfer.created_at = time_of(rows, row, 8);
    transfer.expires_at = optional_time_of(rows, row, 9);
    transfer.sum_of_day = optional_time_of(rows, row, 10);
    return transfer;
}

/// The columns of one side of an account's history.
struct side_names {
    const char* last;
    const char* previous;
    const char* account;
};

side_names names_of(account_side side) {
    return side == account_side::debit ? side_names{"last_debit_transfer", "previous_of_debit", "debit_account"}
                                       : side_names{"last_credit_transfer", "previous_of_credit", "credit_account"};
}

/// The number of the row with which a list begins; 0 if it is empty.
std::int64_t begin_of_list(postgres_connection& session, account_id account, const side_names& names,
                           std::optional<std::uint64_t> from) {
    const std::int64_t owner = std::to_underlying(account);
    if (!from) {
        const postgres_result last =
            session.run(fmt::format("SELECT {} FROM accounts WHERE id = {}", names.last, owner));
        return last.rows() == 0 ? 0 : last.integer(0, 0);
    }
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    const auto begin = static_cast<std::int64_t>(std::min(*from, largest));
    const postgres_result row =
        session.run(fmt::format("SELECT {} FROM transfers WHERE id = {}", names.account, begin));
    if (row.rows() > 0) return row.integer(0, 0) == owner ? begin : 0;
    return begin <= postgres_summed_up_to(session) ? begin : 0;  // summed up after the caller has seen it
}

}  // namespace

// These statements contain the numbers that a plan depends on as literals: with parameters, the server would make a
// plan for any number.

std::vector<listed_transfer> list_postgres_transfers(postgres_connection& session, account_id account,
                                                     account_side side, std::size_t limit,
                                                     std::optional<std::uint64_t> from) {
    const side_names names = names_of(side);
    std::vector<listed_transfer> listed;
    if (limit == 0) return listed;
    std::int64_t next = begin_of_list(session, account, names, from);
    if (next == 0) return listed;
    // LATERAL and LIMIT make the server follow the chain row by row, whatever it assumes about the size of the table.
    const postgres_result chain = session.run(
        fmt::format("WITH RECURSIVE chain AS ("
                    "SELECT t.*, 1::bigint AS place FROM transfers t WHERE t.id = {3} "
                    "UNION ALL SELECT t.*, c.place + 1 FROM chain c "
                    "CROSS JOIN LATERAL (SELECT * FROM transfers WHERE id = c.{1} LIMIT 1) t WHERE c.place < {2}) "
                    "SELECT {0}, {1} FROM chain ORDER BY place LIMIT {2}",
                    listed_columns, names.previous, stored::row_limit(limit), next));
    for (int row = 0; row < chain.rows(); ++row) {
        listed.push_back(read_listed(chain, row));
        next = chain.integer(row, 11);
    }
    if (next == 0 || listed.size() == limit) return listed;
    // Row `next` was summed up, and with it every row of packets before it.
    const postgres_result kept = session.run(fmt::format(
        "SELECT {} FROM transfers WHERE {} = {} AND id <= {} AND (uuid IS NOT NULL OR sum_of_day IS NOT "
        "NULL) ORDER BY id DESC LIMIT {}",
        listed_columns, names.account, std::to_underlying(account), next, stored::row_limit(limit - listed.size())));
    for (int row = 0; row < kept.rows(); ++row) listed.push_back(read_listed(kept, row));
    return listed;
}

void list_postgres_history(postgres_connection& session, std::uint64_t after, std::uint64_t last, std::size_t limit,
                           const std::function<bool(const listed_transfer&)>& each) {
    const postgres_result rows =
        session.run(fmt::format("SELECT {} FROM transfers WHERE id > {} AND id <= {} ORDER BY id LIMIT {}",
                                listed_columns, after, last, stored::row_limit(limit)));
    for (int row = 0; row < rows.rows(); ++row) {
        if (!each(read_listed(rows, row))) return;
    }
}

std::optional<std::vector<listed_event>> list_postgres_events(postgres_connection& session, const event_query& query) {
    std::string within = fmt::format(" AND due IS DISTINCT FROM {}", due_of_open_events.time_since_epoch().count());
    // Returns false if there is no such event.
    const auto bound = [&](const std::optional<std::string>& uuid, bool from_above) {
        if (!uuid) return true;
        if (uuid->contains('\0')) return false;
        const postgres_result found = session.query("SELECT id FROM events WHERE uuid = $1", {uuid->c_str()});
        if (found.rows() == 0) return false;
        within += fmt::format(" AND id {} {}", from_above ? '<' : '>', found.integer(0, 0));
        return true;
    };
    if (!bound(query.after, query.newest_first) || !bound(query.before, !query.newest_first)) return std::nullopt;
    postgres_array types;
    postgres_array not_types;
    for (const std::string& type : query.types) types.add(type);
    for (const std::string& type : query.not_types) not_types.add(type);
    const bool is_backwards = query.newest_first != query.from_the_end;
    const postgres_result rows = session.query(
        fmt::format("SELECT uuid, type, data, created_at, attempts, due, delivered_at FROM events "
                    "WHERE (cardinality($1::text[]) = 0 OR type = ANY ($1)) AND type <> ALL ($2::text[]){} "
                    "ORDER BY id {} LIMIT {}",
                    within, is_backwards ? "DESC" : "ASC", stored::row_limit(query.limit))
            .c_str(),
        {types.finish(), not_types.finish()});
    std::vector<listed_event> page;
    page.reserve(static_cast<std::size_t>(rows.rows()));
    for (int row = 0; row < rows.rows(); ++row) {
        page.push_back(
            {{std::string{rows.text(row, 0)}, std::string{rows.text(row, 1)}, std::string{rows.text(row, 2)}},
             time_of(rows, row, 3),
             static_cast<std::uint32_t>(rows.integer(row, 4)),
             optional_time_of(rows, row, 5),
             optional_time_of(rows, row, 6)});
    }
    if (query.from_the_end) std::ranges::reverse(page);
    return page;
}

std::optional<payment_record> find_postgres_payment(postgres_connection& session, const std::string& uuid) {
    if (uuid.contains('\0')) return std::nullopt;
    const postgres_result found =
        session.query(fmt::format("SELECT {} FROM payments WHERE uuid = $1", payment_columns).c_str(), {uuid.c_str()});
    return found.rows() == 0 ? std::nullopt : std::optional{read_payment(found, 0)};
}

std::optional<std::vector<payment_record>> list_postgres_payments(postgres_connection& session,
                                                                  const payment_query& query) {
    std::string within;
    // Returns false if there is no such payment.
    const auto bound = [&](const std::optional<std::string>& uuid, bool from_above) {
        if (!uuid) return true;
        if (uuid->contains('\0')) return false;
        const postgres_result found = session.query("SELECT id FROM payments WHERE uuid = $1", {uuid->c_str()});
        if (found.rows() == 0) return false;
        within += fmt::format(" AND id {} {}", from_above ? '<' : '>', found.integer(0, 0));
        return true;
    };
    if (!bound(query.after, query.newest_first) || !bound(query.before, !query.newest_first)) return std::nullopt;
    if (query.account) within += fmt::format(" AND account_id = {}", std::to_underlying(*query.account));
    const bool is_backwards = query.newest_first != query.from_the_end;
    const postgres_result rows =
        session.run(fmt::format("SELECT {} FROM payments WHERE true{} ORDER BY id {} LIMIT {}", payment_columns, within,
                                is_backwards ? "DESC" : "ASC", stored::row_limit(query.limit)));
    std::vector<payment_record> page;
    page.reserve(static_cast<std::size_t>(rows.rows()));
    for (int row = 0; row < rows.rows(); ++row) page.push_back(read_payment(rows, row));
    if (query.from_the_end) std::ranges::reverse(page);
    return page;
}

std::optional<idempotency_record> find_postgres_answer(postgres_connection& session, const std::string& key) {
    if (key.contains('\0')) return std::nullopt;  // the server cannot store such a key
    const postgres_result found =
        session.query("SELECT request, answer, kept_at FROM answers WHERE key = $1", {key.c_str()});
    if (found.rows() == 0) return std::nullopt;
    return idempotency_record{key, std::string{found.text(0, 0)}, std::string{found.text(0, 1)}, time_of(found, 0, 2)};
}

void visit_postgres_accounts(postgres_connection& session, const postgres_account_callback& each) {
    std::unordered_map<std::uint32_t, std::string> names;
    read_accounts(
        session,
        [&](const asset_record& asset) {
            const std::string& name = names.emplace(asset.id, asset_text(asset.code, asset.scale)).first->second;
            each(asset.liquidity, "liquidity of asset " + name, name);
            each(asset.settlement, "settlement of asset " + name, name);
        },
        [&](const peer_record& peer) {
            each(peer.liquidity, fmt::format("liquidity of peer {}", shown_name(peer.terms)), names[peer.asset_id]);
        },
        [&](const receiving_account_record& receiver) {
            each(receiver.liquidity, owner_text(receiver.terms), names[receiver.asset_id]);
        });
}

void must_have_postgres_schema(postgres_connection& session) {
    const std::optional<std::int64_t> version = postgres_version_of(session);
    if (!version) throw postgres_failure{"the database has no ilpd tables: check store.url"};
    if (*version != postgres_schema_version) {
        throw postgres_failure{
            fmt::format("the database has schema version {}, but this ilpd reads version {}: start ilpd once to "
                        "migrate it, or use the ilpd that wrote it",
                        *version, postgres_schema_version)};
    }
}

void visit_postgres_book(postgres_connection& session, book_visitor& visitor) {
    session.run(read_all);
    must_have_postgres_schema(session);
    visit_postgres_accounts(session, [&](const account_record& account, std::string_view owner,
                                         std::string_view asset) { visitor.account(account, owner, asset); });
    for_each_row(session, "SELECT debit_account, credit_account, amount, state, id FROM transfers ORDER BY id",
                 [&](const postgres_result& rows, int row) {
                     const auto amount = parse_wide_amount(rows.text(row, 2));
                     if (!amount) {
                         throw postgres_failure{fmt::format("transfer {} has an invalid amount", rows.text(row, 4))};
                     }
                     visitor.transfer(stored::account_of_transfer(rows.integer(row, 0)),
                                      stored::account_of_transfer(rows.integer(row, 1)), *amount,
                                      stored::state_of(rows.text(row, 3)));
                 });
    session.run("COMMIT");
}

}  // namespace peering
