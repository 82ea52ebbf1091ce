#include "tests/fuzz/http.hpp"

using namespace connector;
using fuzz::require;

/// The parsed request does not depend on how its bytes were split. All its parts lie within the header section, and a
/// request serialized from them is parsed to the same result.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const fuzz::split_octets input{octets, size};
    const auto end = fuzz::head_end_of(input);
    if (!end) return 0;
    const auto head = std::string_view{input.octets}.substr(0, *end);
    const auto request = http::parse_request_head(head);
    if (!request) {
        require(!http::reason_phrase(request.error()).empty(), "a refusal has a reason phrase");
        return 0;
    }
    require(request->size == head.size(), "the size of the head");
    require(!request->method.empty() && !request->target.empty(), "method and target");
    require(request->body != http::framing::until_close, "a request does not end with its connection");
    for (const auto value : {request->method, request->target, request->host, request->authorization,
                             request->content_type, request->accept}) {
        fuzz::require_field(value, head);
    }
    const auto token = http::bearer_token(request->authorization);
    require(token.find_first_of(" \t") == std::string_view::npos, "a token is one word");
    static_cast<void>(http::is_packet_content_type(request->content_type));
    static_cast<void>(http::accepts_packets(request->accept));

    std::string again;
    again.append(request->method).append(" ").append(request->target).append(" HTTP/1.1\r\nHost: d\r\n");
    again.append("Authorization: ").append(request->authorization).append("\r\n");
    again.append("Content-Type: ").append(request->content_type).append("\r\nAccept: ").append(request->accept);
    again.append(request->body == http::framing::chunked
                     ? "\r\nTransfer-Encoding: chunked\r\n"
                     : "\r\nContent-Length: " + std::to_string(request->content_length) + "\r\n");
    again.append(request->keep_alive ? "" : "Connection: close\r\n");
    again.append(request->expects_continue ? "Expect: 100-continue\r\n\r\n" : "\r\n");
    const auto second = http::parse_request_head(again);
    require(second.has_value(), "write, parse: a request");
    require(second->method == request->method && second->target == request->target &&
                second->authorization == request->authorization && second->content_type == request->content_type &&
                second->accept == request->accept && second->body == request->body &&
                second->content_length == request->content_length && second->keep_alive == request->keep_alive &&
                second->expects_continue == request->expects_continue,
            "write, parse: the same request");

    if (request->body == http::framing::chunked) {
        fuzz::require_same_chunks(input.octets.substr(*end), input.first > *end ? input.first - *end : 0);
    }
    return 0;
}
