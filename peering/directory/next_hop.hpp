#pragma once

#include "ilp/address.hpp"
#include "peering/directory/peer.hpp"
#include "peering/directory/route_table.hpp"

#include <cstdint>
#include <string_view>

namespace peering {

enum class route_status : std::uint8_t { found, none, other_network };

struct next_hop {
    route_status status{};
    const peering::peer* peer = nullptr;
};

/// The next hop of a packet to this address, regardless of where the packet comes from. Precondition: the address is
/// valid.
inline next_hop find_next_hop(const route_table& routes, const ilp::address& own_address, std::string_view destination,
                              const asset* packet_asset) noexcept {
    const ilp::scheme scheme = *ilp::scheme_of(destination);
    const ilp::scheme own = *ilp::scheme_of(own_address);
    using enum ilp::scheme;
    if (scheme == self || scheme == local || scheme == ilp::scheme::peer) return {route_status::none};
    if (ilp::is_allocated(scheme) && ilp::is_allocated(own) && scheme != own) return {route_status::other_network};
    // Addresses under private. and example. mean something only to parties that agreed on them, so the default route
    // never applies to them (RFC 15). Packets to addresses under our own address arrive here from everywhere, and a
    // route that leads away would bring them back.
    const std::size_t prefix_size_min = ilp::covers(own_address, destination) ? own_address.text().size() + 1
                                        : ilp::is_allocated(scheme)           ? 0
                                                                              : 1;
    const auto* const found = routes.find(destination, prefix_size_min, packet_asset);
    if (found == nullptr) return {route_status::none};
    return {route_status::found, found};
}

}  // namespace peering
