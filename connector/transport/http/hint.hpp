#pragma once

#include "connector/transport/http/message.hpp"

#include <string_view>

namespace connector::http {

/// A sentence for clients of another protocol, which says what is not spoken here and what is: HTTP/2, TLS, another
/// version. Empty if `octets`, the beginning of a request, are of none of these. It is safe inside a JSON string.
std::string_view hint_on_protocol(std::string_view octets) noexcept;

/// The same for a request to the packet endpoint that is answered with `status`: what was expected instead. Empty if
/// there is nothing to say beyond the status.
std::string_view hint_on_packet_request(status status, std::string_view octets) noexcept;

}  // namespace connector::http
