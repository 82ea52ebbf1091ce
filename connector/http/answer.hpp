#pragma once

#include "connector/http/message.hpp"
#include "ilp/bytes.hpp"

#include <string_view>

namespace connector::http {

/// Appends a 200 with one ILP packet.
void append_packet_answer(ilp::bytes& out, ilp::bytes_view packet, bool keep_alive);

/// Appends a refusal with a short problem document (RFC 9457). All refusals with one status are the same octets.
void append_refusal(ilp::bytes& out, status status, bool keep_alive);

inline constexpr std::string_view continue_answer = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace connector::http
