#include "ilp/oer.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace ilp::oer {
namespace {

std::uint64_t load_minimal(bytes_view octets) noexcept {
    std::uint64_t value = 0;
    for (const octet each : octets) value = value << 8 | each;
    return value;
}

/// Writes the `size` low-order octets of `value`.
octet* store_minimal(octet* to, std::uint64_t value, std::size_t size) noexcept {
    for (std::size_t i = size; i-- > 0; value >>= 8) to[i] = static_cast<octet>(value & 0xff);
    return to + size;
}

}  // namespace

std::uint64_t reader::read_long_length() noexcept {
    const std::size_t size = rest_.front() & 0x7fU;
    if (size == 0 || size > sizeof(std::uint64_t) || rest_.size() <= size) return 0;
    const bytes_view octets = rest_.subspan(1, size);
    const std::uint64_t length = load_minimal(octets);
    if (octets.front() == 0 || length < 0x80) return 0;
    rest_ = rest_.subspan(1 + size);
    return length;
}

std::optional<std::uint64_t> reader::read_saturated_var_uint() noexcept {
    reader ahead = *this;
    const auto octets = ahead.read_variable();
    if (!octets || octets->empty() || (octets->size() > 1 && octets->front() == 0)) return std::nullopt;
    *this = ahead;
    constexpr std::size_t size_max = sizeof(std::uint64_t);
    return octets->size() > size_max ? std::numeric_limits<std::uint64_t>::max() : load_minimal(*octets);
}

std::optional<std::uint64_t> reader::read_var_uint() noexcept {
    constexpr std::size_t length_of_largest = sizeof(std::uint64_t);
    if (rest_.empty() || rest_.front() > length_of_largest) return std::nullopt;
    return read_saturated_var_uint();
}

octet* write_length(octet* to, std::uint64_t length) noexcept {
    const std::size_t size = length_size(length);
    if (size == 1) {
        *to = static_cast<octet>(length);
        return to + 1;
    }
    *to = static_cast<octet>(0x80 + size - 1);
    return store_minimal(to + 1, length, size - 1);
}

octet* write_var_uint(octet* to, std::uint64_t value) noexcept {
    const std::size_t size = var_uint_size(value) - 1;
    *to = static_cast<octet>(size);
    return store_minimal(to + 1, value, size);
}

octet* write_variable(octet* to, bytes_view octets) noexcept {
    // std::ranges::copy of libstdc++ 12 copies octet by octet.
    return std::copy(octets.begin(), octets.end(), write_length(to, octets.size()));
}

void append_u8(bytes& out, std::uint8_t value) {
    out.push_back(value);
}

void append_variable(bytes& out, bytes_view octets) {
    std::array<octet, 1 + sizeof(std::uint64_t)> length;
    const octet* const end = write_length(length.data(), octets.size());
    append(out, bytes_view{length.data(), end});
    append(out, octets);
}

}  // namespace ilp::oer
