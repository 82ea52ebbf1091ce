#pragma once

#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"

#include <string>
#include <string_view>

namespace peering {

ilp::digest hmac_sha256(std::string_view secret, std::string_view text);

/// HMAC-SHA256 as 64 lower-case hexadecimal digits.
std::string hmac_sha256_hex(std::string_view secret, std::string_view text);

/// Signs the messages between the operator's programs and the daemon: "t=<unix milliseconds>, v1=<HMAC of
/// `t.canonical_body`>". `canonical_body` is the result of canonical_json().
std::string signature_header(std::string_view secret, ilp::timestamp time, std::string_view canonical_body);

}  // namespace peering
