#include "peering/json/signature.hpp"

#include "ilp/bytes.hpp"
#include "ilp/hex.hpp"
#include "ilp/hmac.hpp"

namespace peering {

ilp::digest hmac_sha256(std::string_view secret, std::string_view text) {
    return ilp::hmac_sha256(ilp::as_bytes(secret), ilp::as_bytes(text));
}

std::string hmac_sha256_hex(std::string_view secret, std::string_view text) {
    return ilp::to_hex(hmac_sha256(secret, text));
}

std::string signature_header(std::string_view secret, ilp::timestamp time, std::string_view canonical_body) {
    const std::string t = std::to_string(time.time_since_epoch().count());
    return "t=" + t + ", v1=" + hmac_sha256_hex(secret, t + "." + std::string{canonical_body});
}

}  // namespace peering
