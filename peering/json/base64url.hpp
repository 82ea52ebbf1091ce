#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peering {

// Base64 with the alphabet for URLs and without padding (RFC 4648 section 5).

void append_base64url(std::string& to, std::string_view octets);

/// Nullopt for padding, characters outside the alphabet, and left-over bits that are not zero, so that the same octets
/// have one encoding only.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace peering
