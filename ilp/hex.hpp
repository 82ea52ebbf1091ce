#pragma once

#include "ilp/bytes.hpp"
#include "ilp/condition.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ilp {

/// Writes each octet as two lower-case hexadecimal digits.
std::string to_hex(bytes_view octets);

/// Reads what to_hex() writes for so many octets. Returns false, and may have changed `to`, for anything else.
bool parse_hex(std::string_view digits, std::span<octet> to) noexcept;

/// Reads what to_hex() writes for a digest: 64 lower-case digits. Returns nullopt for anything else.
std::optional<digest> parse_hex_digest(std::string_view digits) noexcept;

}  // namespace ilp
