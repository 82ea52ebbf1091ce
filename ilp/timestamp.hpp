#pragma once

#include "ilp/bytes.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

namespace ilp {

/// An instant of the Interledger: UTC, whole milliseconds, leap seconds smeared (RFC 30).
using timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

inline constexpr std::size_t timestamp_size = 17;

/// Reads YYYYMMDDHHMMSSmmm. Refuses everything that is no instant of the proleptic Gregorian calendar: 30 February,
/// hour 24, second 60, year 0000, any octet that is no digit.
std::optional<timestamp> parse_timestamp(std::span<const octet, timestamp_size> digits) noexcept;

/// Writes 17 ASCII digits. Precondition: the year lies in 1..9999.
void write_timestamp(timestamp instant, std::span<octet, timestamp_size> digits) noexcept;

}  // namespace ilp
