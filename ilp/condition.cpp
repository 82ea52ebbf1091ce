#include "ilp/condition.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace ilp {

constinit const condition peer_protocol_condition{0x66, 0x68, 0x7a, 0xad, 0xf8, 0x62, 0xbd, 0x77, 0x6c, 0x8f, 0xc1,
                                                  0x8b, 0x8e, 0x9f, 0x8e, 0x20, 0x08, 0x97, 0x14, 0x85, 0x6e, 0xe2,
                                                  0x33, 0xb3, 0x90, 0x2a, 0x59, 0x1d, 0x0d, 0x5f, 0x29, 0x25};

sha256::sha256() : algorithm_{EVP_MD_fetch(nullptr, "SHA2-256", nullptr)}, context_{EVP_MD_CTX_new()} {
    if (algorithm_ && context_) return;
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
    throw std::runtime_error{"libcrypto offers no SHA-256: check the providers in its openssl.cnf"};
}

sha256::~sha256() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
}

digest sha256::operator()(bytes_view octets) noexcept {
    digest result;
    const bool done = EVP_DigestInit_ex2(context_, algorithm_, nullptr) == 1 &&
                      EVP_DigestUpdate(context_, octets.data(), octets.size()) == 1 &&
                      EVP_DigestFinal_ex(context_, result.data(), nullptr) == 1;
    // Hashing memory has no way to fail; going on with a digest that is none could lose money.
    if (!done) std::abort();
    return result;
}

bool sha256::fulfills(std::span<const octet, hash_size> preimage, std::span<const octet, hash_size> hash) noexcept {
    return std::ranges::equal((*this)(preimage), hash);
}

bool equal_in_constant_time(const digest& a, const digest& b) noexcept {
    return CRYPTO_memcmp(a.data(), b.data(), hash_size) == 0;
}

}  // namespace ilp
