#include "connector/transport/http/message.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace message_test {

using namespace connector::http;
using namespace std::string_literals;
using chunk_state = chunked_body::state;

namespace {

constexpr std::string_view start_line = "POST /ilp HTTP/1.1\r\nHost: d\r\n";

std::expected<request_head, status> parse_request(std::string_view head) {
    REQUIRE(find_head_end(head, 0) == head.size());
    return parse_request_head(head);
}

/// The status of a refusal, or `ok` if the request is accepted.
status request_status(std::string_view head) {
    const auto parsed = parse_request(head);
    return parsed ? status::ok : parsed.error();
}

/// The same for these lines after a valid beginning.
status status_of_fields(const std::string& lines) {
    return request_status(std::string{start_line} + lines + "\r\n");
}

request_head request_with(const std::string& lines) {
    // The views must outlive this function.
    static std::vector<std::unique_ptr<std::string>> heads;
    const auto& head = *heads.emplace_back(std::make_unique<std::string>(std::string{start_line} + lines + "\r\n"));
    const auto parsed = parse_request(head);
    REQUIRE(parsed);
    return *parsed;
}

std::expected<response_head, status> response_of(std::string_view head) {
    REQUIRE(find_head_end(head, 0) == head.size());
    return parse_response_head(head);
}

response_head response_with(const std::string& head) {
    const auto parsed = response_of(head);
    REQUIRE(parsed);
    return *parsed;
}

struct chunk_result {
    chunk_state state = chunk_state::incomplete;
    std::string body;
    std::size_t consumed = 0;
    friend bool operator==(const chunk_result&, const chunk_result&) = default;
};

/// Reads a chunked body that arrives in pieces: `arrivals` gives the number of bytes received by each call.
chunk_result read_chunks(std::string octets, const std::vector<std::size_t>& arrivals) {
    chunked_body chunks;
    chunk_result result;
    for (const std::size_t arrived : arrivals) {
        result.state = chunks.advance({octets.data(), arrived});
        if (result.state != chunk_state::incomplete) break;
    }
    result.body = octets.substr(0, chunks.size());
    result.consumed = chunks.consumed();
    return result;
}

chunk_result read_chunks(const std::string& octets) {
    return read_chunks(octets, {octets.size()});
}

}  // namespace

TEST_CASE("http: the end of a head is found however the bytes are split") {
    const std::string head = "POST / HTTP/1.1\r\nHost: d\r\n\r\n";
    const std::string octets = head + "body\r\n\r\n";
    CHECK(find_head_end(octets, 0) == head.size());
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        REQUIRE_FALSE(find_head_end(octets.substr(0, cut), 0));
        REQUIRE(find_head_end(octets, cut) == head.size());
    }
    CHECK_FALSE(find_head_end("", 0));
    CHECK_FALSE(find_head_end("\r\n\r", 0));
    CHECK_FALSE(find_head_end("a\n\nb\r\r", 0));
}

TEST_CASE("A35-01: the head of a request is parsed into the fields that are used") {
    const std::string text =
        "POST /accounts/bob/ilp?x=1 HTTP/1.1\r\nhost: d:3002\r\nAUTHORIZATION:  Bearer t \r\n"
        "Content-Type:application/octet-stream\r\nAccept: application/octet-stream\r\nContent-Length: 64\r\n\r\n";
    const auto head = parse_request(text);
    REQUIRE(head);
    CHECK(head->size == text.size());
    CHECK(head->method == "POST");
    CHECK(head->target == "/accounts/bob/ilp?x=1");
    CHECK(head->authorization == "Bearer t");
    CHECK(head->content_type == "application/octet-stream");
    CHECK(head->accept == "application/octet-stream");
    CHECK(head->body == framing::content_length);
    CHECK(head->content_length == 64);
    CHECK(head->keep_alive);
    CHECK_FALSE(head->expects_continue);
}

TEST_CASE("http request: without a length or a transfer coding there is no body") {
    const auto head = request_with("");
    CHECK(head.body == framing::content_length);
    CHECK(head.content_length == 0);
    CHECK(head.authorization.empty());
    CHECK(head.content_type.empty());
    CHECK(head.accept.empty());
}

TEST_CASE("http request: malformed request lines are refused") {
    for (const auto& line :
         {""s, "POST"s, "POST /"s, "POST / "s, "POST  HTTP/1.1"s, " / HTTP/1.1"s, "POST / HTTP/1.1 "s,
          "POST /  HTTP/1.1"s, "POST /a b HTTP/1.1"s, "POST\t/ HTTP/1.1"s, "PO(ST / HTTP/1.1"s, "POST /\x7f HTTP/1.1"s,
          "POST /\xc3\xa9 HTTP/1.1"s, "POST /\0 HTTP/1.1"s, "POST / http/1.1"s, "POST / HTTQ/1.1"s,
          "POST / HTTP/1.1\r"s, "\x16\x03\x01 / x"s}) {
        INFO(line);
        CHECK(request_status(line + "\r\nHost: d\r\n\r\n") == status::bad_request);
    }
    for (const auto& line : {"POST / HTTP/2.0"s, "POST / HTTP/0.9"s, "POST / HTTP/1.x"s, "POST / HTTP/1.11"s,
                             "POST / HTTP/3"s, "PRI * HTTP/2.0"s, "GET / HTTP/"s}) {
        INFO(line);
        CHECK(request_status(line + "\r\nHost: d\r\n\r\n") == status::bad_request);
    }
    CHECK(request_status("\r\n\r\n") == status::bad_request);
}

TEST_CASE("http request: later versions of HTTP/1 count as 1.1") {
    const auto head = parse_request("POST / HTTP/1.2\r\nHost: d\r\nExpect: 100-continue\r\n\r\n");
    REQUIRE(head);
    CHECK(head->keep_alive);
    CHECK(head->expects_continue);
    CHECK(request_status("POST / HTTP/1.9\r\n\r\n") == status::bad_request);  // without Host, as in 1.1
}

TEST_CASE("http request: a target may have scheme and authority, which override Host") {
    const auto target_of = [](const std::string& target) -> std::string {
        const std::string text = "POST " + target + " HTTP/1.1\r\nHost: d\r\n\r\n";
        const auto head = parse_request(text);
        return head ? std::string{head->host} + " " + std::string{head->target} : "refused";
    };
    CHECK(target_of("http://x/") == "x /");
    CHECK(target_of("http://x") == "x /");
    CHECK(target_of("HTTPS://x:80/accounts/bob/ilp?a=b") == "x:80 /accounts/bob/ilp?a=b");
    CHECK(target_of("http://[::1]:3002/ilp") == "[::1]:3002 /ilp");
    CHECK(target_of("http://x?a=b") == "x /");
    CHECK(target_of("/http://x/") == "d /http://x/");
    CHECK(target_of("ftp://x/") == "d ftp://x/");
    for (const auto& wrong : {"http://"s, "http:///ilp"s, "http://user@x/"s, "http://x,y/"s}) {
        INFO(wrong);
        CHECK(target_of(wrong) == "refused");
    }
}

TEST_CASE("http smuggling: a Host that one reader would split elsewhere than another is refused") {
    for (const auto& host : {"a, b"s, "a b"s, "a/b"s, "user@a"s, "a?b"s, "a#b"s, "a\\b"s}) {
        INFO(host);
        CHECK(request_status("POST / HTTP/1.1\r\nHost: " + host + "\r\n\r\n") == status::bad_request);
    }
}

TEST_CASE("http request: what can never become a head is known before its end has come") {
    CHECK(may_become_request_head("", 0));
    CHECK(may_become_request_head("P", 0));
    CHECK(may_become_request_head("POST / HTTP/1.1\r\nHost: d\r", 0));
    CHECK(may_become_request_head("\r", 0));
    CHECK_FALSE(may_become_request_head("POST / HTTP/1.1\nHost: d\n\n", 0));
    CHECK_FALSE(may_become_request_head("POST / HTTP/1.1\r\nHost: d\nX: a\r\n", 20));
    CHECK_FALSE(may_become_request_head("\n", 0));
    CHECK_FALSE(may_become_request_head("\rP", 0));
    CHECK_FALSE(may_become_request_head("\x16\x03\x01", 0));  // TLS
    CHECK_FALSE(may_become_request_head(" POST", 0));
    CHECK_FALSE(may_become_request_head("POST / HTTP/1.1\r\nno colon\r\n", 0));
    CHECK_FALSE(may_become_request_head("POST / HTTP/1.1\r\nHost: d\r\n folded", 0));
    CHECK_FALSE(may_become_request_head(std::string_view{"POST / HTTP/1.1\r\nHost: \0", 24}, 0));
    const std::string head = "POST / HTTP/1.1\r\nHost: d\r\n\r\n";
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        for (std::size_t searched = 0; searched <= cut; ++searched) {
            REQUIRE(may_become_request_head(std::string_view{head}.substr(0, cut), searched));
        }
    }
}

TEST_CASE("http response: what can never become a head is known before its end has come") {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA:\tb\xe9\r\n\r\n";
    for (const std::string& good : {head, "HTTP/1.0 204\r\n\r\n"s, "HTTP/1.7 999 \r\n\r\n"s}) {
        for (std::size_t cut = 0; cut < good.size(); ++cut) {
            for (std::size_t searched = 0; searched <= cut; ++searched) {
                REQUIRE(may_become_response_head(std::string_view{good}.substr(0, cut), searched));
            }
        }
    }
    for (const std::string& bad : {
             "HTTP/1.1 200 OK\n"s,
             "HTTP/1.1 200 OK\r\nA: b\n"s,
             "HTTP/1.1 200 OK\r\nA: b\rC"s,
             "HTTP/1.1 200 \0"s,
             "HTTP/1.1 200 OK\r\nA: \0"s,
             "HTTP/1.1 200 OK\r\nA: b\r\n folded"s,
             "HTTP/1.1 200 OK\r\nA: b\r\n\tfolded"s,
             "HTTP/1.1 200 OK\r\nno colon\r\n"s,
             "HTTP/1.1 200 OK\r\nA : b\r\n"s,
             "HTTP/1.1 200 OK\r\n: b\r\n"s,
             "HTTP/2"s,
             "http/1.1"s,
             "HTTP/1.1  2"s,
             "HTTP/1.1 2x"s,
             "HTTP/1.1 2000"s,
             "HTTP/1.x"s,
             "\r\n"s,
             "\n"s,
             " HTTP"s,
             "\x15\x03\x03"s,
             "<html>"s,
         }) {
        INFO(bad);
        CHECK_FALSE(may_become_response_head(bad, 0));
        CHECK_FALSE(may_become_response_head(bad, bad.size() - 1));
    }
}

TEST_CASE("http request: all fields of a head can be listed") {
    const auto fields = fields_of("POST / HTTP/1.1\r\nHost: d\r\nX-a:  1 \r\nX-A:\r\n\r\n");
    REQUIRE(fields.size() == 3);
    CHECK(fields[1].name == "X-a");
    CHECK(fields[1].value == "1");
    CHECK(fields[2].value.empty());
}

TEST_CASE("http request: HTTP/1.1 needs exactly one Host, HTTP/1.0 at most one") {
    CHECK(request_status("POST / HTTP/1.1\r\n\r\n") == status::bad_request);
    CHECK(request_status("POST / HTTP/1.0\r\n\r\n") == status::ok);
    CHECK(request_status("POST / HTTP/1.0\r\nHost: d\r\nHost: d\r\n\r\n") == status::bad_request);
    CHECK(status_of_fields("Host: d\r\n") == status::bad_request);
    CHECK(request_status("POST / HTTP/1.1\r\nHost:\r\n\r\n") == status::ok);
}

TEST_CASE("http request: version and Connection decide whether the connection is kept") {
    CHECK(request_with("").keep_alive);
    CHECK_FALSE(request_with("Connection: close\r\n").keep_alive);
    CHECK_FALSE(request_with("connection: Upgrade , CLOSE\r\n").keep_alive);
    CHECK_FALSE(request_with("Connection: keep-alive\r\nConnection: close\r\n").keep_alive);
    CHECK(request_with("Connection: closed\r\n").keep_alive);
    CHECK_FALSE(parse_request("POST / HTTP/1.0\r\n\r\n")->keep_alive);
    CHECK(parse_request("POST / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")->keep_alive);
    CHECK_FALSE(parse_request("POST / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n")->keep_alive);
}

TEST_CASE("A35-14 A35-33: length and coding of the body") {
    CHECK(request_with("Content-Length: 0\r\n").content_length == 0);
    CHECK(request_with("CONTENT-LENGTH:\t42 \r\n").content_length == 42);
    CHECK(request_with("Content-Length: 18446744073709551615\r\n").content_length == ~std::size_t{0});
    CHECK(request_with("Content-Length: 0000000000000000000000005\r\n").content_length == 5);
    CHECK(request_with("Transfer-Encoding: Chunked\r\n").body == framing::chunked);
    CHECK(status_of_fields("Content-Length: 18446744073709551616\r\n") == status::content_too_large);
    CHECK(status_of_fields("Content-Length: " + std::string(100, '9') + "\r\n") == status::content_too_large);
    CHECK(status_of_fields("Transfer-Encoding: gzip\r\n") == status::bad_request);
    CHECK(status_of_fields("Transfer-Encoding: gzip, chunked\r\n") == status::bad_request);
    CHECK(status_of_fields("Transfer-Encoding: identity\r\n") == status::bad_request);
    CHECK(status_of_fields("Transfer-Encoding:\r\n") == status::bad_request);
}

TEST_CASE("A35-33: Expect: 100-continue is recognized, other expectations are refused") {
    CHECK(request_with("Expect: 100-Continue\r\n").expects_continue);
    CHECK(status_of_fields("Expect: something\r\n") == status::expectation_failed);
    CHECK_FALSE(parse_request("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")->expects_continue);
}

TEST_CASE("http smuggling: a body with an ambiguous end is refused") {
    CHECK(status_of_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == status::bad_request);
    CHECK(status_of_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") == status::bad_request);
    CHECK(status_of_fields("Content-Length: 5\r\nContent-Length: 5\r\n") == status::bad_request);
    CHECK(status_of_fields("Content-Length: 5\r\nContent-Length: 6\r\n") == status::bad_request);
    CHECK(status_of_fields("Content-Length: 0\r\nContent-Length: 6\r\n") == status::bad_request);
    for (const auto& value : {"5, 5"s, "5,5"s, "+5"s, "-5"s, "0x5"s, "5 5"s, "5."s, "5e1"s, "five"s, ""s, "\"5\""s}) {
        INFO(value);
        CHECK(status_of_fields("Content-Length: " + value + "\r\n") == status::bad_request);
    }
    CHECK(status_of_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == status::bad_request);
    CHECK(status_of_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") == status::bad_request);
    for (const auto& value : {"chunked, chunked"s, "chunked, identity"s, "xchunked"s, "chunked;q=1"s, "\"chunked\""s,
                              "\vchunked"s, "chunked\x0b"s}) {
        INFO(value);
        CHECK(status_of_fields("Transfer-Encoding: " + value + "\r\n") != status::ok);
    }
    CHECK(request_status("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == status::bad_request);
}

TEST_CASE("http smuggling: lines that parsers interpret differently are refused") {
    for (const auto& lines :
         {"Content-Length : 5\r\n"s, "Content-Length\t: 5\r\n"s, " Content-Length: 5\r\n"s, "X: a\r\n folded\r\n"s,
          "X: a\r\n\tfolded\r\n"s, "X: a\nContent-Length: 5\r\n"s, "X: a\n\r\n"s, "\nX: a\r\n"s, "X: a\rb\r\n"s,
          "X: a\r\r\n"s, "X: a\0b\r\n"s, "X: a\x7f\r\n"s, "X: a\x01\r\n"s, "no colon\r\n"s, ": no name\r\n"s,
          "N@me: a\r\n"s, "N\xc3\xa9: a\r\n"s, "X\0: a\r\n"s, "\r"s + "X: a\r\n"}) {
        INFO(lines);
        CHECK(status_of_fields(lines) == status::bad_request);
    }
    CHECK(request_status("POST / HTTP/1.1\nHost: d\r\n\r\n") == status::bad_request);
    CHECK(status_of_fields("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n") == status::bad_request);
    CHECK(status_of_fields("Authorization:\r\nAuthorization: Bearer b\r\n") == status::bad_request);
    CHECK(status_of_fields("Authorization: Bearer a\r\nAuthorization:\r\n") == status::bad_request);
    CHECK(status_of_fields("Content-Type:\r\nContent-Type: application/octet-stream\r\n") == status::bad_request);
}

TEST_CASE("http request: values may be empty, or contain tabs and bytes above ASCII") {
    CHECK(status_of_fields("X:\r\nY: \t \r\nZ: a\tb \xc3\xa9\r\n") == status::ok);
    CHECK(status_of_fields("!#$%&'*+-.^_`|~09azAZ: x\r\n") == status::ok);
}

TEST_CASE("A35-33: every split of a chunked body gives the same body") {
    const std::string octets =
        "5\r\nhello\r\n1;ext=\"v\"\r\n \r\n0006 \r\nworld!\r\n0\r\nTrailer: x\r\nAnother: y\r\n\r\nnext request";
    const chunk_result whole = read_chunks(octets);
    CHECK(whole.state == chunk_state::complete);
    CHECK(whole.body == "hello world!");
    CHECK(octets.substr(whole.consumed) == "next request");
    for (std::size_t first = 0; first <= octets.size(); ++first) {
        for (std::size_t second = first; second <= octets.size(); ++second) {
            REQUIRE(read_chunks(octets, {first, second, octets.size()}) == whole);
        }
    }
    std::vector<std::size_t> one_by_one;
    for (std::size_t arrived = 0; arrived <= octets.size(); ++arrived) one_by_one.push_back(arrived);
    CHECK(read_chunks(octets, one_by_one) == whole);
}

TEST_CASE("A35-33: a chunked body is incomplete until its last line has come") {
    const std::string octets = "A\r\n0123456789\r\n0\r\n\r\n";
    for (std::size_t cut = 0; cut < octets.size(); ++cut) {
        REQUIRE(read_chunks(octets.substr(0, cut)).state == chunk_state::incomplete);
    }
    CHECK(read_chunks(octets).state == chunk_state::complete);
    CHECK(read_chunks("0\r\n\r\n").body.empty());
}

TEST_CASE("http smuggling: malformed chunk lines are refused") {
    for (const auto& octets : {"\r\n"s,
                               ";x\r\n"s,
                               " 1\r\n"s,
                               "\t1\r\n"s,
                               "-1\r\n"s,
                               "+1\r\n"s,
                               "0x1\r\n"s,
                               "1 1\r\n"s,
                               "g\r\n"s,
                               "1\x01\r\n"s,
                               "1\n\r\n"s,
                               "1;a\nb\r\n"s,
                               "1;a\rb\r\n"s,
                               "1;\0\r\n"s,
                               "10000000000000000\r\n"s,
                               "1\r\nab\r\n"s,
                               "1\r\na\n\n"s,
                               "1\r\na\rb"s,
                               "0\r\nTrailer: x\n\r\n\r\n"s,
                               "0\r\nTrailer: \0\r\n\r\n"s}) {
        INFO(octets);
        CHECK(read_chunks(octets).state == chunk_state::malformed);
    }
}

TEST_CASE("A35-21 A27-98: a chunked body is too large as soon as a chunk line says so") {
    const auto hex = [](std::size_t number) {
        std::array<char, 20> digits{};
        std::snprintf(digits.data(), digits.size(), "%zx", number);
        return std::string{digits.data()};
    };
    const std::string largest = hex(body_size_max) + "\r\n" + std::string(body_size_max, 'x') + "\r\n";
    CHECK(read_chunks(largest + "0\r\n\r\n").state == chunk_state::complete);
    CHECK(read_chunks(largest + "1\r\n").state == chunk_state::too_large);
    CHECK(read_chunks(largest + "ffffffffffffffff\r\n").state == chunk_state::too_large);
    CHECK(read_chunks(hex(body_size_max + 1) + "\r\n").state == chunk_state::too_large);
    CHECK(read_chunks("ffffffffffffffff\r\n").state == chunk_state::too_large);
    CHECK(read_chunks("1\r\na\r\nffffffffffffffff\r\n").state == chunk_state::too_large);
}

TEST_CASE("A27-98: chunk extensions and trailers are bounded, however the bytes are split") {
    for (const std::string& before : {"1;"s, "0\r\nX: "s}) {
        const std::size_t line_begin = before.starts_with('0') ? 3 : 0;
        const std::string rest = before.starts_with('0') ? "\r\n\r\n" : "\r\na\r\n0\r\n\r\n";
        const auto with_line_of = [&](std::size_t size) {
            return before + std::string(size - (before.size() - line_begin), 'x') + rest;
        };
        for (const std::size_t size : {255U, 256U}) {
            const std::string octets = with_line_of(size);
            CHECK(read_chunks(octets).state == chunk_state::complete);
            for (std::size_t cut = 0; cut < octets.size(); ++cut) {
                CAPTURE(size, cut);
                REQUIRE(read_chunks(octets, {cut, octets.size()}).state == chunk_state::complete);
            }
        }
        const std::string too_long = with_line_of(257);
        for (std::size_t cut = 0; cut <= too_long.size(); ++cut) {
            REQUIRE(read_chunks(too_long, {cut, too_long.size()}).state == chunk_state::malformed);
        }
        CHECK(read_chunks(before + std::string(300, 'x')).state == chunk_state::malformed);
    }
}

TEST_CASE("A35-25: heads of responses") {
    const auto head = response_with("HTTP/1.1 200 OK\r\nContent-Length: 35\r\nContent-Type: text/html\r\n\r\n");
    CHECK(head.status_code == 200);
    CHECK(head.body == framing::content_length);
    CHECK(head.content_length == 35);
    CHECK(head.keep_alive);
    CHECK_FALSE(head.keep_alive_seconds);

    CHECK(response_with("HTTP/1.1 503\r\n\r\n").status_code == 503);
    CHECK(response_with("HTTP/1.1 200 \r\n\r\n").status_code == 200);
    CHECK(response_with("HTTP/1.1 999 Caf\xc3\xa9 au lait\r\n\r\n").status_code == 999);
    CHECK(response_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").body == framing::chunked);
}

TEST_CASE("http response: without a length the body ends with the connection") {
    const auto head = response_with("HTTP/1.1 200 OK\r\n\r\n");
    CHECK(head.body == framing::until_close);
    CHECK_FALSE(head.keep_alive);
    CHECK_FALSE(response_with("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST_CASE("http response: some never have a body, whatever their fields") {
    for (const auto& code : {"100"s, "103"s, "204"s, "304"s}) {
        const auto head = response_with("HTTP/1.1 " + code + " X\r\nContent-Length: 5\r\n\r\n");
        CHECK(head.body == framing::content_length);
        CHECK(head.content_length == 0);
        CHECK(response_with("HTTP/1.1 " + code + " X\r\nTransfer-Encoding: chunked\r\n\r\n").body ==
              framing::content_length);
    }
}

TEST_CASE("http response: version and Connection decide whether the connection is kept") {
    const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    CHECK(response_with(ok + "\r\n").keep_alive);
    CHECK_FALSE(response_with(ok + "Connection: close\r\n\r\n").keep_alive);
    CHECK_FALSE(response_with("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive);
    CHECK(response_with("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").keep_alive);

    const auto seconds = [&ok](const std::string& value) {
        return response_with(ok + "Keep-Alive: " + value + "\r\n\r\n").keep_alive_seconds;
    };
    CHECK(seconds("timeout=5") == 5);
    CHECK(seconds("max=100, Timeout=75") == 75);
    CHECK(seconds("timeout=0, max=1") == 0);
    CHECK_FALSE(seconds("max=100"));
    CHECK_FALSE(seconds("timeout"));
    CHECK_FALSE(seconds("timeout="));
    CHECK_FALSE(seconds("timeout=-1"));
    CHECK_FALSE(seconds("timeout=99999999999"));
    CHECK_FALSE(seconds(""));
}

TEST_CASE("http response: malformed ones are refused") {
    for (const auto& head :
         {"\r\n\r\n"s, "HTTP/1.1\r\n\r\n"s, "HTTP/1.1 \r\n\r\n"s, "HTTP/1.1 20\r\n\r\n"s, "HTTP/1.1 2000 OK\r\n\r\n"s,
          "HTTP/1.1 099 OK\r\n\r\n"s, "HTTP/1.1 2x0 OK\r\n\r\n"s, "HTTP/1.1 -20 OK\r\n\r\n"s,
          "HTTP/1.1  200 OK\r\n\r\n"s, "HTTP/2.0 200 OK\r\n\r\n"s, "http/1.1 200 OK\r\n\r\n"s,
          "HTTP/1.1 200 OK\n\r\n\r\n"s, "junk\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"s,
          "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n"s, "HTTP/1.1 200 OK\r\nX : a\r\n\r\n"s}) {
        INFO(head);
        CHECK_FALSE(response_of(head));
    }
}

TEST_CASE("http: names are compared without regard to case") {
    CHECK(equals_ignoring_case("Content-LENGTH", "content-length"));
    CHECK_FALSE(equals_ignoring_case("content-lengt", "content-length"));
    CHECK_FALSE(equals_ignoring_case("content\rlength", "content-length"));
    CHECK(equals_ignoring_case("", ""));
}

TEST_CASE("A35-07: the token of an Authorization field") {
    CHECK(bearer_token("Bearer abc") == "abc");
    CHECK(bearer_token("bearer abc") == "abc");
    CHECK(bearer_token("BEARER  abc") == "abc");
    const std::string long_token(10'000, 'x');
    CHECK(bearer_token("Bearer " + long_token) == long_token);
    for (const auto& value :
         {""s, "Bearer"s, "Bearer "s, "Bearer\tabc"s, "Bearer a b"s, "Basic abc"s, "abc"s, "Bearerabc"s}) {
        INFO(value);
        CHECK(bearer_token(value).empty());
    }
}

TEST_CASE("A35-03 A35-04: content types of a packet") {
    for (const auto& type : {"application/octet-stream"s, "Application/Octet-Stream"s, "application/octet-stream; x=y"s,
                             "application/octet-stream ;x"s, "application/ilp+octet-stream"s}) {
        INFO(type);
        CHECK(is_packet_content_type(type));
    }
    for (const auto& type :
         {""s, "text/plain"s, "application/json"s, "application/octet-streams"s, "application/octet"s,
          "; application/octet-stream"s, "text/plain; application/octet-stream"s}) {
        INFO(type);
        CHECK_FALSE(is_packet_content_type(type));
    }
}

TEST_CASE("A35-05: an Accept that excludes packets is recognized") {
    for (const auto& accept : {""s, "*/*"s, "application/*"s, "application/octet-stream"s, "text/html, */*;q=0.8"s,
                               "text/html,application/octet-stream"s, "application/ilp+octet-stream"s, ", */*"s}) {
        INFO(accept);
        CHECK(accepts_packets(accept));
    }
    for (const auto& accept : {"text/html"s, "application/json, text/*"s, ","s, "text/*;x=*/*"s}) {
        INFO(accept);
        CHECK_FALSE(accepts_packets(accept));
    }
}

TEST_CASE("http messages: a trace id is found, and what is none is passed over") {
    const std::string id = "0123456789abcdef0fedcba987654321";
    const connector::trace_id expected{0x0123'4567'89ab'cdef, 0x0fed'cba9'8765'4321};
    const auto found = [](const std::string& fields) {
        const std::string head = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
        const auto parsed = parse_response_head(head);
        REQUIRE(parsed);
        CHECK(parsed->has_trace == !fields.starts_with("Other"));
        return trace_in(head);
    };
    CHECK(found("iLp-trace-ID:  " + id + " \r\n") == expected);
    CHECK(found("ILP-Trace-Id: x\r\nILP-Trace-Id: " + id + "\r\nILP-Trace-Id: y\r\n") == expected);
    CHECK_FALSE(found("ILP-Trace-Id: " + id + "0\r\n"));
    CHECK_FALSE(found("ILP-Trace-Id: " + std::string(10'000, 'a') + "\r\n"));
    CHECK_FALSE(found("Other: " + id + "\r\n"));
    CHECK(request_with("ILP-Trace-Id: " + id + "\r\n").trace == id);
    CHECK(request_with("").trace.empty());
}

}  // namespace message_test
