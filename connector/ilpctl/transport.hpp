#pragma once

#include "config/settings.hpp"
#include "connector/tls/tls_context.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector::ilpctl {

struct http_reply {
    unsigned status = 0;
    std::string body;
};

/// How far a request got that received no complete answer.
enum class failure_stage : std::uint8_t {
    connecting,  ///< the daemon has not seen the request
    under_way,   ///< the daemon may have carried it out
};

struct no_reply {
    failure_stage where = failure_stage::connecting;
    std::string why;
};

/// Sends one POST on a new connection, over TLS if the endpoint is https://; `tls` must be there then. Blocks until the
/// complete answer has arrived, for at most `timeout`; SIGINT and SIGTERM also end the wait.
std::expected<http_reply, no_reply> post(const config::http_endpoint& endpoint,
                                         const std::shared_ptr<const tls_context>& tls,
                                         const std::vector<std::pair<std::string, std::string>>& headers,
                                         std::string_view body, std::chrono::milliseconds timeout);

}  // namespace connector::ilpctl
