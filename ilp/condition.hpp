#pragma once

#include "ilp/bytes.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>

struct evp_md_st;
struct evp_md_ctx_st;

namespace ilp {

inline constexpr std::size_t hash_size = 32;

using digest = std::array<octet, hash_size>;
using condition = digest;
using fulfillment = std::array<octet, hash_size>;

/// Condition of the packets that peers exchange for themselves (ILDCP, CCP): the hash of `peer_protocol_fulfillment`.
extern const condition peer_protocol_condition;
inline constexpr fulfillment peer_protocol_fulfillment{};

/// SHA-256 with the algorithm fetched once and a context of its own: four times faster than asking OpenSSL for the
/// algorithm at each call. One per thread; not copyable, not shared.
class sha256 {
public:
    sha256();
    ~sha256();
    sha256(const sha256&) = delete;
    sha256& operator=(const sha256&) = delete;

    digest operator()(bytes_view octets) noexcept;

    /// True when the fulfillment `preimage` is that of the condition `hash`. Not constant time: both are known to the
    /// asking side.
    bool fulfills(std::span<const octet, hash_size> preimage, std::span<const octet, hash_size> hash) noexcept;

private:
    evp_md_st* algorithm_;
    evp_md_ctx_st* context_;
};

/// Constant-time comparison, for what an attacker could guess octet by octet.
bool equal_in_constant_time(const digest& a, const digest& b) noexcept;

}  // namespace ilp
