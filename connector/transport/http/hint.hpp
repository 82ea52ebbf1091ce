#pragma once

#include "connector/transport/http/message.hpp"

#include <string_view>

namespace connector::http {

/// A sentence for clients that use another protocol (HTTP/2, TLS, another version), which says what this node accepts
/// instead. Empty if `octets`, the beginning of a request, belong to none of these. It is safe inside a JSON string.
std::string_view hint_on_protocol(std::string_view octets) noexcept;

/// The same for a request to the packet endpoint that is answered with `status`: what was expected instead. Empty if
/// there is nothing to say beyond the status.
std::string_view hint_on_packet_request(status status, std::string_view octets) noexcept;

}  // namespace connector::http
