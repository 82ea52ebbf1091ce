#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

namespace ilp {

/// HMAC with SHA-256 (RFC 2104). The key may have any size. It does not allocate and cannot fail.
digest hmac_sha256(bytes_view key, bytes_view octets) noexcept;

}  // namespace ilp
