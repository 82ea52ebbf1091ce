#pragma once

#include "ilp/bytes.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

namespace ilp {

/// An Interledger timestamp: UTC, whole milliseconds, leap seconds smeared (RFC 30).
using timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

inline constexpr std::size_t timestamp_size = 17;

/// Parses YYYYMMDDHHMMSSmmm. Refuses anything that is not a valid time in the proleptic Gregorian calendar, such as 30
/// February, hour 24, second 60, year 0000 or an octet that is not a digit.
std::optional<timestamp> parse_timestamp(std::span<const octet, timestamp_size> digits) noexcept;

/// Writes 17 ASCII digits. Precondition: the year is in 1..9999.
void write_timestamp(timestamp instant, std::span<octet, timestamp_size> digits) noexcept;

}  // namespace ilp
