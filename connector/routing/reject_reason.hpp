#pragma once

#include "ilp/error_code.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace connector {

/// Every reason for which this node itself refuses a Prepare. One table in reject_reason.cpp gives the identifier, code
/// and message of each. Rejects from a next hop are relayed and have no entry here.
enum class reject_reason : std::uint8_t {
    draining,
    store_unavailable,
    too_many_packets_in_flight,
    peer_disabled,
    invalid_type,
    truncated,
    not_canonical,
    invalid_timestamp,
    invalid_address,
    field_too_long,
    expired_on_arrival,
    amount_above_incoming_maximum,
    packet_rate_exceeded,
    incoming_throughput_exceeded,
    unknown_peer_protocol,
    wrong_peer_protocol_condition,
    peer_protocol_with_amount,
    malformed_echo,
    unexpected_payment,
    echo_amount_too_large,
    no_route,
    other_network,
    back_to_source,
    next_hop_disabled,
    no_rate,
    rate_too_old,
    converts_to_zero,
    conversion_overflow,
    amount_above_outgoing_maximum,
    outgoing_throughput_exceeded,
    expires_too_soon,
    sender_lacks_liquidity,
    asset_lacks_liquidity,
    account_is_full,
    next_hop_queue_full,
    next_hop_unreachable,
    next_hop_refused_us,
    next_hop_busy,
    next_hop_failed,
    next_hop_answered_nonsense,
    next_hop_timed_out,
    wrong_fulfillment,
};

inline constexpr int reject_reason_count = static_cast<int>(reject_reason::wrong_fulfillment) + 1;

struct reject_text {
    std::string_view identifier;  ///< the enumerator's name, for metrics and the log
    ilp::error_code code;
    std::string_view message;
};

const reject_text& describe(reject_reason reason) noexcept;

/// The list of reasons in Markdown, byte for byte the contents of docs/operating/reject-reasons.md.
std::string reject_reasons_markdown();

}  // namespace connector
