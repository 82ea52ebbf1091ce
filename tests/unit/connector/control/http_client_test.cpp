#include "connector/control/http_client.hpp"

#include "config/value.hpp"
#include "tests/support/fake_peer.hpp"

#include <poll.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace http_client_test {

using namespace connector;
using namespace std::chrono_literals;
using support::answer_http;
using support::fake_peer;
using support::http_message;
using support::scripted_answer;
using support::to_bytes;

namespace {

http_call get_from(std::uint16_t port, std::string_view host = "127.0.0.1") {
    return {.endpoint = config::http_url().parse(fmt::format("http://{}:{}/rates?base=USD", host, port)).value(),
            .timeout = 10s,
            .answer_size_max = 1000};
}

std::expected<http_answer, std::string> outcome_of(http_call what) {
    boost::asio::io_context context{1};
    std::optional<std::expected<http_answer, std::string>> outcome;
    int calls = 0;
    call(context, std::move(what), [&](std::expected<http_answer, std::string> came) {
        outcome = std::move(came);
        ++calls;
    });
    CHECK(calls == 0);
    context.run();
    CHECK(calls == 1);
    return outcome.value();
}

std::string failure_of(http_call what) {
    const auto outcome = outcome_of(std::move(what));
    return outcome ? "answered with " + std::to_string(outcome->status) : outcome.error();
}

scripted_answer raw(std::string octets, scripted_answer::ending after = scripted_answer::ending::close) {
    return {.octets = std::move(octets), .after = after};
}

}  // namespace

TEST_CASE("an HTTP call sends the request and returns the response") {
    fake_peer server{[](const http_message&) { return answer_http(200, to_bytes("{}"), "application/json"); }};
    for (const char* const host : {"127.0.0.1", "localhost"}) {
        const auto answer = outcome_of(get_from(server.port(), host));
        REQUIRE(answer);
        CHECK(answer->status == 200);
        CHECK(answer->body == "{}");
        const http_message request = server.requests().back();
        CHECK(request.start_line == "GET /rates?base=USD HTTP/1.1");
        CHECK(request.header("Host") == host + (":" + std::to_string(server.port())));
        CHECK(request.header("Connection") == "close");
        CHECK_FALSE(request.header("Content-Length"));
    }

    http_call post = get_from(server.port());
    post.method = http_method::post;
    post.headers = {{"Content-Type", "application/json"}, {"Signature", "t=1, v1=ab"}};
    post.body = R"({"id": 1})";
    REQUIRE(outcome_of(post));
    const http_message request = server.requests().back();
    CHECK(request.start_line == "POST /rates?base=USD HTTP/1.1");
    CHECK(request.header("Content-Type") == "application/json");
    CHECK(request.header("Signature") == "t=1, v1=ab");
    CHECK(request.header("Content-Length") == "9");
    CHECK(request.body == to_bytes(R"({"id": 1})"));
}

TEST_CASE("an HTTP call returns responses of every form and status, and follows no redirect") {
    fake_peer server;
    const auto answer_to = [&](const std::string& sent) {
        server.set_script([sent](const http_message&) { return raw(sent); });
        const auto answer = outcome_of(get_from(server.port()));
        return answer ? std::to_string(answer->status) + " " + answer->body : answer.error();
    };
    CHECK(answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n") ==
          "200 abc");
    CHECK(answer_to("HTTP/1.0 200 OK\r\n\r\nuntil the end") == "200 until the end");
    CHECK(answer_to("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na") ==
          "200 a");
    CHECK(answer_to("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno") == "500 no");
    CHECK(answer_to("HTTP/1.1 204 Empty\r\n\r\n") == "204 ");
    const std::size_t before = server.request_count();
    CHECK(answer_to("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n") == "302 ");
    CHECK(server.request_count() == before + 1);
}

TEST_CASE("an HTTP call fails once, with a reason, if the response is incomplete") {
    const std::uint16_t closed_port = support::local_port(support::listen_on(0));
    CHECK(failure_of(get_from(closed_port)) == "Connection refused");
    CHECK_FALSE(outcome_of(get_from(80, "no-such-host.invalid")));

    fake_peer server;
    for (const char* const wrong : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 200 OK\r\nConte",
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                                    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no HTTP at all\r\n\r\n"}) {
        CAPTURE(wrong);
        server.set_script([wrong](const http_message&) { return raw(wrong); });
        CHECK_FALSE(outcome_of(get_from(server.port())));
    }

    for (const std::size_t size : {1000U, 1001U}) {
        server.set_script([size](const http_message&) { return answer_http(200, support::random_bytes(size)); });
        CHECK(outcome_of(get_from(server.port())).has_value() == (size <= 1000));
    }
    server.set_script([](const http_message&) { return raw("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')); });
    CHECK_FALSE(outcome_of(get_from(server.port())));
    server.set_script([](const http_message&) { return raw("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x')); });
    CHECK_FALSE(outcome_of(get_from(server.port())));
}

TEST_CASE("an HTTP call connects only to permitted addresses") {
    const auto listener = support::listen_on(0);
    for (const char* const host : {"127.0.0.1", "localhost"}) {
        http_call forbidden = get_from(support::local_port(listener), host);
        int asked = 0;
        forbidden.may_connect = [&asked](const boost::asio::ip::address& address) {
            CHECK(address.is_loopback());
            ++asked;
            return false;
        };
        CHECK(failure_of(forbidden) == connector::not_allowed);
        CHECK(asked > 0);
        pollfd waiting{listener.get(), POLLIN, 0};
        CHECK(::poll(&waiting, 1, 0) == 0);  // nobody tried to connect
    }

    fake_peer server{[](const http_message&) { return answer_http(200, to_bytes("{}"), "application/json"); }};
    http_call allowed = get_from(server.port(), "localhost");
    allowed.may_connect = [](const boost::asio::ip::address& address) { return address.is_v4(); };
    CHECK(outcome_of(allowed));
}

TEST_CASE("an HTTP call times out if the response is not complete in time") {
    fake_peer server{[](const http_message&) { return support::answer_silence(); }};
    http_call impatient = get_from(server.port());
    impatient.timeout = 50ms;
    CHECK(failure_of(impatient) == "no complete response within 50 ms");
    server.set_script([](const http_message&) {
        return raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", scripted_answer::ending::keep);
    });
    CHECK(failure_of(impatient) == "no complete response within 50 ms");
}

TEST_CASE("an HTTP call fails if interim responses do not end") {
    std::string octets;
    for (int i = 0; i < 8; ++i) octets += "HTTP/1.1 100 Continue\r\n\r\n";
    const std::string final = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    fake_peer server{[&](const http_message&) { return raw(octets + final); }};
    CHECK(outcome_of(get_from(server.port())).value().body == "abc");
    server.set_script([&](const http_message&) { return raw(octets + octets + final); });
    CHECK(failure_of(get_from(server.port())) == "too many interim responses");
}

TEST_CASE("an HTTP call ends silently when its context is destroyed") {
    fake_peer server{[](const http_message&) { return support::answer_silence(); }};
    bool called = false;
    {
        boost::asio::io_context context{1};
        call(context, get_from(server.port()), [&called](const auto&) { called = true; });
        while (server.request_count() == 0) context.run_for(1ms);
    }
    CHECK_FALSE(called);
}

// UBSan's check of virtual functions needs a free descriptor itself: it reads memory through a pipe.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("HTTP client: without a descriptor that is the reason, not a cancelled operation") {
    const fake_peer server;
    for (const std::string_view host : {"127.0.0.1", "localhost"}) {
        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
        boost::asio::io_context context{1};
        const boost::asio::steady_timer has_the_context_open_its_descriptors{context};
        std::string reason;
        const int next = ::dup(0);  // the lowest free number
        ::close(next);
        rlimit none = before;
        none.rlim_cur = static_cast<rlim_t>(next);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
        call(context, get_from(server.port(), host),
             [&](std::expected<http_answer, std::string> came) { reason = came ? "answered" : came.error(); });
        context.run();
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
        INFO(reason);
        CHECK(reason.contains("Too many open files: raise the limit of open files"));
    }
}
#endif

}  // namespace http_client_test
