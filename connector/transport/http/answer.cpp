#include "connector/transport/http/answer.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <string>

namespace connector::http {
namespace {

constexpr std::string_view connection_close = "Connection: close\r\n";

std::string_view connection_field(bool keep_alive) {
    return keep_alive ? "" : connection_close;
}

std::string_view fields_of(status status) {
    switch (status) {
        case status::unauthorized:
            return "WWW-Authenticate: Bearer\r\n";
        case status::method_not_allowed:
            return "Allow: POST\r\n";
        default:
            return "";
    }
}

/// `line` ends with CR and LF.
void insert_field(ilp::bytes& response, std::string_view line) {
    const auto behind_status_line = static_cast<std::ptrdiff_t>(ilp::as_text(response).find("\r\n") + 2);
    const auto field = ilp::as_bytes(line);
    response.insert(response.begin() + behind_status_line, field.begin(), field.end());
}

}  // namespace

void append_packet_answer(ilp::bytes& out, ilp::bytes_view packet, bool keep_alive,
                          const peering::split_terms* accepts) {
    std::array<char, 20> digits;
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), packet.size()).ptr;
    ilp::append(out, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n");
    ilp::append(out, connection_field(keep_alive));
    if (accepts != nullptr) {
        std::string terms;
        peering::append(terms, *accepts);
        ilp::append(out, peering::split_accept_field);
        ilp::append(out, ": ");
        ilp::append(out, terms);
        ilp::append(out, "\r\n");
    }
    ilp::append(out, "Content-Length: ");
    ilp::append(out, std::string_view{digits.data(), end});
    ilp::append(out, "\r\n\r\n");
    ilp::append(out, packet);
}

void append_empty_answer(ilp::bytes& out, status status, bool keep_alive) {
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n{}Content-Length: 0\r\n\r\n",
                   static_cast<unsigned>(status), reason_phrase(status), connection_field(keep_alive));
}

void append_problem(ilp::bytes& out, status status, std::string_view detail) {
    const auto said = detail.empty() ? std::string{} : fmt::format(R"(,"detail":"{}")", detail);
    fmt::format_to(std::back_inserter(out), R"({{"status":{},"title":"{}"{}}})", static_cast<unsigned>(status),
                   reason_phrase(status), said);
}

void append_refusal(ilp::bytes& out, status status, bool keep_alive, std::string_view detail) {
    ilp::bytes document;
    append_problem(document, status, detail);
    fmt::format_to(std::back_inserter(out),
                   "HTTP/1.1 {} {}\r\n{}{}Content-Type: application/problem+json\r\nContent-Length: {}\r\n\r\n",
                   static_cast<unsigned>(status), reason_phrase(status), fields_of(status),
                   connection_field(keep_alive), document.size());
    ilp::append(out, document);
}

void add_trace(ilp::bytes& response, const trace_id& trace) {
    const trace_id::text_form text = trace.text();
    insert_field(response, fmt::format("ILP-Trace-Id: {}\r\n", as_text(text)));
}

void add_connection_close(ilp::bytes& response) {
    insert_field(response, connection_close);
}

}  // namespace connector::http
