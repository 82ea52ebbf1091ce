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

}  // namespace connector
