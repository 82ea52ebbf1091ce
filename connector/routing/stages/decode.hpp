#pragma once

#include "connector/routing/packet_context.hpp"

namespace connector::stages {

/// Accepts only canonical OER, although RFC 27 does not require it: packets are forwarded in place, so they must be
/// what the next hop accepts.
inline step decode(packet_context& packet) {
    const auto parsed = ilp::prepare_view::parse(packet.body);
    if (parsed) {
        packet.prepare = *parsed;
        packet.incoming_amount = parsed->amount();
        return step::go_on;
    }
    if (packet.body.empty() || packet.body[0] != static_cast<ilp::octet>(ilp::packet_type::prepare)) {
        return step::bad_request;
    }
    switch (parsed.error()) {
        case ilp::decode_error::wrong_type:
            return packet.refuse(reject_reason::invalid_type);
        case ilp::decode_error::truncated:
            return packet.refuse(reject_reason::truncated);
        case ilp::decode_error::not_canonical:
            return packet.refuse(reject_reason::not_canonical);
        case ilp::decode_error::invalid_timestamp:
            return packet.refuse(reject_reason::invalid_timestamp);
        case ilp::decode_error::invalid_address:
            return packet.refuse(reject_reason::invalid_address);
        case ilp::decode_error::field_too_long:
            return packet.refuse(reject_reason::field_too_long);
        case ilp::decode_error::invalid_error_code:
            break;
    }
    return packet.refuse(reject_reason::invalid_type);
}

}  // namespace connector::stages
