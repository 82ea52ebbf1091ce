#pragma once

#include "peering/book/ledger.hpp"
#include "peering/book/thresholds.hpp"
#include "peering/directory/directory.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/receiving_account.hpp"
#include "peering/records/kept_terms.hpp"
#include "peering/store/store.hpp"

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peering {

// Assets, peers and receiving accounts have two forms: records, which the store keeps, and the objects of the
// directory. These functions convert one into the other.

/// Precondition: the ledger has both accounts of the asset.
std::shared_ptr<const asset> asset_of(const asset_record& record, const ledger& ledger);

/// For a peer of the API; it has no label yet. The error says what is wrong with its terms, for the operator.
/// Precondition: the ledger has its account.
std::expected<std::shared_ptr<peer>, std::string> peer_of(const peer_record& record, const asset& asset,
                                                          const ledger& ledger);

/// The error says what is wrong with its terms, for the operator. Precondition: the ledger has its account.
std::expected<std::shared_ptr<receiving_account>, std::string> receiving_account_of(
    const receiving_account_record& record, const asset& asset, const ledger& ledger);
receiving_account_terms kept_terms_of(const receiving_account& receiver);

/// The ids of the peers that reach a public address, or a name, over http:// only because their terms were kept by a
/// version that had no `allow_plain_http`. They go on working, and the operator is told.
std::vector<std::string> unencrypted_by_default(std::span<const peer_record> records);

/// The part of a peer's terms that the store keeps.
kept_peer_terms kept_terms_of(const peer& peer);

/// What thresholds::watch() needs; nullopt if there is no threshold.
std::optional<liquidity_watch> watch_of(const asset_entry& entry);
std::optional<liquidity_watch> watch_of(const peer& peer);
/// For a peer of the file that has not been read yet, as the store knows it.
std::optional<liquidity_watch> watch_of(const peer_record& record, const asset& asset);

/// The link checks the addresses that the endpoint's name resolves to, each time it connects.
void set_auto_peered(peer& made, const std::optional<auto_peered_terms>& terms);

/// Peers of the API have no rate limits. Those without a bound on the amount in flight share one object.
std::shared_ptr<peer_limits> limits_of_api_peer(std::optional<ilp::amount> in_flight_max);

}  // namespace peering
