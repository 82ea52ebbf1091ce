#pragma once

#include "config/settings.hpp"

#include <string>
#include <string_view>

namespace peering::admin {

/// The check that replaces the signature while none is required. A web page that an operator opens could otherwise use
/// the API: directly, or with a name of its own that it lets resolve to a loopback address (DNS rebinding). The browser
/// then names the page's host in `Host` or its origin in `Origin`.
///
/// Returns why the request is refused, or an empty text. A null header is absent.
std::string_view fault_of_host(const std::string* host, const std::string* origin,
                               const config::admin_settings& settings);

}  // namespace peering::admin
