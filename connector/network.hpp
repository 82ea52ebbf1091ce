#pragma once

#include "connector/route_table.hpp"
#include "ilp/address.hpp"
#include "peering/registry.hpp"

#include <memory>
#include <string_view>

namespace connector {

/// Everything about the outside that a packet's way depends on: an immutable snapshot that all workers read.
struct network {
    ilp::address own_address;
    std::shared_ptr<const peering::registry> peers;
    route_table routes;  ///< points into `peers`
};

/// Routes every peer's own address and its further prefixes to it.
std::shared_ptr<const network> make_network(const ilp::address& own_address,
                                            std::shared_ptr<const peering::registry> peers);

}  // namespace connector
