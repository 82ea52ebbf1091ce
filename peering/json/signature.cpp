#include "peering/json/signature.hpp"

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/hex.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits>
#include <stdexcept>

namespace peering {

ilp::digest hmac_sha256(std::string_view secret, std::string_view text) {
    ilp::digest digest;
    unsigned int size = 0;
    const auto octets = ilp::as_bytes(text);
    const bool done = secret.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
                      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), octets.data(), octets.size(),
                           digest.data(), &size) != nullptr &&
                      size == digest.size();
    if (!done) throw std::runtime_error{"libcrypto has no HMAC-SHA256: check the providers in its openssl.cnf"};
    return digest;
}

std::string hmac_sha256_hex(std::string_view secret, std::string_view text) {
    return ilp::to_hex(hmac_sha256(secret, text));
}

std::string signature_header(std::string_view secret, ilp::timestamp time, std::string_view canonical_body) {
    const std::string t = std::to_string(time.time_since_epoch().count());
    return "t=" + t + ", v1=" + hmac_sha256_hex(secret, t + "." + std::string{canonical_body});
}

}  // namespace peering
