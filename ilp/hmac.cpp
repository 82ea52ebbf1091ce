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

/// The key, filled up with zeros, with every octet changed by `pad`.
hmac_block padded(bytes_view key, octet pad) noexcept {
    hmac_block block{};
    std::copy(key.begin(), key.end(), block.begin());
    for (octet& each : block) each ^= pad;
    return block;
}

}  // namespace

// None of the functions of libcrypto can fail.

hmac_key::hash_state hmac_key::after(bytes_view block) noexcept {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, block.data(), block.size());
    hash_state state;
    std::ranges::copy(context.h, state.begin());
    return state;
}

digest hmac_key::finish(const hash_state& state, bytes_view octets) noexcept {
    SHA256_CTX context;
    SHA256_Init(&context);
    std::ranges::copy(state, context.h);
    context.Nl = 8 * hmac_block_size;  // bits that it has hashed
    SHA256_Update(&context, octets.data(), octets.size());
    digest result;
    SHA256_Final(result.data(), &context);
    return result;
}

hmac_key::hmac_key(bytes_view key) noexcept {
    digest hashed_key;
    if (key.size() > hmac_block_size) {
        hashed_key = sha256(key);
        key = hashed_key;
    }
    constexpr octet inner_pad = 0x36;
    constexpr octet outer_pad = 0x5c;
    inner_ = after(padded(key, inner_pad));
    outer_ = after(padded(key, outer_pad));
}

digest hmac_key::of(bytes_view octets) const noexcept {
    return finish(outer_, finish(inner_, octets));
}

digest hmac_sha256(bytes_view key, bytes_view octets) noexcept {
    return hmac_key{key}.of(octets);
}

}  // namespace ilp
