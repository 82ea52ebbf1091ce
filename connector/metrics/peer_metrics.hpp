#pragma once

#include "connector/metrics/counters.hpp"
#include "connector/metrics/families.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/peer_reachability.hpp"

#include <cstddef>
#include <cstdint>

/// The series of one peer.
namespace connector::metrics {

void add_liquidity(families& out, const peering::peer& peer);

/// What the peer may have fulfilled before a crash, and is in no book.
void add_doubt(families& out, const peering::peer& peer, std::uint64_t amount);

/// `connections` are ours to the peer.
void add_traffic(families& out, const peering::peer& peer, const peer_counters& counters, std::size_t connections);

void add_reachability(families& out, const peering::peer& peer, const peering::peer_reachability& found);

}  // namespace connector::metrics
