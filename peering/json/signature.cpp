#include "peering/json/signature.hpp"

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/hex.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>

namespace peering {
namespace {

/// Made once for each thread: libcrypto takes longer to find HMAC and SHA-256 by their names than to use them.
class hmac_context {
public:
    hmac_context() {
        EVP_MAC* const mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
        if (mac == nullptr) return;
        context_.reset(EVP_MAC_CTX_new(mac));
        EVP_MAC_free(mac);
        std::string digest = OSSL_DIGEST_NAME_SHA2_256;
        const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                    OSSL_PARAM_construct_end()};
        if (context_ && EVP_MAC_CTX_set_params(context_.get(), parameters.data()) != 1) context_.reset();
    }
    /// Null if libcrypto lacks them.
    EVP_MAC_CTX* get() const noexcept { return context_.get(); }

private:
    struct free_context {
        void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
    };
    std::unique_ptr<EVP_MAC_CTX, free_context> context_;
};

}  // namespace

ilp::digest hmac_sha256(std::string_view secret, std::string_view text) {
    thread_local const hmac_context context;
    // A null pointer would mean the secret before.
    const auto key = ilp::as_bytes(secret.empty() ? std::string_view{""} : secret);
    const auto octets = ilp::as_bytes(text);
    ilp::digest digest;
    std::size_t size = 0;
    const bool done = context.get() != nullptr && EVP_MAC_init(context.get(), key.data(), key.size(), nullptr) == 1 &&
                      EVP_MAC_update(context.get(), octets.data(), octets.size()) == 1 &&
                      EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size();
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
