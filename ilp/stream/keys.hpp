#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/hmac.hpp"

namespace ilp::stream {

/// What the two ends of a STREAM connection derive from the secret that they share (RFC 29 section 4.1).
struct connection_keys {
    digest encryption;     ///< for the envelopes of both ends
    hmac_key fulfillment;  ///< only the holder of this key can fulfill a packet
};

/// A shared secret has 32 octets by custom; any size is taken.
connection_keys derive_keys(bytes_view shared_secret) noexcept;

/// The fulfillment of a Prepare with exactly this data, which is the whole envelope. Its SHA-256 is the condition.
fulfillment fulfillment_of(const hmac_key& fulfillment_key, bytes_view data) noexcept;

}  // namespace ilp::stream
