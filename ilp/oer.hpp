#pragma once

#include "ilp/bytes.hpp"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

/// Canonical Octet Encoding Rules as profiled by RFC 30. Decoders refuse anything that a canonical encoder would not
/// write.
namespace ilp::oer {

/// Big-endian load and store; the octets need not be aligned.
template <std::unsigned_integral T>
T load(const octet* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

template <std::unsigned_integral T>
void store(octet* to, T value) noexcept {
    if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
    std::memcpy(to, &value, sizeof value);
}

/// Reads forward through octets that it does not own. A failed read leaves the reader where it was.
class reader {
public:
    explicit reader(bytes_view octets) noexcept : rest_{octets} {}

    std::optional<std::uint8_t> read_u8() noexcept;
    std::optional<bytes_view> read_fixed(std::size_t size) noexcept;

    /// Reads only a length determinant: canonical, at most eight octets. The length may exceed what is left.
    std::optional<std::uint64_t> read_length() noexcept;

    /// Reads a length determinant and that many octets.
    std::optional<bytes_view> read_variable() noexcept;

    /// Reads an unsigned integer of variable size (VarUInt): a length determinant and the fewest octets that hold the
    /// number. Fails for numbers above 2^64-1.
    std::optional<std::uint64_t> read_var_uint() noexcept;

    /// The same, but a number above 2^64-1 is read as 2^64-1.
    std::optional<std::uint64_t> read_saturated_var_uint() noexcept;

    bytes_view rest() const noexcept { return rest_; }
    bool at_end() const noexcept { return rest_.empty(); }

private:
    /// Returns 0 on failure: a valid long form never encodes a length below 128.
    std::uint64_t read_long_length() noexcept;

    bytes_view rest_;
};

/// Size of the length determinant for `length` in octets: 1, or 2 to 9.
constexpr std::size_t length_size(std::uint64_t length) noexcept {
    if (length < 0x80) return 1;
    return 1 + (static_cast<std::size_t>(std::bit_width(length)) + 7) / 8;
}

/// Writes `length_size(length)` octets at `to` and returns the position after them.
octet* write_length(octet* to, std::uint64_t length) noexcept;

/// Writes a length determinant and the octets at `to` and returns the position after them.
octet* write_variable(octet* to, bytes_view octets) noexcept;

/// Size of `value` as an unsigned integer of variable size, with its length: 2 to 9 octets.
constexpr std::size_t var_uint_size(std::uint64_t value) noexcept {
    return value == 0 ? 2 : 1 + (static_cast<std::size_t>(std::bit_width(value)) + 7) / 8;
}

/// Writes `var_uint_size(value)` octets at `to` and returns the position after them.
octet* write_var_uint(octet* to, std::uint64_t value) noexcept;

/// Each of these appends to `out`.
void append_u8(bytes& out, std::uint8_t value);
void append_variable(bytes& out, bytes_view octets);

// These few functions are inline because they do the work of parsing a packet.

inline std::optional<std::uint8_t> reader::read_u8() noexcept {
    if (rest_.empty()) return std::nullopt;
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
}

inline std::optional<bytes_view> reader::read_fixed(std::size_t size) noexcept {
    if (rest_.size() < size) return std::nullopt;
    const bytes_view octets = rest_.first(size);
    rest_ = rest_.subspan(size);
    return octets;
}

inline std::optional<std::uint64_t> reader::read_length() noexcept {
    if (rest_.empty()) return std::nullopt;
    std::uint64_t length = rest_.front();
    if (length < 0x80) {
        rest_ = rest_.subspan(1);
    } else {
        length = read_long_length();
        if (length == 0) return std::nullopt;
    }
    return length;
}

inline std::optional<bytes_view> reader::read_variable() noexcept {
    reader ahead = *this;
    const auto length = ahead.read_length();
    if (!length || *length > ahead.rest_.size()) return std::nullopt;
    const bytes_view octets = ahead.rest_.first(*length);
    rest_ = ahead.rest_.subspan(*length);
    return octets;
}

}  // namespace ilp::oer
