#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

#include <array>
#include <cstdint>

namespace ilp {

/// A key for many HMACs with SHA-256 (RFC 2104): the half of the work that depends on the key alone is done once. What
/// it holds is as secret as the key.
class hmac_key {
public:
    /// The key may have any size.
    explicit hmac_key(bytes_view key) noexcept;

    /// It does not allocate and cannot fail.
    digest of(bytes_view octets) const noexcept;

    friend bool operator==(const hmac_key&, const hmac_key&) = default;

private:
    /// SHA-256 after its first block.
    using hash_state = std::array<std::uint32_t, 8>;
    static hash_state after(bytes_view block) noexcept;
    static digest finish(const hash_state& state, bytes_view octets) noexcept;

    hash_state inner_;
    hash_state outer_;
};

/// One HMAC with SHA-256.
digest hmac_sha256(bytes_view key, bytes_view octets) noexcept;

}  // namespace ilp
