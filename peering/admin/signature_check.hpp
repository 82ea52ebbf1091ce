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

inline constexpr std::chrono::milliseconds signature_window{30'000};  ///< on either side of our clock, inclusive

/// The contents of a `signature` header: "t=<unix milliseconds>, v1=<hex>". White space is allowed around commas and
/// equals signs, and hex digits may be in either case. A header may contain several v1 entries, made with different
/// keys, one of which must be ours. Entries of other versions are ignored.
struct claimed_signature {
    ilp::timestamp time;
    std::vector<ilp::digest> digests;  ///< at least one
};

/// For the log only; the client is not told which fault it was.
enum class signature_fault : std::uint8_t {
    absent,
    malformed,
    wrong_version,  ///< no v1 entry
    too_old,
    too_far_ahead,
    body_is_no_json,  ///< so the digest cannot be checked
    wrong_digest,
};

std::string_view to_string(signature_fault fault);

std::expected<claimed_signature, signature_fault> parse_signature(std::string_view header);

/// A valid signature; no two requests share one.
struct checked_signature {
    ilp::timestamp time;
    ilp::digest digest;
    auto operator<=>(const checked_signature&) const = default;
};

/// Checks for faults in the order of the enumeration. `body` is the whole request body as parsed by parse_json(), or
/// null if it is not JSON. A null header is absent.
std::expected<checked_signature, signature_fault> check_signature(const std::string* header, std::string_view secret,
                                                                  ilp::timestamp now, const boost::json::value* body);

}  // namespace peering::admin
