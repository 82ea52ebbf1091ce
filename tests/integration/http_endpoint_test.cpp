#include "ilp/echo.hpp"
#include "tests/support/rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace http_endpoint_test {

namespace {

using namespace support;
using namespace std::chrono_literals;

/// An ILP request with one header replaced, or omitted if `value` is empty.
http_request with_header(const prepare& prepare, std::string_view name, std::optional<std::string> value) {
    http_request request = ilp_request(encode(prepare));
    std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
    if (value) request.headers.emplace_back(name, *value);
    return request;
}

std::optional<http_message> post(const rig& r, const http_request& request) {
    return http_connection{r.d.port()}.exchange(request);
}

std::string body_text(const http_message& message) {
    return std::string{ilp::as_text(message.body)};
}

}  // namespace

TEST_CASE("A35-01: a Prepare is the whole body of a POST, and so is its answer") {
    const rig r;
    const prepare sent{.amount = 10};
    const auto response = r.send(sent);
    expect_fulfill(response, sent);
    CHECK(response->start_line.starts_with("HTTP/1.1 200"));
    CHECK(packet_of(response));
    CHECK(r.p2.requests().at(0).start_line == "POST / HTTP/1.1");
}

TEST_CASE("A35-02: the three paths in use are equivalent") {
    const rig r;
    for (const std::string target : {"/", "/ilp", "/accounts/p1/ilp", "/accounts/anything/ilp", "/accounts/1234/ilp",
                                     "/?a=b", "/ilp?a=b", "/accounts/p1/ilp?a=/x"}) {
        INFO(target);
        const prepare sent{.data = to_bytes(target)};
        auto request = ilp_request(encode(sent));
        request.target = target;
        expect_fulfill(post(r, request), sent);
    }
}

TEST_CASE("A35-03: requests and answers are application/octet-stream") {
    const rig r;
    const auto response = r.send(prepare{});
    REQUIRE(response);
    CHECK(response->header("content-type") == "application/octet-stream");
    const http_message forwarded = r.p2.requests().at(0);
    CHECK(forwarded.header("content-type") == "application/octet-stream");
    CHECK(forwarded.header("accept").value_or("").find("application/octet-stream") != std::string::npos);
    CHECK(forwarded.header("authorization") == "Bearer " + token_for("p2"));
}

TEST_CASE("A35-04: content types of ILP packets are accepted, others give 415") {
    const rig r;
    for (const std::string good :
         {"application/octet-stream", "application/ilp+octet-stream", "application/octet-stream; x=y",
          "Application/Octet-Stream", "application/ilp+octet-stream;charset=binary"}) {
        INFO(good);
        CHECK(outcome(post(r, with_header({}, "Content-Type", good))) == "fulfill");
    }
    const std::size_t forwarded = r.p2.request_count();
    for (const std::string bad :
         {"text/plain", "application/json", "application/octet-streams", "octet-stream", "*/*"}) {
        INFO(bad);
        expect_status(post(r, with_header({}, "Content-Type", bad)), 415);
    }
    expect_status(post(r, with_header({}, "Content-Type", std::nullopt)), 415);
    CHECK(r.p2.request_count() == forwarded);
}

TEST_CASE("A35-05: an Accept that excludes octet-stream gives 406") {
    const rig r;
    for (const std::string good : {"application/octet-stream", "*/*", "application/*", "application/ilp+octet-stream",
                                   "text/html, application/octet-stream;q=0.5", "application/json, */*;q=0.1"}) {
        INFO(good);
        CHECK(outcome(post(r, with_header({}, "Accept", good))) == "fulfill");
    }
    const std::size_t forwarded = r.p2.request_count();
    for (const std::string bad : {"text/html", "application/json", "text/*, image/png"}) {
        INFO(bad);
        expect_status(post(r, with_header({}, "Accept", bad)), 406);
    }
    CHECK(r.p2.request_count() == forwarded);
}

TEST_CASE("A35-07: without a good token comes 401, and nothing is parsed") {
    const rig r;
    const std::string good = token_of("p1");
    for (const std::optional<std::string>& value : std::vector<std::optional<std::string>>{
             std::nullopt, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + good + "x", "Bearer " + good.substr(1),
             "Basic " + good, good, "Bearer " + good + " x", "Bearer us-to-p1-secret", "Basic cDE6c2VjcmV0"}) {
        INFO(value.value_or("(none)"));
        auto request = with_header({}, "Authorization", value);
        const auto response = post(r, request);
        expect_status(response, 401);
        CHECK(response->header("www-authenticate").value_or("").starts_with("Bearer"));
        request.body = to_bytes("this is no packet");
        expect_status(post(r, request), 401);
        request.body.clear();
        expect_status(post(r, request), 401);
    }
    r.expect_untouched();
    CHECK(outcome(post(r, with_header({}, "Authorization", "bearer " + good))) == "fulfill");
    CHECK(outcome(post(r, with_header({}, "Authorization", "BEARER " + good))) == "fulfill");
    const auto two_spaces = post(r, with_header({}, "Authorization", "Bearer  " + good));
    REQUIRE(two_spaces);
    CHECK((two_spaces->status() == 200 || two_spaces->status() == 401));
    const auto huge = post(r, with_header({}, "Authorization", "Bearer " + std::string(10'000, 'x')));
    REQUIRE(huge);
    CHECK((huge->status() == 401 || huge->status() == 431));
}

TEST_CASE("A35-11: basic authentication is neither accepted nor offered") {
    const rig r;
    // Base64 of "p1:" and its token; the token alone is in the first one.
    for (const std::string& value : {"Basic " + token_of("p1"), std::string{"Basic cDE6cDEtdG8tdXMtc2VjcmV0"},
                                     std::string{"basic cDE6cDEtdG8tdXMtc2VjcmV0"}}) {
        INFO(value);
        const auto response = post(r, with_header({}, "Authorization", value));
        expect_status(response, 401);
        for (const auto& [name, offered] : response->headers) {
            if (name == "WWW-Authenticate") CHECK(offered.starts_with("Bearer"));
            CHECK_FALSE(offered.contains("Basic"));
        }
    }
    auto in_the_url = ilp_request(encode(prepare{}));
    std::erase_if(in_the_url.headers, [](const auto& each) { return each.first == "Authorization"; });
    in_the_url.target = "http://p1:p1-to-us-secret@127.0.0.1/";
    const auto response = post(r, in_the_url);
    REQUIRE(response);
    CHECK(response->status() >= 400);
    r.expect_untouched();
}

TEST_CASE("A35-08: the token of another peer does not open an account's path") {
    const rig r;
    auto request = ilp_request(encode({}));
    request.target = "/accounts/p2/ilp";
    const auto foreign = post(r, request);
    expect_status(foreign, 401);
    request.headers[0].second = "Bearer wrong";
    const auto wrong = post(r, request);
    expect_status(wrong, 401);
    CHECK(body_text(*foreign) == body_text(*wrong));
    CHECK(foreign->headers.size() == wrong->headers.size());
    request.target = "/accounts/nobody/ilp";
    const auto unknown = post(r, request);
    expect_status(unknown, 401);
    CHECK(body_text(*unknown) == body_text(*wrong));
    r.expect_untouched();
}

TEST_CASE("A35-09: several tokens are valid, and the store keeps none of them") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].tokens = {"first-secret", "second-secret"}; }};
    for (const std::string token : {"first-secret", "second-secret"}) {
        CHECK(outcome(post(r, with_header({}, "Authorization", "Bearer " + token))) == "fulfill");
    }
    for (const auto& file : std::filesystem::directory_iterator{r.d.folder()}) {
        if (file.path() == r.d.config_path()) continue;
        INFO(file.path());
        child_process search{[&] {
            command what;
            what.arguments = {"grep", "-q", "-a", "-e", "first-secret", "-e", "second-secret", file.path().string()};
            return what;
        }()};
        CHECK(search.wait(patience) == 1);
    }
}

TEST_CASE("A35-13: Fulfill and Reject alike come with status 200") {
    rig r;
    CHECK(outcome(r.send(prepare{})) == "fulfill");
    r.p2.set_script([](const http_message&) { return answer_reject("F99"); });
    const auto rejected = r.send(prepare{});
    REQUIRE(rejected);
    CHECK(rejected->status() == 200);
    CHECK(outcome(rejected) == "F99");
    r.p2.set_script([](const http_message&) { return answer_http(500); });
    CHECK(outcome(r.send(prepare{})) == "T00");
    CHECK(outcome(r.send({.destination = "test.nowhere"})) == "F02");
}

TEST_CASE("A35-14: an answer has its exact length, also among pipelined ones") {
    const rig r;
    http_connection connection{r.d.port()};
    const prepare first{.data = to_bytes("1")}, second{.destination = "test.nowhere"}, third{.data = to_bytes("3")};
    connection.send(serialize(ilp_request(encode(first))) + serialize(ilp_request(encode(second))) +
                    serialize(ilp_request(encode(third))));
    expect_fulfill(connection.receive(), first);
    expect_reject(connection.receive(), "F02");
    expect_fulfill(connection.receive(), third);
    CHECK(!connection.receive(50ms));
}

TEST_CASE("A35-14: many pipelined requests, more than are taken at once, are answered in their order") {
    const rig r;
    http_connection connection{r.d.port()};
    const auto answers_to = [&](const std::vector<prepare>& sent) {
        std::string octets;
        for (const prepare& each : sent) octets += serialize(ilp_request(encode(each)));
        connection.send(octets);
        std::vector<std::optional<http_message>> answers;
        for (std::size_t i = 0; i < sent.size(); ++i) answers.push_back(connection.receive(2s));
        return answers;
    };
    const prepare ping{.amount = 1, .destination = "test.d", .condition = ilp::echo::one_way_condition};
    prepare large_ping = ping;
    // A large packet makes the daemon's buffer grow, so that one read receives all the packets that follow. No other
    // event wakes the connection before the timeout of two seconds.
    large_ping.data.resize(30'000);
    CHECK(outcome(answers_to({large_ping})[0]) == "fulfill");
    for (const auto& answer : answers_to(std::vector<prepare>(40, ping))) CHECK(outcome(answer) == "fulfill");

    std::vector<prepare> forwarded;
    for (int i = 0; i < 40; ++i) forwarded.push_back({.data = to_bytes(std::to_string(i))});
    const auto answers = answers_to(forwarded);
    for (std::size_t i = 0; i < answers.size(); ++i) expect_fulfill(answers[i], forwarded[i]);
}

TEST_CASE("A35-15: a slow packet may take longer than the server's own timeouts") {
    rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "request_timeout: 200ms", "idle_timeout: 1s"}; }};
    r.p2.set_script([](const http_message& request) {
        auto answer = answer_fulfill(request);
        answer.delay = 2500ms;
        return answer;
    });
    const prepare sent{.expires_in = 20s};
    expect_fulfill(r.send(sent), sent);
}

TEST_CASE("A35-20: a body that is not a Prepare gives 400, or F01 if it begins like one") {
    const rig r;
    http_connection connection{r.d.port()};
    expect_status(connection.exchange(ilp_request({})), 400);
    expect_status(connection.exchange(ilp_request(to_bytes("hello"))), 400);
    expect_reject(connection.exchange(ilp_request(to_bytes("\x0chello"))), "F01");
    const prepare next;
    expect_fulfill(connection.exchange(ilp_request(encode(next))), next);
}

TEST_CASE("A35-21: a body above 64 KiB gives 413") {
    const rig r;
    for (const std::size_t size : {65537u, 70'000u, 1'000'000u}) {
        INFO(size);
        expect_status(r.send(ilp::bytes(size, 0x0c)), 413);
    }
    expect_reject(r.send(ilp::bytes(65536, 0x0c)), "F01");
    r.expect_untouched();
}

TEST_CASE("A35-22: other methods give 405 with Allow, other paths 404") {
    const rig r;
    for (const std::string method : {"GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
        for (const std::string target : {"/", "/ilp", "/accounts/p1/ilp"}) {
            if (method == "HEAD") continue;  // the response has a length but no body, which our reader cannot know
            INFO(method << " " << target);
            auto request = ilp_request({});
            request.method = method;
            request.target = target;
            const auto response = post(r, request);
            expect_status(response, 405);
            CHECK(response->header("allow").value_or("").find("POST") != std::string::npos);
        }
    }
    for (const std::string target : {"/x", "/ilp/x", "/accounts/p1", "/accounts//ilp", "/ilp%00", "/../ilp", "//"}) {
        INFO(target);
        auto request = ilp_request(encode({}));
        request.target = target;
        expect_status(post(r, request), 404);
    }
    r.expect_untouched();
}

TEST_CASE("A35-23: too many packets give T05 in a 200, not 429") {
    const rig r{[](daemon_terms& terms) { terms.peers[0].terms = {"packet_rate: 1", "packet_burst: 1"}; }};
    http_connection connection{r.d.port()};
    std::string burst;
    for (int i = 0; i < 4; ++i) burst += serialize(ilp_request(encode({})));
    connection.send(burst);
    CHECK(outcome(connection.receive()) == "fulfill");
    expect_reject(connection.receive(), "T05");
    expect_reject(connection.receive(), "T05");
    expect_reject(connection.receive(), "T05");
}

TEST_CASE("A35-33: Expect: 100-continue is answered before the body comes") {
    const rig r;
    const prepare sent;
    auto request = ilp_request(encode(sent));
    request.headers.emplace_back("Expect", "100-continue");
    const std::string text = serialize(request);
    const std::size_t head = text.find("\r\n\r\n") + 4;
    http_connection connection{r.d.port()};
    connection.send(text.substr(0, head));
    const auto interim = connection.receive();
    REQUIRE(interim);
    CHECK(interim->status() == 100);
    connection.send(text.substr(head));
    expect_fulfill(connection.receive(), sent);
}

TEST_CASE("A35-33: chunked bodies are read however they are split") {
    const rig r;
    http_connection connection{r.d.port()};
    for (const std::size_t size : {1u, 7u, 64u, 5000u, 100'000u}) {
        INFO("chunks of " << size);
        const prepare sent{.data = random_bytes(20'000)};
        auto request = ilp_request({});
        request.headers.emplace_back("Transfer-Encoding", "chunked");
        connection.send(serialize(request) + chunked(encode(sent), size));
        expect_fulfill(connection.receive(), sent);
        CHECK(r.p2.last_prepare().data == sent.data);
    }
}

TEST_CASE("A35-33: requests that arrive in small parts are reassembled") {
    const rig r;
    const prepare sent{.data = random_bytes(100)};
    const std::string text = serialize(ilp_request(encode(sent)));
    http_connection connection{r.d.port()};
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{50}}) {
        for (std::size_t at = 0; at < text.size(); at += piece) connection.send(text.substr(at, piece));
        expect_fulfill(connection.receive(), sent);
    }
}

TEST_CASE("A35-33: a sender that never finishes is cut off, others are not") {
    const rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "request_timeout: 500ms"}; }};
    const std::string text = serialize(ilp_request(encode({})));
    http_connection in_head{r.d.port()}, in_body{r.d.port()};
    in_head.send(text.substr(0, 20));
    in_body.send(text.substr(0, text.size() - 5));
    const prepare other;
    expect_fulfill(r.send(other), other);
    CHECK(in_head.wait_until_closed());
    CHECK(in_body.wait_until_closed());
    CHECK(r.p2.request_count() == 1);
}

TEST_CASE("A35-33: a slow trickle does not hold a connection for ever") {
    const rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "request_timeout: 500ms"}; }};
    http_connection connection{r.d.port()};
    connection.send("POST / HTTP/1.1\r\nHost: x\r\nX-Padding: ");
    const auto end = std::chrono::steady_clock::now() + patience;
    bool closed = false;
    while (!closed && std::chrono::steady_clock::now() < end) {
        connection.send("x");
        closed = connection.wait_until_closed(50ms);
    }
    CHECK(closed);
}

TEST_CASE("an idle connection is closed without harm") {
    const rig r{[](daemon_terms& terms) { terms.connector = {"workers: 1", "idle_timeout: 1s"}; }};
    http_connection connection{r.d.port()};
    const prepare sent;
    expect_fulfill(connection.exchange(ilp_request(encode(sent))), sent);
    CHECK(connection.wait_until_closed());
}

TEST_CASE("Connection: close and HTTP/1.0 end the connection after the response") {
    const rig r;
    const prepare sent;
    auto request = ilp_request(encode(sent));
    request.headers.emplace_back("Connection", "close");
    http_connection connection{r.d.port()};
    expect_fulfill(connection.exchange(request), sent);
    CHECK(connection.wait_until_closed());

    std::string old = serialize(ilp_request(encode(sent)));
    old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
    http_connection ancient{r.d.port()};
    ancient.send(old);
    CHECK(outcome(ancient.receive()) == "fulfill");
    CHECK(ancient.wait_until_closed());
}

TEST_CASE(
    "requests that RFC 9112 requires servers to accept: absolute targets, an empty line before, later minor versions") {
    const rig r;
    const std::string text = serialize(ilp_request(encode(prepare{})));
    http_connection connection{r.d.port()};
    for (const std::string start :
         {"POST http://x/ HTTP/1.1", "POST http://x HTTP/1.1", "POST https://x:3002/accounts/p1/ilp?a=b HTTP/1.1",
          "POST / HTTP/1.2", "\r\nPOST / HTTP/1.1"}) {
        for (int i = 0; i < 2; ++i) {  // the second time, the head is known
            INFO(start);
            connection.send(start + text.substr(text.find("\r\n")));
            CHECK(outcome(connection.receive()) == "fulfill");
        }
    }
    connection.send("\r");
    connection.send("\n" + text);
    CHECK(outcome(connection.receive()) == "fulfill");
}

TEST_CASE("bytes that cannot become a request are refused at once, with a hint about the protocol") {
    const rig r{
        [](daemon_terms& terms) { terms.connector = {"workers: 1", "request_timeout: 5m", "idle_timeout: 10m"}; }};
    const auto answer_to = [&r](std::string_view octets) {
        http_connection connection{r.d.port()};
        connection.send(octets);
        const auto response = connection.receive();
        CHECK(connection.wait_until_closed());
        return response ? std::to_string(response->status()) + " " + body_text(*response) : "nothing";
    };
    const std::string authorization = "Authorization: Bearer " + token_of("p1") + "\r\n";
    CHECK(answer_to("POST / HTTP/1.1\nHost: d\n\n").starts_with("400 "));
    CHECK(answer_to("POST / HTTP/1.1\r\nHost: d\n").starts_with("400 "));
    CHECK(answer_to("\r\n\r\n").starts_with("400 "));
    CHECK(answer_to("POST / HTTP/1.1\r\nHost: d\r\nAuthorization:\r\n" + authorization + "\r\n").starts_with("400 "));
    CHECK(answer_to("POST / HTTP/1.1\r\nHost: d\r\n" + authorization +
                    "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n")
              .starts_with("400 "));
    CHECK(answer_to("POST / HTTP/2.0\r\nHost: d\r\n\r\n").contains("HTTP/2"));
    CHECK(answer_to("\x16\x03\x01\x02").contains("TLS is not supported here"));
    CHECK(answer_to("GET / HTTP/1.1\r\nHost: d\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n")
              .contains("WebSocket, and so BTP, is not supported here"));
    CHECK(answer_to("POST / HTTP/1.1\r\nHost: d\r\nConnection: close\r\nAuthorization: Bearer eyJh.eyJz.c2ln\r\n\r\n")
              .contains("or a JSON Web Token (HS256) that is signed"));
    r.expect_untouched();
}

}  // namespace http_endpoint_test
