#include "peering/store/sqlite/sqlite_book.hpp"

#include "ilp/clock.hpp"
#include "peering/records/text.hpp"
#include "peering/store/record_text.hpp"
#include "peering/store/sqlite/sqlite_connection.hpp"
#include "peering/store/stored_values.hpp"
#include "peering/store/terms_json.hpp"
#include "peering/store/transfer_chain.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace peering::sqlite {
namespace {

using stored = stored_values<failure>;

/// Reads id, debits_posted and credits_posted from three columns.
account_record read_account(const statement& row, int column, account_kind kind, std::string_view owner) {
    const auto id = row.is_null(column) ? std::nullopt : std::optional{row.integer(column)};
    return stored::account_of(id, row.text(column + 1), row.text(column + 2), kind, owner);
}

/// Reads the terms from the given column; null leaves them as they are.
void read_terms(const statement& row, int column, std::string_view owner, auto& terms) {
    if (row.is_null(column) || read_json(row.text(column), terms)) return;
    throw failure{fmt::format("the terms of {} are damaged: restore a backup", owner)};
}

/// Calls asset_read(record) for each asset, then peer_read(record) for each peer, then receiver_read(record) for each
/// receiving account, all by ascending id.
template <class Asset, class Peer, class Receiver>
void read_accounts(connection& db, Asset asset_read, Peer peer_read, Receiver receiver_read) {
    statement assets{db,
                     "SELECT a.id, a.uuid, a.code, a.scale, l.id, l.debits_posted, l.credits_posted, s.id, "
                     "s.debits_posted, s.credits_posted, a.created_at, a.origin, a.terms, a.deleted_at FROM assets a "
                     "LEFT JOIN accounts l ON l.asset_id = a.id AND l.kind = 'asset_liquidity' "
                     "LEFT JOIN accounts s ON s.asset_id = a.id AND s.kind = 'settlement' ORDER BY a.id"};
    std::uint64_t expected = 0;
    assets.for_each([&] {
        asset_record asset;
        asset.id = stored::id_of(assets.integer(0), "assets");
        asset.uuid = assets.text(1);
        asset.code = assets.text(2);
        asset.scale = static_cast<std::uint8_t>(assets.integer(3));
        const std::string owner = "asset " + asset_text(asset.code, asset.scale);
        asset.liquidity = read_account(assets, 4, account_kind::asset_liquidity, owner);
        asset.settlement = read_account(assets, 7, account_kind::settlement, owner);
        asset.created_at = ilp::timestamp{std::chrono::milliseconds{assets.integer(10)}};
        asset.terms.origin = stored::origin_of(assets.text(11), owner);
        read_terms(assets, 12, owner, asset.terms);
        asset.terms.deleted_at = assets.time(13);
        asset_read(std::move(asset));
        expected += 2;
    });
    statement peers{db,
                    "SELECT p.id, p.uuid, p.name, p.ilp_address, p.asset_id, a.id, a.debits_posted, "
                    "a.credits_posted, p.created_at, p.origin, p.enabled, p.terms, p.deleted_at FROM peers p LEFT JOIN "
                    "accounts a ON a.id = p.account_id AND "
                    "a.asset_id = p.asset_id AND a.kind = 'peer_liquidity' ORDER BY p.id"};
    peers.for_each([&] {
        peer_record peer;
        peer.id = stored::id_of(peers.integer(0), "peers");
        peer.uuid = peers.text(1);
        if (!peers.is_null(2)) peer.terms.name = peers.text(2);
        peer.terms.ilp_address = peers.text(3);
        peer.asset_id = stored::id_of(peers.integer(4), "assets");
        const std::string owner = fmt::format("peer {}", shown_name(peer.terms));
        peer.liquidity = read_account(peers, 5, account_kind::peer_liquidity, owner);
        peer.created_at = ilp::timestamp{std::chrono::milliseconds{peers.integer(8)}};
        peer.terms.origin = stored::origin_of(peers.text(9), owner);
        peer.terms.enabled = peers.integer(10) != 0;
        read_terms(peers, 11, owner, peer.terms);
        peer.terms.deleted_at = peers.time(12);
        peer_read(std::move(peer));
        expected += 1;
    });
    statement receivers{db,
                        "SELECT r.id, r.uuid, r.name, r.public_name, r.asset_id, a.id, a.debits_posted, "
                        "a.credits_posted, r.created_at, r.origin, r.enabled, r.deleted_at FROM receiving_accounts r "
                        "LEFT JOIN accounts a ON a.id = r.account_id AND a.asset_id = r.asset_id AND "
                        "a.kind = 'receiving' ORDER BY r.id"};
    receivers.for_each([&] {
        receiving_account_record receiver;
        receiver.id = stored::id_of(receivers.integer(0), "receiving_accounts");
        receiver.uuid = receivers.text(1);
        receiver.terms.name = receivers.text(2);
        receiver.terms.public_name = receivers.text(3);
        receiver.asset_id = stored::id_of(receivers.integer(4), "assets");
        const std::string owner = fmt::format("receiving account {}", receiver.terms.name);
        receiver.liquidity = read_account(receivers, 5, account_kind::receiving, owner);
        receiver.created_at = ilp::timestamp{std::chrono::milliseconds{receivers.integer(8)}};
        receiver.terms.origin = stored::origin_of(receivers.text(9), owner);
        receiver.terms.enabled = receivers.integer(10) != 0;
        receiver.terms.deleted_at = receivers.time(11);
        receiver_read(std::move(receiver));
        expected += 1;
    });
    if (static_cast<std::uint64_t>(single_integer(db, "SELECT count(*) FROM accounts")) != expected) {
        throw failure{"there are accounts that belong to no asset, peer or receiving account: restore a backup"};
    }
}

}  // namespace

transfer_record read_transfer(const statement& row) {
    transfer_record transfer;
    transfer.uuid = row.text(0);
    transfer.kind = stored::kind_of(row.text(1));
    transfer.state = stored::state_of(row.text(2));
    transfer.debit = stored::account_of_transfer(row.integer(3));
    transfer.credit = stored::account_of_transfer(row.integer(4));
    transfer.amount = stored::amount_of(row.text(5), transfer.uuid);
    transfer.expires_at = row.time(6);
    return transfer;
}

payment_record read_payment(const statement& row) {
    payment_record payment;
    payment.number = static_cast<std::uint64_t>(row.integer(0));
    payment.uuid = row.text(1);
    payment.account = account_id{stored::id_of(row.integer(2), "payments")};
    payment.receiver = row.text(3);
    payment.is_fixed_delivery = row.integer(4) != 0;
    payment.amount = stored::amount_of_payment(row.text(5), payment.uuid);
    payment.slippage = stored::slippage_of(row.integer(6), payment.uuid);
    payment.created_at = ilp::timestamp{std::chrono::milliseconds{row.integer(7)}};
    payment.standing.status = stored::payment_status_of(row.text(8), payment.uuid);
    if (!row.is_null(9)) {
        payment.standing.offer = payment_offer{.send_max = stored::amount_of_payment(row.text(9), payment.uuid),
                                               .minimum = stored::ratio_of(row.text(10), payment.uuid),
                                               .expected = stored::ratio_of(row.text(11), payment.uuid)};
    }
    payment.standing.failure = row.text(12);
    payment.standing.ended_at = row.time(13);
    payment.sent = stored::amount_of_payment(row.text(14), payment.uuid);
    payment.delivered = stored::amount_of_payment(row.text(15), payment.uuid);
    if (!row.is_null(16)) payment.at_most = stored::amount_of_payment(row.text(16), payment.uuid);
    return payment;
}

event_record read_event(const statement& row) {
    return {.uuid = std::string{row.text(0)},
            .type = std::string{row.text(1)},
            .data = std::string{row.text(2)},
            .receiving_account = std::string{row.text(3)}};
}

catalogue load_catalogue(connection& connection) {
    catalogue loaded;
    read_accounts(
        connection, [&](asset_record asset) { loaded.assets.push_back(std::move(asset)); },
        [&](peer_record peer) { loaded.peers.push_back(std::move(peer)); },
        [&](receiving_account_record receiver) { loaded.receiving_accounts.push_back(std::move(receiver)); });
    statement pending{connection,
                      fmt::format("SELECT {} FROM transfers WHERE state = 'pending' ORDER BY id", transfer_columns)};
    pending.for_each([&] { loaded.pending_withdrawals.push_back(read_transfer(pending)); });
    statement open{connection,
                   fmt::format("SELECT {} FROM payments WHERE ended_at IS NULL ORDER BY id", payment_columns)};
    open.for_each([&] { loaded.open_payments.push_back(read_payment(open)); });
    loaded.last_payment =
        static_cast<std::uint64_t>(single_integer(connection, "SELECT ifnull(max(id), 0) FROM payments"));
    // Each half has an index.
    statement event{connection,
                    fmt::format("SELECT {0} FROM events WHERE due = ?1 AND receiving_account IS NULL "
                                "UNION ALL SELECT {0} FROM events WHERE due = ?1 AND receiving_account IS NOT NULL",
                                event_columns)};
    event.for_each(
        [&] {
            loaded.open_events.push_back(read_event(event));
            loaded.open_events.back().is_open = true;
        },
        due_of_open_events);
    statement count{connection,
                    "SELECT '', count(*) FROM events WHERE due < ?1 AND receiving_account IS NULL "
                    "UNION ALL SELECT receiving_account, count(*) FROM events "
                    "WHERE due < ?1 AND receiving_account IS NOT NULL GROUP BY receiving_account"};
    count.for_each(
        [&] {
            loaded.pending_events.push_back({std::string{count.text(0)}, static_cast<std::uint64_t>(count.integer(1))});
        },
        due_of_open_events);
    statement outcome{connection, "SELECT peer_id, split_id, fulfill, until FROM split_outcomes WHERE until >= ?"};
    outcome.for_each(
        [&] {
            const ilp::bytes_view fulfill = outcome.octets(2);
            loaded.split_outcomes.push_back({.peer = stored::id_of(outcome.integer(0), "split_outcomes"),
                                             .id = stored::split_id_of(outcome.octets(1)),
                                             .fulfill = {fulfill.begin(), fulfill.end()},
                                             .until = ilp::timestamp{std::chrono::milliseconds{outcome.integer(3)}}});
        },
        ilp::wall_clock().time_since_epoch().count());
    statement flight{connection, "SELECT account_id, ceiling, doubt FROM flights ORDER BY account_id"};
    flight.for_each(
        [&] { loaded.flights.push_back(stored::flight_of(flight.integer(0), flight.text(1), flight.text(2))); });
    return loaded;
}

void load_chain(connection& connection, transfer_chain& chain) {
    chain.restore(static_cast<std::uint64_t>(single_integer(connection, "SELECT ifnull(max(id), 0) FROM transfers")));
    statement ends{connection, "SELECT id, last_debit_transfer, last_credit_transfer FROM accounts"};
    ends.for_each([&] {
        chain.restore(account_id{stored::id_of(ends.integer(0), "accounts")},
                      {static_cast<std::uint64_t>(ends.integer(1)), static_cast<std::uint64_t>(ends.integer(2))});
    });
}

namespace {

/// What read_listed() reads.
constexpr const char* listed_columns =
    "t.id, t.uuid, t.kind, t.state, t.debit_account, t.credit_account, t.amount, t.packets, t.created_at, "
    "t.expires_at, t.sum_of_day";

listed_transfer read_listed(const statement& row) {
    listed_transfer transfer;
    transfer.number = static_cast<std::uint64_t>(row.integer(0));
    transfer.uuid = row.text(1);
    if (!row.is_null(2)) transfer.kind = stored::kind_of(row.text(2));
    transfer.state = stored::state_of(row.text(3));
    transfer.debit = stored::account_of_transfer(row.integer(4));
    transfer.credit = stored::account_of_transfer(row.integer(5));
    const auto amount = parse_wide_amount(row.text(6));
    if (!amount) throw failure{fmt::format("transfer {} has an invalid amount", row.integer(0))};
    transfer.amount = *amount;
    transfer.packets = static_cast<std::uint64_t>(row.integer(7));
    transfer.created_at = ilp::timestamp{std::chrono::milliseconds{row.integer(8)}};
    transfer.expires_at = row.time(9);
    transfer.sum_of_day = row.time(10);
    return transfer;
}

/// The columns and the index of one side of an account's history.
struct side_names {
    const char* last;
    const char* previous;
    const char* account;
    const char* index;
};

side_names names_of(account_side side) {
    return side == account_side::debit
               ? side_names{"last_debit_transfer", "previous_of_debit", "debit_account", "transfers_kept_of_debit"}
               : side_names{"last_credit_transfer", "previous_of_credit", "credit_account", "transfers_kept_of_credit"};
}

/// The number of the row with which a list begins; 0 if it is empty.
std::int64_t begin_of_list(connection& connection, account_id account, const side_names& names,
                           std::optional<std::uint64_t> from) {
    if (!from) {
        statement last{connection, fmt::format("SELECT {} FROM accounts WHERE id = ?", names.last)};
        std::int64_t begin = 0;
        last.for_each([&] { begin = last.integer(0); }, account);
        return begin;
    }
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    const auto begin = static_cast<std::int64_t>(std::min(*from, largest));
    std::optional<std::int64_t> owner;
    statement row{connection, fmt::format("SELECT {} FROM transfers WHERE id = ?", names.account)};
    row.for_each([&] { owner = row.integer(0); }, begin);
    if (owner) return *owner == std::int64_t{std::to_underlying(account)} ? begin : 0;
    return begin <= summed_up_to(connection) ? begin : 0;  // summed up after the caller has seen it
}

}  // namespace

std::int64_t summed_up_to(connection& connection) {
    return single_integer(connection, "SELECT summed_up_to FROM history");
}

std::vector<listed_transfer> list_transfers(connection& connection, account_id account, account_side side,
                                            std::size_t limit, std::optional<std::uint64_t> from) {
    const side_names names = names_of(side);
    std::vector<listed_transfer> listed;
    if (limit == 0) return listed;
    std::int64_t next = begin_of_list(connection, account, names, from);
    // CROSS JOIN makes SQLite keep this order of the tables, from the chain to the rows.
    statement row{connection, fmt::format("WITH RECURSIVE chain (id, place) AS (SELECT ?1, 1 "
                                          "UNION ALL SELECT t.{1}, c.place + 1 FROM chain c CROSS JOIN transfers t ON "
                                          "t.id = c.id WHERE c.place < ?2) "
                                          "SELECT {0}, t.{1} FROM chain c CROSS JOIN transfers t ON t.id = c.id "
                                          "ORDER BY c.place LIMIT ?2",
                                          listed_columns, names.previous)};
    row.for_each(
        [&] {
            listed.push_back(read_listed(row));
            next = row.integer(11);
        },
        next, stored::row_limit(limit));
    if (next == 0 || listed.size() == limit) return listed;
    // Row `next` was summed up, and with it every row of packets before it.
    statement kept{connection, fmt::format("SELECT {} FROM transfers t INDEXED BY {} WHERE {} = ?1 AND id <= ?2 AND "
                                           "(uuid IS NOT NULL OR sum_of_day IS NOT NULL) ORDER BY id DESC LIMIT ?3",
                                           listed_columns, names.index, names.account)};
    kept.for_each([&] { listed.push_back(read_listed(kept)); }, account, next,
                  stored::row_limit(limit - listed.size()));
    return listed;
}

std::optional<std::vector<listed_event>> list_events(connection& connection, const event_query& query) {
    statement find{connection, "SELECT id FROM events WHERE uuid = ?"};
    // Returns the id of the event, `otherwise` if no uuid is given, or nullopt if there is no such event.
    const auto number_of = [&find](const std::optional<std::string>& uuid, std::int64_t otherwise) {
        std::optional<std::int64_t> number;
        if (!uuid) return std::optional{otherwise};
        find.for_each([&] { number = find.integer(0); }, std::string_view{*uuid});
        return number;
    };
    constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
    const auto above = number_of(query.newest_first ? query.before : query.after, 0);
    const auto below = number_of(query.newest_first ? query.after : query.before, last);
    if (!above || !below) return std::nullopt;
    const std::string types = boost::json::serialize(boost::json::value_from(query.types));
    const std::string not_types = boost::json::serialize(boost::json::value_from(query.not_types));
    const bool is_backwards = query.newest_first != query.from_the_end;
    statement row{connection,
                  fmt::format("SELECT uuid, type, data, created_at, attempts, due, delivered_at FROM events "
                              "WHERE id > ?1 AND id < ?2 AND due IS NOT ?6{}{} ORDER BY id {} LIMIT ?5",
                              query.types.empty() ? "" : " AND type IN (SELECT value FROM json_each(?3))",
                              query.not_types.empty() ? "" : " AND type NOT IN (SELECT value FROM json_each(?4))",
                              is_backwards ? "DESC" : "ASC")};
    std::vector<listed_event> page;
    row.for_each(
        [&] {
            page.push_back({{std::string{row.text(0)}, std::string{row.text(1)}, std::string{row.text(2)}},
                            ilp::timestamp{std::chrono::milliseconds{row.integer(3)}},
                            static_cast<std::uint32_t>(row.integer(4)),
                            row.time(5),
                            row.time(6)});
        },
        *above, *below, std::string_view{types}, std::string_view{not_types}, stored::row_limit(query.limit),
        due_of_open_events);
    if (query.from_the_end) std::ranges::reverse(page);
    return page;
}

std::optional<std::vector<payment_record>> list_payments(connection& connection, const payment_query& query) {
    statement find{connection, "SELECT id FROM payments WHERE uuid = ?"};
    const auto number_of = [&find](const std::optional<std::string>& uuid, std::int64_t otherwise) {
        std::optional<std::int64_t> number;
        if (!uuid) return std::optional{otherwise};
        find.for_each([&] { number = find.integer(0); }, std::string_view{*uuid});
        return number;
    };
    constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
    const auto above = number_of(query.newest_first ? query.before : query.after, 0);
    const auto below = number_of(query.newest_first ? query.after : query.before, last);
    if (!above || !below) return std::nullopt;
    const bool is_backwards = query.newest_first != query.from_the_end;
    statement row{connection, fmt::format("SELECT {} FROM payments WHERE id > ?1 AND id < ?2{} ORDER BY id {} LIMIT ?4",
                                          payment_columns, query.account ? " AND account_id = ?3" : "",
                                          is_backwards ? "DESC" : "ASC")};
    std::vector<payment_record> page;
    row.for_each([&] { page.push_back(read_payment(row)); }, *above, *below, query.account.value_or(account_id{}),
                 stored::row_limit(query.limit));
    if (query.from_the_end) std::ranges::reverse(page);
    return page;
}

void visit_accounts(connection& db, const account_callback& each) {
    std::unordered_map<std::uint32_t, std::string> names;
    read_accounts(
        db,
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

void list_history(connection& db, std::uint64_t after, std::uint64_t last, std::size_t limit,
                  const std::function<bool(const listed_transfer&)>& each) {
    statement row{
        db, fmt::format("SELECT {} FROM transfers t WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", listed_columns)};
    bool is_wanted = true;
    row.for_each([&] { is_wanted = is_wanted && each(read_listed(row)); }, after, last, stored::row_limit(limit));
}

std::uint64_t visit_book(connection& db, book_visitor& visitor) {
    const reading transaction{db};
    visit_accounts(db, [&](const account_record& account, std::string_view owner, std::string_view asset) {
        visitor.account(account, owner, asset);
    });
    statement transfers{db, "SELECT debit_account, credit_account, amount, state, id FROM transfers ORDER BY id"};
    std::uint64_t last = 0;
    transfers.for_each([&] {
        last = static_cast<std::uint64_t>(transfers.integer(4));
        const auto amount = parse_wide_amount(transfers.text(2));
        if (!amount) throw failure{fmt::format("transfer {} has an invalid amount", last)};
        visitor.transfer(stored::account_of_transfer(transfers.integer(0)),
                         stored::account_of_transfer(transfers.integer(1)), *amount,
                         stored::state_of(transfers.text(3)));
    });
    return last;
}

}  // namespace peering::sqlite
