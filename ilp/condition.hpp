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

/// The condition of peer protocol packets (ILDCP, CCP): the hash of `peer_protocol_fulfillment`.
extern const condition peer_protocol_condition;
inline constexpr fulfillment peer_protocol_fulfillment{};

digest sha256(bytes_view octets) noexcept;

/// True if the fulfillment matches the condition. Not constant-time: the party that asks knows both.
bool fulfills(std::span<const octet, hash_size> fulfillment, std::span<const octet, hash_size> condition) noexcept;

/// Constant-time comparison, for values that an attacker could otherwise guess octet by octet.
bool equal_in_constant_time(const digest& a, const digest& b) noexcept;

}  // namespace ilp
