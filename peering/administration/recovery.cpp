#include "peering/administration/recovery.hpp"

#include "config/value.hpp"
#include "ilp/condition.hpp"
#include "peering/administration/stored_terms.hpp"
#include "peering/records/text.hpp"
#include "peering/records/uuid.hpp"
#include "peering/records/wide_amount.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace peering {
namespace {

using fault = std::optional<std::string>;

/// The text of every fault of an account.
std::string broken(const account_record& account, std::string_view owner, std::string_view what) {
    return fmt::format("the book is inconsistent: account {} ({}) {}: restore the store from a backup",
                       std::to_underlying(account.id), owner, what);
}

std::string owner_of(const peer_record& peer) {
    return "liquidity of peer " + peer.terms.name.value_or(peer.uuid);
}

std::string owner_of(const receiving_account_record& receiver) {
    return "receiving account " + receiver.terms.name;
}

/// Ids above the bound are damaged: tables that are indexed by them would not fit into memory.
fault check_ids(const catalogue& found) {
    const auto is_beyond = [](const account_record& account) { return std::to_underlying(account.id) > record_id_max; };
    for (const asset_record& asset : found.assets) {
        if (asset.id <= record_id_max && !is_beyond(asset.liquidity) && !is_beyond(asset.settlement)) continue;
        return fmt::format("asset {}/{} or one of its accounts has an id above {} in the store: restore a backup",
                           asset.code, asset.scale, record_id_max);
    }
    for (const peer_record& peer : found.peers) {
        if (peer.id > record_id_max || is_beyond(peer.liquidity)) {
            return fmt::format("peer {} or its account has an id above {} in the store: restore a backup",
                               peer.terms.name.value_or(peer.uuid), record_id_max);
        }
        if (peer.uuid.size() != uuid_text::size) {
            return fmt::format("peer number {} has an id in the store that is not a UUID: restore a backup", peer.id);
        }
    }
    for (const receiving_account_record& receiver : found.receiving_accounts) {
        if (receiver.id > record_id_max || is_beyond(receiver.liquidity)) {
            return fmt::format("{} or its account has an id above {} in the store: restore a backup",
                               owner_of(receiver), record_id_max);
        }
        if (receiver.uuid.size() != uuid_text::size) {
            return fmt::format("{} has an id in the store that is not a UUID: restore a backup", owner_of(receiver));
        }
    }
    return std::nullopt;
}

/// The sum of everything that the accounts of one asset have paid and received.
struct asset_sum {
    std::string name;
    account_totals totals;
};

/// Checks one account, and adds it to its asset's sum.
fault check_account(const account_record& account, std::string_view owner, asset_sum& sum) {
    const account_totals& totals = account.totals;
    if (totals.debits_posted > total_max || totals.credits_posted > total_max ||
        __builtin_add_overflow(sum.totals.debits_posted, totals.debits_posted, &sum.totals.debits_posted) ||
        __builtin_add_overflow(sum.totals.credits_posted, totals.credits_posted, &sum.totals.credits_posted)) {
        return broken(account, owner, "has totals that are too large");
    }
    if (account.kind == account_kind::settlement) return std::nullopt;
    if (totals.credits_posted < totals.debits_posted) return broken(account, owner, "is below zero");
    if (totals.credits_posted - totals.debits_posted > std::numeric_limits<std::uint64_t>::max()) {
        return broken(account, owner, "has more than the largest amount");
    }
    return std::nullopt;
}

/// Checks that every balance is within its bounds, and that the accounts of every asset sum to zero.
fault check_book(const catalogue& found) {
    std::unordered_map<std::uint32_t, asset_sum> sums;
    for (const asset_record& asset : found.assets) {
        asset_sum& sum = sums[asset.id];
        sum.name = asset_text(asset.code, asset.scale);
        if (auto wrong = check_account(asset.liquidity, "liquidity of asset " + sum.name, sum)) return wrong;
        if (auto wrong = check_account(asset.settlement, "settlement of asset " + sum.name, sum)) return wrong;
    }
    const auto check_owners = [&](const auto& owners) -> fault {
        for (const auto& owner : owners) {
            const auto sum = sums.find(owner.asset_id);
            if (sum == sums.end()) return broken(owner.liquidity, owner_of(owner), "has no asset");
            if (auto wrong = check_account(owner.liquidity, owner_of(owner), sum->second)) return wrong;
        }
        return std::nullopt;
    };
    if (auto wrong = check_owners(found.peers)) return wrong;
    if (auto wrong = check_owners(found.receiving_accounts)) return wrong;
    for (const asset_record& asset : found.assets) {
        const asset_sum& sum = sums[asset.id];
        if (sum.totals.debits_posted == sum.totals.credits_posted) continue;
        return broken(asset.settlement, "settlement of asset " + sum.name,
                      "does not balance the other accounts: the sum over the asset is not zero");
    }
    return std::nullopt;
}

bool is_live_in_api(const peer_record& peer) {
    return peer.terms.origin == origin::api && !peer.terms.deleted_at;
}

struct prefix_of_hash {
    std::size_t operator()(const ilp::digest& hash) const noexcept {
        std::size_t prefix = 0;
        std::memcpy(&prefix, hash.data(), sizeof prefix);
        return prefix;
    }
};

/// A token identifies one peer, and so does a client key of a peer without tokens.
fault check_tokens(const catalogue& found) {
    std::unordered_set<ilp::digest, prefix_of_hash> tokens;
    std::unordered_set<ilp::digest, prefix_of_hash> keys;
    const auto are_new = [](const std::vector<ilp::digest>& hashes, auto& known) {
        return std::ranges::all_of(hashes, [&](const ilp::digest& hash) { return known.insert(hash).second; });
    };
    for (const peer_record& peer : found.peers) {
        if (!is_live_in_api(peer)) continue;
        if (!are_new(peer.terms.incoming_tokens, tokens)) {
            return fmt::format("peer {} has an incoming token that occurs twice in the store: restore a backup",
                               peer.uuid);
        }
        if (peer.terms.incoming_tokens.empty() && peer.terms.incoming_jwt_secrets.empty() &&
            !are_new(peer.terms.client_keys, keys)) {
            return fmt::format("peer {} has a client key that occurs twice in the store: restore a backup", peer.uuid);
        }
    }
    return std::nullopt;
}

/// Everything that was held for packets is free again, since the ledger starts with the posted totals alone.
void open_accounts(const catalogue& found, ledger& ledger) {
    const auto open = [&ledger](const account_record& account, std::uint32_t asset) {
        ledger.open(account.id, account.kind, asset, account.totals);
    };
    for (const asset_record& asset : found.assets) {
        open(asset.liquidity, asset.id);
        open(asset.settlement, asset.id);
    }
    for (const peer_record& peer : found.peers) open(peer.liquidity, peer.asset_id);
    for (const auto& receiver : found.receiving_accounts) open(receiver.liquidity, receiver.asset_id);
}

void load_assets(const catalogue& found, directory& directory, bookkeeper& keeper) {
    std::vector<asset_update> assets;
    assets.reserve(found.assets.size());
    for (const asset_record& record : found.assets) {
        assets.push_back({asset_of(record, keeper.ledger()), record.id, record.terms});
    }
    directory.apply(assets, {});
    for (const asset_update& update : assets) {
        keeper.thresholds().watch(update.added->liquidity->id, watch_of({update.added.get(), update.terms, 0}));
    }
}

/// Peers of the API are complete in the store. Those of the file count as absent until the file has been read.
fault load_peers(const catalogue& found, directory& directory, bookkeeper& keeper) {
    std::vector<peer_update> peers;
    std::unordered_set<std::string_view> labels;
    for (const peer_record& record : found.peers) {
        directory.count_peer_id(record.id);
        if (record.terms.origin == origin::file) {
            // Whether the file makes the account low depends on the threshold that it had before.
            keeper.thresholds().watch(record.liquidity.id,
                                      watch_of(record, *directory.find_asset(record.asset_id)->asset));
            directory.set_absent(record);
        }
        if (!is_live_in_api(record)) continue;
        auto made = peer_of(record, *directory.find_asset(record.asset_id)->asset, keeper.ledger());
        if (!made) return std::move(made).error();
        peer& loaded = **made;
        config::outgoing_http_settings& outgoing = loaded.outgoing;
        if (!outgoing.jwt_secret.reveal().empty() && outgoing.jwt_subject.empty())
            outgoing.jwt_subject = directory.own_address().text();
        const auto& name = record.terms.name;
        loaded.has_label = name && config::peer_name().parse(*name) && labels.insert(*name).second;
        keeper.thresholds().watch(loaded.liquidity->id, watch_of(loaded));
        peers.push_back({nullptr, std::move(*made)});
    }
    directory.apply({}, peers);
    return std::nullopt;
}

/// Deleted accounts have no balance, and nothing leads to them.
fault load_receiving_accounts(const catalogue& found, directory& directory, bookkeeper& keeper) {
    std::vector<receiving_account_update> receivers;
    std::unordered_set<std::string_view> names;
    for (const receiving_account_record& record : found.receiving_accounts) {
        directory.count_receiving_account_id(record.id);
        if (record.terms.deleted_at) continue;
        auto made = receiving_account_of(record, *directory.find_asset(record.asset_id)->asset, keeper.ledger());
        if (!made) return std::move(made).error();
        if (!names.insert(record.terms.name).second) {
            return fmt::format("there are two receiving accounts {} in the store: restore a backup", record.terms.name);
        }
        receivers.push_back({nullptr, std::move(*made)});
    }
    directory.apply({}, {}, receivers);
    return std::nullopt;
}

/// What was reserved for a withdrawal is reserved again.
fault restore_withdrawals(const catalogue& found, operator_transfers& transfers, const ledger& ledger) {
    if (!transfers.restore(found.pending_withdrawals, ledger)) {
        return "the book is inconsistent: a pending withdrawal in the store is malformed, or its account does not have "
               "the amount: restore a backup";
    }
    return std::nullopt;
}

fault restore_payments(const catalogue& found, payments& payments, const ledger& ledger) {
    if (!payments.restore(found.open_payments, found.last_payment, ledger)) {
        return "the book is inconsistent: a payment in the store is malformed, has no account, or has sent more than "
               "was agreed: restore a backup";
    }
    return std::nullopt;
}

fault restore_flights(const catalogue& found, bookkeeper& keeper) {
    for (const flight_record& flights : found.flights) {
        const liquidity_account* const account = keeper.ledger().find(flights.account);
        if (account != nullptr && account->kind == account_kind::peer_liquidity) continue;
        return fmt::format(
            "the store says what is in flight to account {}, which is not the account of a peer: "
            "restore the store from a backup",
            std::to_underlying(flights.account));
    }
    keeper.restore_flights(found.flights);
    return std::nullopt;
}

event_record event_about(const peer_record& peer, const asset_record& asset, ilp::amount added, ilp::amount in_doubt) {
    const boost::json::object data{
        {"id", peer.uuid},
        {"asset", {{"id", asset.uuid}, {"code", asset.code}, {"scale", asset.scale}}},
        {"addedAmount", ilp::to_string(added)},
        {"amountInDoubt", ilp::to_string(in_doubt)},
    };
    return {new_uuid(), "peer.books_in_doubt", boost::json::serialize(data)};
}

}  // namespace

std::expected<void, std::string> open_directory(directory& directory, const catalogue& found, bookkeeper& keeper) {
    if (auto wrong = check_ids(found)) return std::unexpected{std::move(*wrong)};
    if (auto wrong = check_book(found)) return std::unexpected{std::move(*wrong)};
    if (auto wrong = check_tokens(found)) return std::unexpected{std::move(*wrong)};
    open_accounts(found, keeper.ledger());
    load_assets(found, directory, keeper);
    if (auto wrong = load_peers(found, directory, keeper)) return std::unexpected{std::move(*wrong)};
    if (auto wrong = load_receiving_accounts(found, directory, keeper)) return std::unexpected{std::move(*wrong)};
    return {};
}

std::expected<void, std::string> recover(const catalogue& found, directory& directory, bookkeeper& keeper,
                                         operator_transfers& transfers, payments& payments) {
    if (auto opened = open_directory(directory, found, keeper); !opened) return opened;
    if (auto wrong = restore_withdrawals(found, transfers, keeper.ledger())) {
        return std::unexpected{std::move(*wrong)};
    }
    if (auto wrong = restore_payments(found, payments, keeper.ledger())) return std::unexpected{std::move(*wrong)};
    if (auto wrong = restore_flights(found, keeper)) return std::unexpected{std::move(*wrong)};
    return {};
}

std::expected<void, store_error> report_doubts(const catalogue& found, bookkeeper& keeper) {
    std::vector<flight_record> changed;
    keeper.flights().find_doubts(changed);
    if (changed.empty()) return {};
    std::unordered_map<account_id, flight_record> left;
    for (const flight_record& flights : found.flights) left.emplace(flights.account, flights);
    std::unordered_map<account_id, const peer_record*> owners;
    for (const peer_record& peer : found.peers) owners.emplace(peer.liquidity.id, &peer);
    std::vector<event_record> events;
    for (const flight_record& flights : changed) {
        const peer_record& peer = *owners.at(flights.account);
        const auto asset = std::ranges::find(found.assets, peer.asset_id, &asset_record::id);
        events.push_back(event_about(peer, *asset, {left.at(flights.account).ceiling}, {flights.doubt}));
    }
    return keeper.write({.new_events = events, .changed_flights = changed});
}

std::expected<void, store_error> restore_events(const catalogue& found, bookkeeper& keeper) {
    keeper.restore_events(found.pending_events, found.open_events);
    if (found.open_events.empty()) return {};
    std::vector<event_record> closed = found.open_events;
    for (event_record& event : closed) event.is_open = false;
    return keeper.write({.changed_events = closed});
}

}  // namespace peering
