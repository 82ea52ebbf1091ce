// Uses the deprecated SHA256_* functions for the reason that condition.cpp gives.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "ilp/hmac.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace ilp {
namespace {

constexpr std::size_t hmac_block_size = 64;
using hmac_block = std::array<octet, hmac_block_size>;

/// The hash of `head` and `octets`.
digest hash_both(const hmac_block& head, bytes_view octets) noexcept {
    digest result;
    SHA256_CTX context;
    // None of these can fail.
    SHA256_Init(&context);
    SHA256_Update(&context, head.data(), head.size());
    SHA256_Update(&context, octets.data(), octets.size());
    SHA256_Final(result.data(), &context);
    return result;
}

/// The key, filled up with zeros, with every octet changed by `pad`.
hmac_block padded(bytes_view key, octet pad) noexcept {
    hmac_block block{};
    std::ranges::copy(key, block.begin());
    for (octet& each : block) each ^= pad;
    return block;
}

}  // namespace

digest hmac_sha256(bytes_view key, bytes_view octets) noexcept {
    digest hashed_key;
    if (key.size() > hmac_block_size) {
        hashed_key = sha256(key);
        key = hashed_key;
    }
    constexpr octet inner_pad = 0x36;
    constexpr octet outer_pad = 0x5c;
    return hash_both(padded(key, outer_pad), hash_both(padded(key, inner_pad), octets));
}

}  // namespace ilp
