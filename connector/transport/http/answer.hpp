#pragma once

#include "connector/transport/http/message.hpp"
#include "connector/transport/trace_id.hpp"
#include "ilp/bytes.hpp"
#include "peering/splitting/split_header.hpp"

#include <string_view>

namespace connector::http {

/// Appends a 200 response with one ILP packet. `accepts`: what this node takes in parts from the sender; may be null.
void append_packet_answer(ilp::bytes& out, ilp::bytes_view packet, bool keep_alive,
                          const peering::split_terms* accepts = nullptr);

/// Appends a response without a body.
void append_empty_answer(ilp::bytes& out, status status, bool keep_alive);

/// Appends a short problem document (RFC 9457). `detail` is a sentence that is safe inside a JSON string.
void append_problem(ilp::bytes& out, status status, std::string_view detail);

/// Appends an error response with a short problem document (RFC 9457). All error responses with the same status and
/// detail have identical bytes. `detail` is a sentence that is safe inside a JSON string.
void append_refusal(ilp::bytes& out, status status, bool keep_alive, std::string_view detail = {});

/// Adds `ILP-Trace-Id` to a response.
void add_trace(ilp::bytes& response, const trace_id& trace);

/// Adds `Connection: close` to a response that was made to keep the connection.
void add_connection_close(ilp::bytes& response);

inline constexpr std::string_view continue_answer = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace connector::http
