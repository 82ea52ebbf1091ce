#include "peering/store_memory.hpp"

#include "peering/uuid.hpp"

namespace peering {

account_record memory_store::open_account(account_kind kind) noexcept {
    return {.id = account_id{++accounts_}, .kind = kind, .totals = {}};
}

std::expected<catalogue, store_error> memory_store::load() {
    const std::lock_guard lock{mutex_};
    return catalogue_;
}

std::expected<asset_record, store_error> memory_store::add_asset(const std::string& code, std::uint8_t scale,
                                                                 ilp::amount liquidity) {
    const std::lock_guard lock{mutex_};
    asset_record& added = catalogue_.assets.emplace_back();
    added.id = static_cast<std::uint32_t>(catalogue_.assets.size());
    added.uuid = new_uuid();
    added.code = code;
    added.scale = scale;
    added.liquidity = open_account(account_kind::asset_liquidity);
    added.settlement = open_account(account_kind::settlement);
    added.settlement.totals.debits_posted = added.liquidity.totals.credits_posted = liquidity.value;
    return added;
}

std::expected<std::vector<peer_record>, store_error> memory_store::add_peers(std::span<const new_peer> peers) {
    const std::lock_guard lock{mutex_};
    for (const new_peer& peer : peers) {
        if (peer.asset_id == 0 || peer.asset_id > catalogue_.assets.size()) {
            return std::unexpected{store_error{"memory: cannot add peer " + peer.name + ": its asset is not known"}};
        }
    }
    const std::size_t before = catalogue_.peers.size();
    for (const new_peer& peer : peers) {
        peer_record& added = catalogue_.peers.emplace_back();
        added.id = static_cast<std::uint32_t>(catalogue_.peers.size());
        added.uuid = new_uuid();
        added.name = peer.name;
        added.ilp_address = peer.ilp_address;
        added.asset_id = peer.asset_id;
        added.liquidity = open_account(account_kind::peer_liquidity);
        added.liquidity.totals.credits_posted = peer.liquidity.value;
        catalogue_.assets[peer.asset_id - 1].settlement.totals.debits_posted += peer.liquidity.value;
    }
    return std::vector<peer_record>(catalogue_.peers.begin() + static_cast<std::ptrdiff_t>(before),
                                    catalogue_.peers.end());
}

std::expected<void, store_error> memory_store::change_peers(std::span<const peer_change> changes) {
    const std::lock_guard lock{mutex_};
    for (const peer_change& change : changes) {
        if (change.id == 0 || change.id > catalogue_.peers.size()) {
            return std::unexpected{store_error{"memory: cannot rename peer " + change.name + ": it is not known"}};
        }
    }
    for (const peer_change& change : changes) {
        catalogue_.peers[change.id - 1].name = change.name;
        catalogue_.peers[change.id - 1].ilp_address = change.ilp_address;
    }
    return {};
}

std::expected<void, store_error> memory_store::commit(std::span<const posting>, std::span<const account_record>) {
    return {};
}

}  // namespace peering
