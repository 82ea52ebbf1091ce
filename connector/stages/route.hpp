#pragma once

#include "connector/journey.hpp"
#include "ilp/address.hpp"

namespace connector::stages {

/// Networks that nodes route between; a node belongs to one of them (RFC 34).
constexpr bool is_allocated(ilp::scheme scheme) {
    using enum ilp::scheme;
    return scheme == g || scheme == test || scheme == test1 || scheme == test2 || scheme == test3;
}

inline step route(journey& packet) {
    const std::string_view destination = packet.prepare->destination();
    const ilp::scheme scheme = *ilp::scheme_of(destination);
    const ilp::scheme own = *ilp::scheme_of(packet.network.own_address);
    using enum ilp::scheme;
    if (scheme == self || scheme == local) return packet.refuse(reject_reason::no_route);
    if (is_allocated(scheme) && is_allocated(own) && scheme != own) return packet.refuse(reject_reason::other_network);
    // private. and example. mean something only to those who agreed on it: the default route never takes them (RFC 15).
    // What lies under our own address comes to us from everywhere: a route that leads away would bring it back.
    const std::string& own_address = packet.network.own_address.text();
    const std::size_t prefix_size_min = ilp::covers(own_address, destination) ? own_address.size() + 1
                                        : is_allocated(scheme)                ? 0
                                                                              : 1;
    packet.to = packet.network.routes.find(destination, prefix_size_min);
    if (packet.to == nullptr) return packet.refuse(reject_reason::no_route);
    if (packet.to->id == packet.from.id && !packet.from.return_to_source && !packet.for_echo) {
        return packet.refuse(reject_reason::back_to_source);
    }
    return step::go_on;
}

}  // namespace connector::stages
