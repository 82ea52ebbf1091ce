#include "peering/store_memory.hpp"

#include <algorithm>

namespace peering {

std::expected<catalogue, store_error> memory_store::load() {
    catalogue loaded = catalogue_;
    for (const auto& [uuid, transfer] : transfers_) {
        if (transfer.state == transfer_state::pending) loaded.pending_withdrawals.push_back(transfer);
    }
    return loaded;
}

account_record* memory_store::find_account(account_id id) {
    for (asset_record& asset : catalogue_.assets) {
        if (asset.liquidity.id == id) return &asset.liquidity;
        if (asset.settlement.id == id) return &asset.settlement;
    }
    const auto peer = std::ranges::find(catalogue_.peers, id, [](const peer_record& p) { return p.liquidity.id; });
    return peer == catalogue_.peers.end() ? nullptr : &peer->liquidity;
}

/// What another store's constraints say.
bool memory_store::knows_everything_in(const changes& changes) {
    const auto has_id = [](const auto& records, std::uint32_t id) {
        return std::ranges::any_of(records, [id](const auto& record) { return record.id == id; });
    };
    const auto known_peer = [&](const peer_change& change) { return has_id(catalogue_.peers, change.id); };
    const auto known_asset = [&](const peer_record& peer) {
        return has_id(catalogue_.assets, peer.asset_id) || has_id(changes.new_assets, peer.asset_id);
    };
    const auto is_pending = [this](const transfer_record& transfer) {
        const auto found = transfers_.find(transfer.uuid);
        return found != transfers_.end() && found->second.state == transfer_state::pending;
    };
    const auto is_new = [this](const transfer_record& transfer) { return !transfers_.contains(transfer.uuid); };
    return std::ranges::all_of(changes.changed_peers, known_peer) &&
           std::ranges::all_of(changes.new_peers, known_asset) && std::ranges::all_of(changes.new_transfers, is_new) &&
           std::ranges::all_of(changes.ended_transfers, is_pending);
}

std::expected<void, store_error> memory_store::commit(const changes& changes) {
    if (!knows_everything_in(changes)) {
        return std::unexpected{store_error{"memory: what is to be changed is not there", true}};
    }
    catalogue_.assets.insert(catalogue_.assets.end(), changes.new_assets.begin(), changes.new_assets.end());
    catalogue_.peers.insert(catalogue_.peers.end(), changes.new_peers.begin(), changes.new_peers.end());
    for (const peer_change& change : changes.changed_peers) {
        peer_record& peer = *std::ranges::find(catalogue_.peers, change.id, &peer_record::id);
        peer.name = change.name;
        peer.ilp_address = change.ilp_address;
    }
    for (const transfer_record& transfer : changes.new_transfers) transfers_.emplace(transfer.uuid, transfer);
    for (const transfer_record& transfer : changes.ended_transfers) transfers_[transfer.uuid].state = transfer.state;
    for (const account_change& account : changes.accounts) {
        if (account_record* const known = find_account(account.id)) known->totals = account.after;
    }
    return {};
}

std::expected<std::optional<transfer_record>, store_error> memory_store::find_transfer(std::string_view uuid) {
    const auto found = transfers_.find(std::string{uuid});
    return found == transfers_.end() ? std::nullopt : std::optional{found->second};
}

std::expected<std::vector<pending_event>, store_error> memory_store::load_pending_events(std::size_t) {
    return {};
}

std::expected<std::uint64_t, store_error> memory_store::count_pending_events() {
    return 0;
}

}  // namespace peering
