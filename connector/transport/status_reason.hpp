#pragma once

#include "connector/routing/reject_reason.hpp"

#include <optional>

namespace connector {

/// Why a packet is rejected whose next hop has answered with this HTTP status; nullopt if it has answered as it should.
constexpr std::optional<reject_reason> reason_of_status(unsigned status) noexcept {
    if (status >= 200 && status < 300) return std::nullopt;
    if (status == 429 || status == 503) return reject_reason::next_hop_busy;
    if (status == 502 || status == 504) return reject_reason::next_hop_behind_dead_gateway;
    if (status >= 500) return reject_reason::next_hop_failed;
    return reject_reason::next_hop_refused_us;
}

/// True if the other side may have got what was sent, although no response of its own has come: the connection was
/// lost, or a gateway before it has given up.
constexpr bool may_have_arrived(reject_reason reason) noexcept {
    return reason == reject_reason::next_hop_connection_lost || reason == reject_reason::next_hop_behind_dead_gateway;
}

}  // namespace connector
