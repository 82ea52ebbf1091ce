#pragma once

#include "config/settings.hpp"
#include "ilp/address.hpp"
#include "peering/book/bookkeeper.hpp"
#include "peering/book/ledger.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/directory/peer.hpp"
#include "peering/store/store_memory.hpp"
#include "tests/support/known_peers.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

/// Helpers shared by the tests in this folder.
namespace connector::testing {

using support::peer_named;

inline config::peer_settings peer_settings(const std::string& name, const std::string& code, std::uint8_t scale,
                                           std::uint64_t liquidity) {
    config::peer_settings peer;
    peer.name = name;
    peer.ilp_address = ilp::address::parse("test." + name).value();
    peer.asset = {code, scale};
    peer.liquidity = {liquidity};
    peer.http.incoming.auth_tokens = {config::secret{"token-of-" + name}};
    return peer;
}

inline config::asset_settings asset_settings(const std::string& code, std::uint8_t scale, std::uint64_t liquidity) {
    config::asset_settings asset;
    asset.code = code;
    asset.scale = scale;
    asset.liquidity = {liquidity};
    return asset;
}

/// Peers and assets with their book in memory.
struct book {
    explicit book(const config::settings& settings) { known = support::known_peers::build_or_throw(settings, keeper); }
    const peering::peer& peer(std::string_view name) const {
        const peering::peer* const found = known->find_by_name(name);
        if (found == nullptr) throw std::invalid_argument{"no peer " + std::string{name}};
        return *found;
    }

    peering::memory_store store;
    peering::ledger ledger;
    peering::thresholds thresholds;
    peering::bookkeeper keeper{ledger, store, thresholds};
    std::shared_ptr<const support::known_peers> known;
};

}  // namespace connector::testing
