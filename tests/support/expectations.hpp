#pragma once

#include "tests/support/daemon.hpp"
#include "tests/support/http.hpp"
#include "tests/support/packets.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Checks that use Catch2. They may only be called from the thread of the test case.
namespace support {

struct received_reject {
    std::string code{};
    std::string triggered_by{};
    std::string message{};
    ilp::bytes data{};
};

/// Empty unless the response is a 200 with exactly one canonical Fulfill or Reject.
std::optional<ilp::bytes> packet_of(const std::optional<http_message>& response);
/// "F02" for a Reject, "fulfill", "HTTP 401", or "no answer": values to compare and to count.
std::string outcome(const std::optional<http_message>& response);

/// Requires the Fulfill that belongs to `sent` and returns its data.
ilp::bytes expect_fulfill(const std::optional<http_message>& response, const prepare& sent);

/// Requires a Reject that the daemon itself made, with this code, the daemon's address, a readable message, and data
/// only if it is an F08.
received_reject expect_reject(const std::optional<http_message>& response, std::string_view code,
                              std::string_view triggered_by = "test.d");

/// Requires a Reject of any origin.
received_reject expect_any_reject(const std::optional<http_message>& response);

/// Requires an F08 with these two amounts, in the units of the account that the Prepare came from.
void expect_amount_too_large(const std::optional<http_message>& response, std::uint64_t received,
                             std::uint64_t maximum);

/// Requires this HTTP status and no ILP packet.
void expect_status(const std::optional<http_message>& response, int status);

}  // namespace support
