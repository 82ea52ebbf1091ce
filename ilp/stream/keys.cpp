#include "ilp/stream/keys.hpp"

#include "ilp/hmac.hpp"

namespace ilp::stream {

connection_keys derive_keys(bytes_view shared_secret) noexcept {
    return {hmac_sha256(shared_secret, as_bytes("ilp_stream_encryption")),
            hmac_sha256(shared_secret, as_bytes("ilp_stream_fulfillment"))};
}

fulfillment fulfillment_of(const digest& fulfillment_key, bytes_view data) noexcept {
    return hmac_sha256(fulfillment_key, data);
}

}  // namespace ilp::stream
