#pragma once

#include "ilp/timestamp.hpp"

#include <string>

namespace peering {

/// What a change by the Admin API was answered with, so that asking again with the same idempotency key gives the same
/// answer and changes nothing. It is written in the transaction of the change.
struct kept_answer {
    std::string key{};      ///< as the client chose it; any text
    std::string request{};  ///< digest of what was asked for: lower-case hexadecimal
    std::string answer{};   ///< JSON
    ilp::timestamp kept_at{};
    friend bool operator==(const kept_answer&, const kept_answer&) = default;
};

}  // namespace peering
