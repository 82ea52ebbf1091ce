#pragma once

namespace connector {

/// What is known about a request that was sent, and whose connection then ended without the next hop's answer to it.
struct lost_request {
    /// The connection had carried a packet before. The other side may close such a connection at any time, also while a
    /// request is on its way.
    bool on_reused_connection = false;
    bool sent_before = false;  ///< it was lost on an earlier connection, too
    /// The other side ended its direction, or answered with an error and closed, although its system had not received
    /// the whole request. Each TCP segment acknowledges what has arrived, and so does the one with the FIN.
    bool ended_before_arrival = false;
    bool answered_request_timeout = false;  ///< status 408: it gave up waiting for a request, and closed (RFC 9110)
};

/// True if the next hop has certainly not taken the packet and another connection may help. A Prepare must not reach a
/// next hop twice, so in doubt this is false. A reset, for example, proves nothing: the next hop may have read the
/// request before.
constexpr bool may_be_sent_again(const lost_request& request) noexcept {
    return request.on_reused_connection && !request.sent_before &&
           (request.ended_before_arrival || request.answered_request_timeout);
}

}  // namespace connector
