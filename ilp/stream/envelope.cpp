#include "ilp/stream/envelope.hpp"

#include "ilp/invariant.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace ilp::stream {
namespace {

/// libcrypto takes the tag to compare with as something that it may write to.
using envelope_tag = std::array<octet, tag_size>;

}  // namespace

void envelope_cipher::free_context::operator()(evp_cipher_ctx_st* context) const noexcept {
    EVP_CIPHER_CTX_free(context);
}

envelope_cipher::envelope_cipher() : context_{EVP_CIPHER_CTX_new()} {
    // Each envelope sets only the key and the vector: libcrypto takes longer to find the cipher by its name than to use
    // it.
    EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    const bool done = context_ != nullptr && cipher != nullptr &&
                      EVP_CipherInit_ex2(context_.get(), cipher, nullptr, nullptr, 1, nullptr) == 1;
    EVP_CIPHER_free(cipher);  // the context has a reference of its own
    if (!done) throw std::runtime_error{"libcrypto has no AES-256-GCM: check the providers in its openssl.cnf"};
}

envelope_cipher::~envelope_cipher() {
    OPENSSL_cleanse(key_.data(), key_.size());  // libcrypto wipes what it has itself
}

const octet* envelope_cipher::new_key(const digest& key) noexcept {
    if (has_key_ && equal_in_constant_time(key_, key)) return nullptr;
    key_ = key;
    has_key_ = true;
    return key.data();
}

std::optional<bytes_span> envelope_cipher::open(const digest& key, bytes_view envelope, bytes_span to) noexcept {
    if (envelope.size() < envelope_overhead) return std::nullopt;
    const bytes_view ciphertext = envelope.subspan(envelope_overhead);
    require(to.size() >= ciphertext.size(), "the plaintext of an envelope has room");
    envelope_tag expected;
    std::ranges::copy(envelope.subspan(iv_size, tag_size), expected.begin());
    const std::array<OSSL_PARAM, 2> tag{
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, expected.data(), expected.size()),
        OSSL_PARAM_construct_end()};
    EVP_CIPHER_CTX* const context = context_.get();
    require(EVP_DecryptInit_ex2(context, nullptr, new_key(key), envelope.data(), tag.data()) == 1,
            "AES-256-GCM takes a key, a vector and a tag");
    octet none;
    int size = 0;
    const bool is_authentic = (ciphertext.empty() || EVP_DecryptUpdate(context, to.data(), &size, ciphertext.data(),
                                                                       static_cast<int>(ciphertext.size())) == 1) &&
                              EVP_DecryptFinal_ex(context, &none, &size) == 1;
    if (!is_authentic) return std::nullopt;
    return to.first(ciphertext.size());
}

bytes_span envelope_cipher::seal(const digest& key, bytes_view plaintext, bytes_span to) noexcept {
    if (ivs_left_ == 0) {
        require(RAND_bytes(ivs_.data(), static_cast<int>(ivs_.size())) == 1, "libcrypto has random numbers");
        ivs_left_ = ivs_.size();
    }
    ivs_left_ -= iv_size;
    return seal_with(key, std::span<const octet, iv_size>{ivs_.data() + ivs_left_, iv_size}, plaintext, to);
}

bytes_span envelope_cipher::seal_with(const digest& key, std::span<const octet, iv_size> iv, bytes_view plaintext,
                                      bytes_span to) noexcept {
    require(to.size() >= plaintext.size() + envelope_overhead, "an envelope has room");
    std::ranges::copy(iv, to.begin());
    octet* const tag_at = to.data() + iv_size;
    octet* const ciphertext = to.data() + envelope_overhead;
    EVP_CIPHER_CTX* const context = context_.get();
    octet none;
    int size = 0;
    const bool done = EVP_EncryptInit_ex2(context, nullptr, new_key(key), iv.data(), nullptr) == 1 &&
                      (plaintext.empty() || EVP_EncryptUpdate(context, ciphertext, &size, plaintext.data(),
                                                              static_cast<int>(plaintext.size())) == 1) &&
                      EVP_EncryptFinal_ex(context, &none, &size) == 1 &&
                      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size), tag_at) == 1;
    require(done, "AES-256-GCM encrypts");
    return to.first(plaintext.size() + envelope_overhead);
}

}  // namespace ilp::stream
