#pragma once

#include "ilp/timestamp.hpp"

#include <string>

namespace peering {

/// The idempotency record of a change made through the Admin API: repeating the request with the same idempotency key
/// returns the same answer and changes nothing. It is written in the transaction of the change.
struct idempotency_record {
    std::string key{};      ///< chosen by the client; any text
    std::string request{};  ///< digest of the request: lower-case hexadecimal
    std::string answer{};   ///< JSON
    ilp::timestamp kept_at{};
    friend bool operator==(const idempotency_record&, const idempotency_record&) = default;
};

}  // namespace peering
