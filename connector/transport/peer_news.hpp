#pragma once

#include "connector/transport/reachability.hpp"

#include <string_view>

namespace connector {

/// Writes news about a peer to the log. A peer that comes and goes, or answers differently each time, causes one line
/// per minute for each kind of news. A lack of descriptors concerns all peers, so one line is enough for them.
void report_peer_news(const reachability::news& news, std::string_view name, std::string_view endpoint,
                      bool lacks_descriptors = false);

}  // namespace connector
