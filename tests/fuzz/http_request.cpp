#include "config/value.hpp"
#include "connector/transport/http/exchange.hpp"
#include "connector/transport/http/split_request.hpp"
#include "tests/fuzz/http.hpp"

using namespace connector;
using fuzz::require;

namespace {

/// What the fields say about the asynchronous mode: an answer goes to the peer only, and its target is one word.
void check_exchange(const http::request_head& request) {
    static const config::outgoing_http_settings peer = [] {
        config::outgoing_http_settings settings;
        settings.endpoint = config::packet_url().parse("http://bank.example:3002/ilp").value();
        return settings;
    }();
    const auto exchange = http::exchange_of(request, peer);
    if (!exchange) {
        require(!exchange.error().detail.empty(), "a refusal says why");
        return;
    }
    if (!*exchange) return;
    const auto text = (*exchange)->id.text();
    require(http::equals_ignoring_case(request.request_id, as_text(text)), "the id is that of the request");
    if (!(*exchange)->reply_at) return;
    require((*exchange)->reply_at->starts_with('/'), "the target of an answer is a path");
    require((*exchange)->reply_at->find_first_of(" \t\r\n") == std::string::npos,
            "the target of an answer is one word");
    constexpr std::string_view place = "http://bank.example";
    require(
        request.callback_url.empty() || http::equals_ignoring_case(request.callback_url.substr(0, place.size()), place),
        "an answer goes to the peer");
}

/// A target is that of an outcome if it is what outcome_target() writes, but for the case of the digits.
void check_split(const http::request_head& request) {
    const auto path = http::parse_outcome_target(request.target);
    const auto split = http::split_request_of(request);
    if (request.method == "GET") {
        require(split.has_value() && split->has_value() == path.has_value(), "a question is a question by its target");
        if (path) require((*split)->asked == path->id && !(*split)->part, "it asks for the id in its target");
    } else if (split && *split) {
        require((*split)->part.has_value(), "every other request has a part");
    }
    if (!path) return;
    require(!path->endpoint.empty() && request.target.starts_with(path->endpoint), "an endpoint has a target");
    if (path->endpoint == "/" || path->endpoint.find('?') != std::string_view::npos) return;
    require(http::equals_ignoring_case(http::outcome_target(path->endpoint, path->id), request.target),
            "write, parse: the same target");
}

}  // namespace

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
                             request->content_type, request->accept, request->request_id, request->callback_url}) {
        fuzz::require_field(value, head);
    }
    const auto token = http::bearer_token(request->authorization);
    require(token.find_first_of(" \t") == std::string_view::npos, "a token is one word");
    static_cast<void>(http::is_packet_content_type(request->content_type));
    static_cast<void>(http::accepts_packets(request->accept));
    check_exchange(*request);
    check_split(*request);

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
