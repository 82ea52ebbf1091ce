#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace connector {

/// One line for people, such as "3 peers, 120 packets/s". `trouble` is what keeps the daemon from working; empty:
/// nothing.
std::string status_text(std::size_t peers, double packets_per_second, std::string_view trouble);

}  // namespace connector
