#include "connector/routing/reject_reason.hpp"

#include "config/reference_writer.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace connector {
namespace {

using enum ilp::error_code;

struct row {
    reject_reason reason;
    reject_text text;
};

constexpr std::array<row, reject_reason_count> table{{
    {reject_reason::draining, {"draining", t03_connector_busy, "connector is shutting down"}},
    {reject_reason::store_unavailable, {"store_unavailable", t00_internal_error, "ledger is not available"}},
    {reject_reason::too_many_packets_in_flight,
     {"too_many_packets_in_flight", t03_connector_busy, "too many packets in flight"}},
    {reject_reason::peer_disabled, {"peer_disabled", t00_internal_error, "account is disabled"}},
    {reject_reason::invalid_type, {"invalid_type", f01_invalid_packet, "not a Prepare"}},
    {reject_reason::truncated, {"truncated", f01_invalid_packet, "packet is truncated"}},
    {reject_reason::not_canonical, {"not_canonical", f01_invalid_packet, "packet is not canonical OER"}},
    {reject_reason::invalid_timestamp, {"invalid_timestamp", f01_invalid_packet, "expiresAt is not a valid time"}},
    {reject_reason::invalid_address, {"invalid_address", f01_invalid_packet, "destination is not an ILP address"}},
    {reject_reason::field_too_long, {"field_too_long", f01_invalid_packet, "a field is longer than RFC 27 allows"}},
    {reject_reason::expired_on_arrival,
     {"expired_on_arrival", r00_transfer_timed_out, "packet had expired on arrival"}},
    {reject_reason::amount_above_incoming_maximum,
     {"amount_above_incoming_maximum", f08_amount_too_large, "amount exceeds the maximum packet amount"}},
    {reject_reason::packet_rate_exceeded, {"packet_rate_exceeded", t05_rate_limited, "too many packets per second"}},
    {reject_reason::incoming_throughput_exceeded,
     {"incoming_throughput_exceeded", t04_insufficient_liquidity, "exceeded incoming throughput"}},
    {reject_reason::unknown_peer_protocol, {"unknown_peer_protocol", f01_invalid_packet, "unknown peer protocol"}},
    {reject_reason::wrong_peer_protocol_condition,
     {"wrong_peer_protocol_condition", f01_invalid_packet, "condition is not the one of a peer protocol"}},
    {reject_reason::peer_protocol_with_amount,
     {"peer_protocol_with_amount", f00_bad_request, "amount of a peer protocol packet must be zero"}},
    {reject_reason::malformed_echo, {"malformed_echo", f01_invalid_packet, "malformed echo"}},
    {reject_reason::unexpected_payment,
     {"unexpected_payment", f06_unexpected_payment, "this address does not receive payments"}},
    {reject_reason::echo_amount_too_large,
     {"echo_amount_too_large", f06_unexpected_payment, "amount is too large for an echo"}},
    {reject_reason::no_route, {"no_route", f02_unreachable, "no route to the destination"}},
    {reject_reason::other_network, {"other_network", f02_unreachable, "destination belongs to another network"}},
    {reject_reason::back_to_source,
     {"back_to_source", f02_unreachable, "next hop is the peer that the packet came from"}},
    {reject_reason::next_hop_disabled,
     {"next_hop_disabled", t01_peer_unreachable, "account of the next hop is disabled"}},
    {reject_reason::no_rate, {"no_rate", t00_internal_error, "no exchange rate between the assets"}},
    {reject_reason::rate_too_old, {"rate_too_old", t00_internal_error, "exchange rate between the assets is too old"}},
    {reject_reason::converts_to_zero, {"converts_to_zero", r01_insufficient_source_amount, "amount converts to zero"}},
    {reject_reason::conversion_overflow,
     {"conversion_overflow", f08_amount_too_large, "converted amount is too large"}},
    {reject_reason::amount_above_outgoing_maximum,
     {"amount_above_outgoing_maximum", f08_amount_too_large,
      "amount exceeds the maximum packet amount of the next hop"}},
    {reject_reason::outgoing_throughput_exceeded,
     {"outgoing_throughput_exceeded", t04_insufficient_liquidity, "exceeded outgoing throughput"}},
    {reject_reason::expires_too_soon,
     {"expires_too_soon", r02_insufficient_timeout, "packet expires too soon to be forwarded"}},
    {reject_reason::insufficient_liquidity,
     {"insufficient_liquidity", t04_insufficient_liquidity, "insufficient liquidity"}},
    {reject_reason::next_hop_queue_full,
     {"next_hop_queue_full", t03_connector_busy, "too many packets are waiting for the next hop"}},
    {reject_reason::next_hop_unreachable, {"next_hop_unreachable", t01_peer_unreachable, "next hop is unreachable"}},
    {reject_reason::next_hop_refused_us,
     {"next_hop_refused_us", t01_peer_unreachable, "next hop does not accept our packets"}},
    {reject_reason::next_hop_busy, {"next_hop_busy", t03_connector_busy, "next hop is busy"}},
    {reject_reason::next_hop_failed, {"next_hop_failed", t00_internal_error, "next hop failed"}},
    {reject_reason::next_hop_answered_nonsense,
     {"next_hop_answered_nonsense", t00_internal_error, "next hop sent an invalid response"}},
    {reject_reason::next_hop_timed_out,
     {"next_hop_timed_out", r00_transfer_timed_out, "next hop did not answer in time"}},
    {reject_reason::wrong_fulfillment,
     {"wrong_fulfillment", f05_wrong_condition, "fulfillment does not match the condition"}},
}};

constexpr bool rows_match_the_enum() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (static_cast<std::size_t>(table[i].reason) != i) return false;
    }
    return true;
}
static_assert(rows_match_the_enum());

constexpr bool identifiers_are_valid_and_unique() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        const std::string_view identifier = table[i].text.identifier;
        if (identifier.empty() || identifier.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != identifier.npos) {
            return false;
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (table[j].text.identifier == identifier) return false;
        }
    }
    return true;
}
static_assert(identifiers_are_valid_and_unique());

}  // namespace

const reject_text& describe(reject_reason reason) noexcept {
    return table[static_cast<std::size_t>(reason)].text;
}

std::string reject_reasons_markdown() {
    config::reference_writer out;
    out.paragraph("# Reject reasons");
    out.paragraph(
        "Generated from the table in `connector/routing/reject_reason.cpp`: change it there, then run\n"
        "`ilpd --reject-reasons-reference > docs/operating/reject-reasons.md`.");
    out.paragraph(
        "This table lists every reason for which ilpd itself refuses a Prepare. The sender gets the code and the "
        "message\n"
        "in the Reject. The identifier is the label `reason` of `ilp_packets_refused_total` ([metrics.md](metrics.md)) "
        "and\n"
        "the field `reason` of the log line `packet refused`, which is written at the level debug. A Reject from a "
        "next\n"
        "hop is passed on unchanged and has no reason here.");
    out.columns({"Identifier", "Code", "Name in RFC 27", "Message"});
    for (const row& row : table) {
        const auto& [identifier, code, message] = row.text;
        out.row({fmt::format("`{}`", identifier), ilp::code_text(code), ilp::name(code), message});
    }
    return out.take();
}

}  // namespace connector
