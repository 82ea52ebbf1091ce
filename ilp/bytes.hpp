#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ilp {

using octet = std::uint8_t;
using bytes = std::vector<octet>;
using bytes_view = std::span<const octet>;
using bytes_span = std::span<octet>;

/// Views the same octets as text, without a copy or an encoding check.
inline std::string_view as_text(bytes_view octets) noexcept {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

inline bytes_view as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const octet*>(text.data()), text.size()};
}

inline void append(bytes& out, bytes_view octets) {
    out.insert(out.end(), octets.data(), octets.data() + octets.size());
}

inline void append(bytes& out, std::string_view text) {
    append(out, as_bytes(text));
}

}  // namespace ilp
