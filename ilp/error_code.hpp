#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ilp {

/// The error codes of RFC 27. A Reject that we relay may carry other codes (F09, X42); they are never decoded into this
/// type.
enum class error_code : std::uint8_t {
    f00_bad_request,
    f01_invalid_packet,
    f02_unreachable,
    f03_invalid_amount,
    f04_insufficient_destination_amount,
    f05_wrong_condition,
    f06_unexpected_payment,
    f07_cannot_receive,
    f08_amount_too_large,
    f99_application_error,
    t00_internal_error,
    t01_peer_unreachable,
    t02_peer_busy,
    t03_connector_busy,
    t04_insufficient_liquidity,
    t05_rate_limited,
    t99_application_error,
    r00_transfer_timed_out,
    r01_insufficient_source_amount,
    r02_insufficient_timeout,
    r99_application_error,
};

inline constexpr int error_code_count = 21;

/// Returns the code, such as "F00"; static storage.
std::string_view code_text(error_code code) noexcept;

/// Returns the name that RFC 27 gives the code, such as "Bad Request"; static storage.
std::string_view name(error_code code) noexcept;

/// Returns nullopt for a code that RFC 27 does not define.
std::optional<error_code> parse_error_code(std::string_view three_letters) noexcept;

}  // namespace ilp
