#pragma once

#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace peering::admin {

inline constexpr std::chrono::milliseconds signature_window{30'000};  ///< to either side of our clock, inclusive

/// What a `signature` header says: "t=<unix milliseconds>, v1=<hex>". White space may stand round commas and equals
/// signs; the digits of the digest may be in either case. Several v1 are several keys, of which ours is one, and
/// versions beside them are left out.
struct claimed_signature {
    ilp::timestamp time;
    std::vector<ilp::digest> digests;  ///< at least one
};

/// For the log; a client is not told which.
enum class signature_fault : std::uint8_t {
    absent,
    malformed,
    wrong_version,  ///< no v1 in it
    too_old,
    too_far_ahead,
    body_is_no_json,  ///< so that nobody can say whether the digest is right
    wrong_digest,
};

std::string_view to_string(signature_fault fault);

std::expected<claimed_signature, signature_fault> parse_signature(std::string_view header);

/// One that is right; no other request has it.
struct checked_signature {
    ilp::timestamp time;
    ilp::digest digest;
    auto operator<=>(const checked_signature&) const = default;
};

/// Faults are looked for in the order in which they stand above. `body` is the whole of what was posted, as
/// parse_json() reads it; null: it is no JSON. A header that is null is absent.
std::expected<checked_signature, signature_fault> check_signature(const std::string* header, std::string_view secret,
                                                                  ilp::timestamp now, const boost::json::value* body);

}  // namespace peering::admin
