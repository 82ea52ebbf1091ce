#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"
#include "ilp/packet.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

struct evp_cipher_ctx_st;

namespace ilp::stream {

inline constexpr std::size_t iv_size = 12;
inline constexpr std::size_t tag_size = 16;
/// An envelope is an initialization vector, a tag and as many octets as the plaintext has, in this order (RFC 29).
inline constexpr std::size_t envelope_overhead = iv_size + tag_size;
inline constexpr std::size_t plaintext_size_max = data_size_max - envelope_overhead;

/// Seals and opens envelopes: AES-256-GCM without additional data. Used by one thread at a time. It keeps libcrypto's
/// context, so that an envelope allocates nothing, and what the context has made of the last key, because several
/// envelopes of one connection often follow each other.
///
/// No initialization vector is used twice under one key: each is 96 random bits from libcrypto's generator, which are
/// drawn for some envelopes at a time and used once. After the 2^31 packets that RFC 29 allows a connection, and as
/// many answers, two are equal with a probability below 2^-32.
class envelope_cipher {
public:
    /// Throws std::runtime_error if libcrypto lacks the cipher.
    envelope_cipher();
    ~envelope_cipher();
    envelope_cipher(envelope_cipher&&) noexcept = default;
    envelope_cipher& operator=(envelope_cipher&&) noexcept = default;

    /// Writes the plaintext at the beginning of `to` and returns it. Nullopt if the envelope was not sealed with this
    /// key; `to` then has no particular contents. Precondition: `to` has room for all octets of the envelope but
    /// `envelope_overhead`, and does not overlap with it.
    std::optional<bytes_span> open(const digest& key, bytes_view envelope, bytes_span to) noexcept;

    /// Writes the envelope at the beginning of `to` and returns it. Precondition: `to` has room for `envelope_overhead`
    /// more octets than the plaintext, and does not overlap with it.
    bytes_span seal(const digest& key, bytes_view plaintext, bytes_span to) noexcept;

    /// The same with a given initialization vector, which must never have been used under this key: for vectors of
    /// tests.
    bytes_span seal_with(const digest& key, std::span<const octet, iv_size> iv, bytes_view plaintext,
                         bytes_span to) noexcept;

private:
    struct free_context {
        void operator()(evp_cipher_ctx_st* context) const noexcept;
    };

    /// What libcrypto needs in order to use this key: null if it has it from the envelope before.
    const octet* new_key(const digest& key) noexcept;

    std::unique_ptr<evp_cipher_ctx_st, free_context> context_;
    digest key_{};  ///< that context_ has
    bool has_key_ = false;
    std::array<octet, 64 * iv_size> ivs_{};
    std::size_t ivs_left_ = 0;  ///< octets at the beginning of ivs_
};

}  // namespace ilp::stream
