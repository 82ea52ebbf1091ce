#pragma once

#include "ilp/bytes.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace ilp {

inline constexpr std::size_t hash_size = 32;

using digest = std::array<octet, hash_size>;
using condition = digest;
using fulfillment = std::array<octet, hash_size>;

/// Condition of the packets that peers exchange for themselves (ILDCP, CCP): the hash of `peer_protocol_fulfillment`.
extern const condition peer_protocol_condition;
inline constexpr fulfillment peer_protocol_fulfillment{};

digest sha256(bytes_view octets) noexcept;

/// True when the fulfillment is that of the condition. Not constant time: both are known to the asking side.
bool fulfills(std::span<const octet, hash_size> fulfillment, std::span<const octet, hash_size> condition) noexcept;

/// Constant-time comparison, for what an attacker could guess octet by octet.
bool equal_in_constant_time(const digest& a, const digest& b) noexcept;

}  // namespace ilp
