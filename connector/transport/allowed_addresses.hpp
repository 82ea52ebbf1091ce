#pragma once

#include "config/settings.hpp"
#include "connector/loop/dial.hpp"

#include <string>

namespace connector {

/// Lets only those addresses of a peer's endpoint be connected to that its terms allow. A name is judged when its
/// addresses are known, and not when it is configured.
void restrict_addresses(dial_target& target, const config::outgoing_http_settings& terms);

/// Why no address of the endpoint may be connected to, for the operator.
std::string why_not_allowed(const config::outgoing_http_settings& terms);

}  // namespace connector
