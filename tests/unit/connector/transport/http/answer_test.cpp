#include "connector/transport/http/answer.hpp"

#include "connector/transport/http/hint.hpp"
#include "connector/transport/http/message.hpp"
#include "tests/unit/ilp/vectors.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace answer_test {

using namespace connector;
using http::status;

namespace {

/// One whole response, as a client sees it.
struct answer {
    std::string head;
    std::string body;
    http::response_head parsed;
};

answer read(const ilp::bytes& octets) {
    const auto text = ilp::as_text(octets);
    const auto end = http::find_head_end(text, 0);
    REQUIRE(end);
    const auto parsed = http::parse_response_head(text.substr(0, *end));
    REQUIRE(parsed);
    REQUIRE(parsed->body == http::framing::content_length);
    REQUIRE(parsed->content_length == text.size() - *end);
    return {std::string{text.substr(0, *end)}, std::string{text.substr(*end)}, *parsed};
}

}  // namespace

TEST_CASE("A35-03 A35-13 A35-14: a packet is answered with 200, its type and its exact length") {
    for (const std::size_t size : {0U, 1U, 9U, 10U, 41'997U}) {
        const ilp::bytes packet(size, 0xff);
        ilp::bytes out;
        http::append_packet_answer(out, packet, true);
        const answer answer = read(out);
        CHECK(answer.parsed.status_code == 200);
        CHECK(answer.parsed.keep_alive);
        CHECK(answer.head.find("\r\nContent-Type: application/octet-stream\r\n") != std::string::npos);
        CHECK(std::ranges::equal(ilp::as_bytes(answer.body), packet));
    }
}

TEST_CASE("http answer: each is appended, and the last one on a connection announces the close") {
    ilp::bytes out;
    http::append_packet_answer(out, ilp::as_bytes("first"), true);
    const std::size_t first = out.size();
    http::append_packet_answer(out, ilp::as_bytes("last"), false);
    const answer answer = read({out.begin() + static_cast<std::ptrdiff_t>(first), out.end()});
    CHECK_FALSE(answer.parsed.keep_alive);
    CHECK(answer.body == "last");
    out.clear();
    http::append_refusal(out, status::bad_request, false);
    CHECK_FALSE(read(out).parsed.keep_alive);
}

TEST_CASE("A35-07 A35-20 A35-22: a refusal is a short problem document with the fields that its status needs") {
    for (const status each :
         {status::bad_request, status::unauthorized, status::not_found, status::method_not_allowed,
          status::not_acceptable, status::request_timeout, status::content_too_large, status::unsupported_media_type,
          status::expectation_failed, status::header_fields_too_large, status::service_unavailable}) {
        const auto code = static_cast<unsigned>(each);
        CAPTURE(code);
        ilp::bytes out;
        http::append_refusal(out, each, true);
        const answer answer = read(out);
        CHECK(answer.parsed.status_code == code);
        CHECK(answer.parsed.keep_alive);
        CHECK(answer.head.find("\r\nContent-Type: application/problem+json\r\n") != std::string::npos);
        CHECK((answer.head.find("\r\nWWW-Authenticate: Bearer\r\n") != std::string::npos) == (code == 401));
        CHECK((answer.head.find("\r\nAllow: POST\r\n") != std::string::npos) == (code == 405));
        const auto document = boost::json::parse(answer.body);
        CHECK(document.at("status").to_number<unsigned>() == code);
        CHECK(vectors::text(document.at("title")) == http::reason_phrase(each));
        CHECK_FALSE(http::reason_phrase(each).empty());
    }
}

TEST_CASE("A35-08: refusals with the same status are identical") {
    ilp::bytes first;
    ilp::bytes second;
    http::append_refusal(first, status::unauthorized, true);
    http::append_refusal(second, status::unauthorized, true);
    CHECK(first == second);
}

TEST_CASE("http answer: a refusal of another protocol names the protocol that this node accepts") {
    const auto detail_of = [](status status, std::string_view octets) {
        ilp::bytes out;
        http::append_refusal(out, status, false, http::hint_on_packet_request(status, octets));
        const auto document = boost::json::parse(read(out).body);
        const auto* const detail = document.as_object().if_contains("detail");
        return detail == nullptr ? std::string{} : std::string{vectors::text(*detail)};
    };
    CHECK(
        detail_of(status::bad_request, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").starts_with("HTTP/2 is not supported here"));
    CHECK(detail_of(status::bad_request, "POST / HTTP/3\r\n\r\n").starts_with("This version of HTTP"));
    CHECK(detail_of(status::bad_request, "\x16\x03\x01\x02").starts_with("TLS is not supported here"));
    CHECK(detail_of(status::bad_request, "POST / HTTP/1.1\r\nno colon\r\n\r\n").empty());
    const std::string_view upgrade = "GET / HTTP/1.1\r\nHost: d\r\nUPGRADE: WebSocket\r\n\r\n";
    CHECK(detail_of(status::method_not_allowed, upgrade).starts_with("WebSocket, and so BTP, is not supported here"));
    CHECK(detail_of(status::not_found, upgrade).starts_with("WebSocket"));
    CHECK(detail_of(status::method_not_allowed, "GET / HTTP/1.1\r\n\r\nUpgrade: websocket").starts_with("Only POST"));
    CHECK(detail_of(status::unauthorized, "POST / HTTP/1.1\r\n\r\n").contains("JSON Web Token"));
}

TEST_CASE("A35-33: the interim answer is a head without a body") {
    const auto head = http::parse_response_head(http::continue_answer);
    REQUIRE(head);
    CHECK(head->status_code == 100);
    CHECK(head->content_length == 0);
}

TEST_CASE("answer: a response that was made to keep its connection can be made to end it") {
    const auto packet = ilp::as_bytes("packet");
    const auto made = [&](bool keep_alive) {
        ilp::bytes response;
        http::append_packet_answer(response, packet, keep_alive);
        return response;
    };
    ilp::bytes changed = made(true);
    http::add_connection_close(changed);
    const auto end = http::find_head_end(ilp::as_text(changed), 0);
    REQUIRE(end);
    const auto head = http::parse_response_head(ilp::as_text(changed).substr(0, *end));
    REQUIRE(head);
    CHECK_FALSE(head->keep_alive);
    CHECK(changed.size() == made(false).size());
    CHECK(ilp::as_text(changed).ends_with("\r\n\r\npacket"));
}

TEST_CASE("answer: a Reject names the trace id beside it") {
    const trace_id trace{0x0123'4567'89ab'cdef, 0x0fed'cba9'8765'4321};
    for (const bool keep_alive : {true, false}) {
        ilp::bytes response;
        http::append_packet_answer(response, ilp::as_bytes("packet"), keep_alive);
        http::add_trace(response, trace);
        const answer answer = read(response);
        CHECK(answer.head.contains("\r\nILP-Trace-Id: 0123456789abcdef0fedcba987654321\r\n"));
        CHECK(answer.parsed.has_trace);
        CHECK(answer.parsed.keep_alive == keep_alive);
        CHECK(http::trace_in(answer.head) == trace);
        CHECK(answer.body == "packet");
    }
}

}  // namespace answer_test
