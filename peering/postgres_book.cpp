#include "peering/postgres_book.hpp"

#include "peering/postgres_connection.hpp"
#include "peering/postgres_schema.hpp"
#include "peering/record_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace peering {
namespace {

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
        return {fmt::format("the {} account of {} {}: restore a backup", to_text(kind), owner, what)};
    };
    if (result.is_null(row, column)) throw refuse("is missing");
    const std::int64_t id = result.integer(row, column);
    const std::optional<wide_amount> debits = parse_wide_amount(result.text(row, column + 1));
    const std::optional<wide_amount> credits = parse_wide_amount(result.text(row, column + 2));
    if (!debits || !credits) throw refuse(fmt::format("(id {}) has totals that are no amounts", id));
    return {account_id{id_of(id, "accounts")}, kind, {*debits, *credits}};
}

transfer_state state_of(std::string_view text) {
    const auto state = parse_transfer_state(text);
    if (!state) throw postgres_failure{fmt::format("a transfer has the unknown state '{}'", text)};
    return *state;
}

constexpr const char* transfer_columns = "uuid, kind, state, debit_account, credit_account, amount, expires_at";

transfer_record read_transfer(const postgres_result& result, int row) {
    transfer_record transfer;
    transfer.uuid = result.text(row, 0);
    transfer.kind = result.text(row, 1) == "deposit" ? transfer_kind::deposit : transfer_kind::withdrawal;
    transfer.state = state_of(result.text(row, 2));
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

constexpr const char* read_all = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

}  // namespace

catalogue load_postgres_catalogue(postgres_connection& session) {
    session.run(read_all);
    catalogue loaded;
    read_accounts(
        session, [&](asset_record asset) { loaded.assets.push_back(std::move(asset)); },
        [&](peer_record peer) { loaded.peers.push_back(std::move(peer)); });
    for_each_row(
        session, fmt::format("SELECT {} FROM transfers WHERE state = 'pending' ORDER BY id", transfer_columns),
        [&](const postgres_result& rows, int row) { loaded.pending_withdrawals.push_back(read_transfer(rows, row)); });
    session.run("COMMIT");
    return loaded;
}

std::optional<transfer_record> find_postgres_transfer(postgres_connection& session, const std::string& uuid) {
    const postgres_result found = session.query(
        fmt::format("SELECT {} FROM transfers WHERE uuid = $1", transfer_columns).c_str(), {uuid.c_str()});
    return found.rows() == 0 ? std::nullopt : std::optional{read_transfer(found, 0)};
}

std::vector<pending_event> load_postgres_events(postgres_connection& session, std::size_t limit) {
    const postgres_result rows = session.query(
        "SELECT uuid, type, data, attempts, due FROM events WHERE due IS NOT NULL ORDER BY due, id LIMIT $1::bigint",
        {std::to_string(limit).c_str()});
    std::vector<pending_event> events;
    events.reserve(static_cast<std::size_t>(rows.rows()));
    for (int row = 0; row < rows.rows(); ++row) {
        events.push_back(
            {{std::string{rows.text(row, 0)}, std::string{rows.text(row, 1)}, std::string{rows.text(row, 2)}},
             static_cast<std::uint32_t>(rows.integer(row, 3)),
             ilp::timestamp{std::chrono::milliseconds{rows.integer(row, 4)}}});
    }
    return events;
}

std::uint64_t count_postgres_events(postgres_connection& session) {
    return static_cast<std::uint64_t>(session.run("SELECT count(*) FROM events WHERE due IS NOT NULL").integer(0, 0));
}

void show_postgres_book(postgres_connection& session, book_visitor& visitor) {
    session.run(read_all);
    const std::optional<std::int64_t> version = postgres_version_of(session);
    if (!version) throw postgres_failure{"the database has no tables of ilpd"};
    if (*version != postgres_schema_version) {
        throw postgres_failure{
            fmt::format("the database has schema version {}, this ilpd reads {}", *version, postgres_schema_version)};
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
                             state_of(rows.text(row, 3)));
        });
    session.run("COMMIT");
}

}  // namespace peering
