#pragma once

#include "ilp/condition.hpp"
#include "ilp/hex.hpp"

#include <string>
#include <string_view>

namespace peering {

inline constexpr std::string_view fingerprint_prefix = "sha256:";

/// Tells an operator which token or secret is meant, without revealing it: the first 64 bits of its SHA-256.
inline std::string token_fingerprint(const ilp::digest& hash) {
    return std::string{fingerprint_prefix} + ilp::to_hex(hash).substr(0, 16);
}

}  // namespace peering
