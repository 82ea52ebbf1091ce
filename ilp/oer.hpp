#pragma once

#include "ilp/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

/// Canonical Octet Encoding Rules as RFC 30 profiles them. Decoders refuse what a canonical encoder would not write.
namespace ilp::oer {

/// Reads forward through octets that it does not own. A read that fails leaves the reader where it was.
class reader {
public:
    explicit reader(bytes_view octets) noexcept : rest_{octets} {}

    std::optional<std::uint8_t> read_u8() noexcept;
    std::optional<std::uint32_t> read_u32() noexcept;
    std::optional<std::uint64_t> read_u64() noexcept;
    std::optional<bytes_view> read_fixed(std::size_t size) noexcept;

    /// Length determinant alone, canonical, of at most eight octets. It may promise more than is left.
    std::optional<std::uint64_t> read_length() noexcept;

    /// Length determinant and that many octets.
    std::optional<bytes_view> read_variable() noexcept;

    /// VarUInt of at most eight octets, without leading zeros (0 is `01 00`).
    std::optional<std::uint64_t> read_varuint() noexcept;

    bytes_view rest() const noexcept { return rest_; }
    bool at_end() const noexcept { return rest_.empty(); }

private:
    bytes_view rest_;
};

/// Octets that the length determinant for `length` takes: 1, or 2 to 9.
std::size_t length_size(std::uint64_t length) noexcept;

/// Writes `length_size(length)` octets at `to` and returns the place behind them.
octet* write_length(octet* to, std::uint64_t length) noexcept;

/// Appends to `out`.
void append_u8(bytes& out, std::uint8_t value);
void append_u32(bytes& out, std::uint32_t value);
void append_u64(bytes& out, std::uint64_t value);
void append_variable(bytes& out, bytes_view octets);
void append_varuint(bytes& out, std::uint64_t value);

}  // namespace ilp::oer
