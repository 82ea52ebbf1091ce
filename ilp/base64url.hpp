#pragma once

#include "ilp/bytes.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ilp {

// Base64 with the alphabet for URLs and without padding (RFC 4648 section 5).

/// The number of characters that encode so many octets.
constexpr std::size_t base64url_size(std::size_t octets) noexcept {
    return octets / 3 * 4 + (octets % 3 == 0 ? 0 : octets % 3 + 1);
}

/// Writes `base64url_size(octets.size())` characters at `to` and returns the position after them.
char* write_base64url(char* to, bytes_view octets) noexcept;

/// Reads exactly as many octets as `to` has room for. False for everything that decode_base64url() refuses, and for
/// text of another size; `to` may have been written to in that case.
bool read_base64url(std::string_view text, bytes_span to) noexcept;

void append_base64url(std::string& to, std::string_view octets);

/// Nullopt for padding, characters outside the alphabet, and left-over bits that are not zero, so that the same octets
/// have one encoding only.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace ilp
