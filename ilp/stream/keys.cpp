#include "ilp/stream/keys.hpp"

namespace ilp::stream {

connection_keys derive_keys(bytes_view shared_secret) noexcept {
    return {hmac_sha256(shared_secret, as_bytes("ilp_stream_encryption")),
            hmac_key{hmac_sha256(shared_secret, as_bytes("ilp_stream_fulfillment"))}};
}

fulfillment fulfillment_of(const hmac_key& fulfillment_key, bytes_view data) noexcept {
    return fulfillment_key.of(data);
}

}  // namespace ilp::stream
