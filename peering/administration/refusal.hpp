#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace peering {

/// Why an operator's change is refused; the codes are those of the Admin API's `extensions.code`.
enum class refusal_code : std::uint8_t {
    bad_user_input,
    duplicate,
    forbidden,
    inactive,
    internal_server_error,
    not_found,
    conflict,
    timeout,
    unauthenticated,
};

struct refusal {
    refusal_code code{};
    std::string message;  ///< what is wrong, where, and what to do about it
};

inline std::unexpected<refusal> refused(refusal_code code, std::string message) {
    return std::unexpected{refusal{code, std::move(message)}};
}

}  // namespace peering
