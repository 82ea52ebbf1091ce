#pragma once

#include "ilp/condition.hpp"
#include "ilp/timestamp.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace peering {

inline constexpr std::size_t jwt_size_max = 4096;  ///< bytes; longer tokens are not read

/// How far a peer's clock may be ahead of ours. It does not prolong a token.
inline constexpr std::chrono::seconds jwt_clock_skew{60};

/// A JSON Web Token (RFC 7519) that claims to be signed with HMAC-SHA256, as RFC 35 uses it. Nothing in it is to be
/// believed before is_signed_with() has returned true.
struct json_web_token {
    std::string subject;  ///< empty if it names none
    ilp::timestamp expires_at{};
    ilp::timestamp not_before{};   ///< the later of `nbf` and `iat`; the epoch if it has neither
    std::string_view signed_part;  ///< in the text that was parsed
    ilp::digest signature{};
};

/// Nullopt for anything but a token of RFC 7515 with `alg` HS256 and an `exp`. A token with `crit` or `aud` is refused,
/// because we know neither extensions nor a name by which an audience could mean us. So is one with a name that comes
/// twice in an object, or with padding or another encoding of the same bytes.
std::optional<json_web_token> parse_json_web_token(std::string_view text);

/// Compares in constant time. False if the secret is empty.
bool is_signed_with(const json_web_token& token, std::string_view secret);

bool is_valid_at(const json_web_token& token, ilp::timestamp now);

/// A token with `sub`, `iat` and `exp`. The times are cut to whole seconds. Precondition: the subject is valid UTF-8.
std::string make_json_web_token(std::string_view secret, std::string_view subject, ilp::timestamp issued_at,
                                std::chrono::seconds lifetime);

}  // namespace peering
