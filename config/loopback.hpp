#pragma once

#include <string>

namespace config {

/// True for a literal IPv4 or IPv6 address of this host alone; brackets are not accepted.
bool is_loopback_address(const std::string& host) noexcept;

}  // namespace config
