#pragma once

#include "config/http_endpoint.hpp"
#include "peering/administration/refusal.hpp"

#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// Where payers find a receiving account. `place` is the value of spsp.public_url, an https_origin().
namespace peering::admin {

/// `place` without a slash at its end: what is before the slash and the name of an account in its URL.
std::string account_prefix(const config::http_endpoint& place);

/// The URL of the account with this name. If the place is not known, only its path.
std::string account_url(const std::optional<config::http_endpoint>& place, std::string_view account);

/// What payers are told: the payment pointer `$host/account` (RFC 26). It has no port, so at a place with a port it is
/// the URL.
std::string payment_pointer(const config::http_endpoint& place, std::string_view account);

/// The name in the URL of an account. If the place is known, it must be there. A refusal says what is wrong with the
/// URL, and does not repeat it.
std::expected<std::string, refusal> account_at(std::string_view url, const std::optional<config::http_endpoint>& place);

}  // namespace peering::admin
