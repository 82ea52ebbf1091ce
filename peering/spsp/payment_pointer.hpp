#pragma once

#include "config/http_endpoint.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace peering {

/// The SPSP endpoint at which a payment to this receiver is set up (RFC 26): `$host/path` leads to https://host/path,
/// and without a path to https://host/.well-known/pay. The https:// URL itself is accepted, too, and an http:// URL if
/// its host is a loopback address, because nobody is on the way there. The error says what is wrong with the text, and
/// does not repeat it.
std::expected<config::http_endpoint, std::string> parse_payment_pointer(std::string_view text);

/// Which redirects of an SPSP endpoint are followed. To another host only if whoever pays sees both hosts (RFC 26).
enum class redirect_scope : std::uint8_t { same_host, any_host };

/// Where the endpoint `from` redirects to. `location` is the value of its Location header field: a URL, or an absolute
/// path. Only https:// is followed, unless `from` itself is not. The error says why the redirect is not followed.
std::expected<config::http_endpoint, std::string> redirected(const config::http_endpoint& from,
                                                             std::string_view location, redirect_scope scope);

}  // namespace peering
