#pragma once

#include "config/settings.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector::ilpctl {

struct http_reply {
    unsigned status = 0;
    std::string body;
};

/// How far a request came that has no whole answer.
enum class lost_at : std::uint8_t {
    connecting,  ///< the daemon has not seen it
    under_way,   ///< the daemon may have done what it asks
};

struct no_reply {
    lost_at where = lost_at::connecting;
    std::string why;
};

/// One POST on a connection of its own. Blocks until the whole answer is there, at most for `timeout`; SIGINT and
/// SIGTERM end the waiting, too.
std::expected<http_reply, no_reply> post(const config::http_endpoint& endpoint,
                                         const std::vector<std::pair<std::string, std::string>>& headers,
                                         std::string_view body, std::chrono::milliseconds timeout);

}  // namespace connector::ilpctl
