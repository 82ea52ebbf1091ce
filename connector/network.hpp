#pragma once

#include "connector/route_table.hpp"
#include "ilp/address.hpp"
#include "peering/registry.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace connector {

/// Everything about the outside that a packet's way depends on: an immutable snapshot that all workers read.
struct network {
    ilp::address own_address;
    std::shared_ptr<const peering::registry> peers;
    route_table routes;  ///< points into `peers`
};

/// A snapshot that one worker uses, and the packets in flight that point into it: a change of the configuration makes
/// a new one, and the old one goes with its last packet.
struct network_in_use {
    std::shared_ptr<const connector::network> network;
    std::size_t packets = 0;
};

/// Routes every peer's own address and its further prefixes to it.
std::shared_ptr<const network> make_network(const ilp::address& own_address,
                                            std::shared_ptr<const peering::registry> peers);

}  // namespace connector
