#include "peering/sqlite_book.hpp"

#include "peering/record_text.hpp"
#include "peering/sqlite_connection.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace peering::sqlite {
namespace {

transfer_state state_of(std::string_view text) {
    const auto state = parse_transfer_state(text);
    if (!state) throw failure{fmt::format("a transfer has the unknown state '{}'", text)};
    return *state;
}

std::uint32_t id_of(std::int64_t value, std::string_view table) {
    if (value < 1 || value > std::numeric_limits<std::uint32_t>::max()) {
        throw failure{fmt::format("id {} in table {} is out of range", value, table)};
    }
    return static_cast<std::uint32_t>(value);
}

/// Reads id, debits_posted and credits_posted from three columns.
account_record read_account(const statement& row, int column, account_kind kind, std::string_view owner) {
    const auto refuse = [&](std::string_view what) -> failure {
        return {fmt::format("the {} account of {} {}: restore a backup", to_text(kind), owner, what)};
    };
    const std::int64_t id = row.integer(column);
    if (id == 0) throw refuse("is missing");
    const std::optional<wide_amount> debits = parse_wide_amount(row.text(column + 1));
    const std::optional<wide_amount> credits = parse_wide_amount(row.text(column + 2));
    if (!debits || !credits) throw refuse(fmt::format("(id {}) has totals that are no amounts", id));
    return {account_id{id_of(id, "accounts")}, kind, {*debits, *credits}};
}

ilp::amount amount_of(std::string_view text, std::string_view owner) {
    const std::optional<wide_amount> amount = parse_wide_amount(text);
    if (!amount || *amount > ilp::amount::max().value) {
        throw failure{fmt::format("transfer {} has an amount that is none: restore a backup", owner)};
    }
    return {static_cast<std::uint64_t>(*amount)};
}

/// Calls asset(record) for each asset, then peer(record) for each peer, both by id.
template <class Asset, class Peer>
void read_accounts(connection& db, Asset asset_read, Peer peer_read) {
    statement assets{db,
                     "SELECT a.id, a.uuid, a.code, a.scale, l.id, l.debits_posted, l.credits_posted, s.id, "
                     "s.debits_posted, s.credits_posted FROM assets a "
                     "LEFT JOIN accounts l ON l.asset_id = a.id AND l.kind = 'asset_liquidity' "
                     "LEFT JOIN accounts s ON s.asset_id = a.id AND s.kind = 'settlement' ORDER BY a.id"};
    std::uint64_t expected = 0;
    assets.for_each([&] {
        asset_record asset;
        asset.id = id_of(assets.integer(0), "assets");
        asset.uuid = assets.text(1);
        asset.code = assets.text(2);
        asset.scale = static_cast<std::uint8_t>(assets.integer(3));
        const std::string owner = fmt::format("asset {}/{}", asset.code, asset.scale);
        asset.liquidity = read_account(assets, 4, account_kind::asset_liquidity, owner);
        asset.settlement = read_account(assets, 7, account_kind::settlement, owner);
        asset_read(std::move(asset));
        expected += 2;
    });
    statement peers{db,
                    "SELECT p.id, p.uuid, p.name, p.ilp_address, p.asset_id, a.id, a.debits_posted, "
                    "a.credits_posted FROM peers p LEFT JOIN accounts a ON a.id = p.account_id AND "
                    "a.asset_id = p.asset_id AND a.kind = 'peer_liquidity' ORDER BY p.id"};
    peers.for_each([&] {
        peer_record peer;
        peer.id = id_of(peers.integer(0), "peers");
        peer.uuid = peers.text(1);
        peer.name = peers.text(2);
        peer.ilp_address = peers.text(3);
        peer.asset_id = id_of(peers.integer(4), "assets");
        peer.liquidity = read_account(peers, 5, account_kind::peer_liquidity, "peer " + peer.name);
        peer_read(std::move(peer));
        expected += 1;
    });
    if (static_cast<std::uint64_t>(single_integer(db, "SELECT count(*) FROM accounts")) != expected) {
        throw failure{"there are accounts that belong to no asset and no peer: restore a backup"};
    }
}

/// One read transaction.
class reading {
public:
    explicit reading(connection& connection) : connection_{connection} { connection_.execute("BEGIN"); }
    ~reading() { sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr); }
    reading(const reading&) = delete;
    reading& operator=(const reading&) = delete;

private:
    connection& connection_;
};

}  // namespace

transfer_record read_transfer(const statement& row) {
    transfer_record transfer;
    transfer.uuid = row.text(0);
    transfer.kind = row.text(1) == "deposit" ? transfer_kind::deposit : transfer_kind::withdrawal;
    transfer.state = state_of(row.text(2));
    transfer.debit = account_id{id_of(row.integer(3), "transfers")};
    transfer.credit = account_id{id_of(row.integer(4), "transfers")};
    transfer.amount = amount_of(row.text(5), transfer.uuid);
    if (!row.is_null(6)) transfer.expires_at = ilp::timestamp{std::chrono::milliseconds{row.integer(6)}};
    return transfer;
}

catalogue load_catalogue(connection& connection) {
    catalogue loaded;
    read_accounts(
        connection, [&](asset_record asset) { loaded.assets.push_back(std::move(asset)); },
        [&](peer_record peer) { loaded.peers.push_back(std::move(peer)); });
    statement pending{connection,
                      fmt::format("SELECT {} FROM transfers WHERE state = 'pending' ORDER BY id", transfer_columns)};
    pending.for_each([&] { loaded.pending_withdrawals.push_back(read_transfer(pending)); });
    return loaded;
}

void show_book(connection& db, book_visitor& visitor) {
    const reading transaction{db};
    std::unordered_map<std::uint32_t, std::string> names;
    read_accounts(
        db,
        [&](const asset_record& asset) {
            const std::string& name =
                names.emplace(asset.id, fmt::format("{}/{}", asset.code, asset.scale)).first->second;
            visitor.account(asset.liquidity, "liquidity of asset " + name, name);
            visitor.account(asset.settlement, "settlement of asset " + name, name);
        },
        [&](const peer_record& peer) {
            visitor.account(peer.liquidity, "liquidity of peer " + peer.name, names[peer.asset_id]);
        });
    statement transfers{db, "SELECT debit_account, credit_account, amount, state, id FROM transfers ORDER BY id"};
    transfers.for_each([&] {
        const auto amount = parse_wide_amount(transfers.text(2));
        if (!amount) throw failure{fmt::format("transfer {} has an amount that is none", transfers.integer(4))};
        visitor.transfer(account_id{id_of(transfers.integer(0), "transfers")},
                         account_id{id_of(transfers.integer(1), "transfers")}, *amount, state_of(transfers.text(3)));
    });
}

}  // namespace peering::sqlite
