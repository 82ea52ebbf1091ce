// Uses the deprecated SHA256_* functions: their OpenSSL 3 replacements allocate on each use and take half as long again
// (79 ns against 53 ns).
#define OPENSSL_SUPPRESS_DEPRECATED

#include "ilp/condition.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace ilp {

constinit const condition peer_protocol_condition{0x66, 0x68, 0x7a, 0xad, 0xf8, 0x62, 0xbd, 0x77, 0x6c, 0x8f, 0xc1,
                                                  0x8b, 0x8e, 0x9f, 0x8e, 0x20, 0x08, 0x97, 0x14, 0x85, 0x6e, 0xe2,
                                                  0x33, 0xb3, 0x90, 0x2a, 0x59, 0x1d, 0x0d, 0x5f, 0x29, 0x25};

digest sha256(bytes_view octets) noexcept {
    digest result;
    SHA256_CTX context;
    // None of these can fail.
    SHA256_Init(&context);
    SHA256_Update(&context, octets.data(), octets.size());
    SHA256_Final(result.data(), &context);
    return result;
}

bool fulfills(std::span<const octet, hash_size> fulfillment, std::span<const octet, hash_size> condition) noexcept {
    return std::ranges::equal(sha256(fulfillment), condition);
}

bool equal_in_constant_time(const digest& a, const digest& b) noexcept {
    return CRYPTO_memcmp(a.data(), b.data(), hash_size) == 0;
}

}  // namespace ilp
