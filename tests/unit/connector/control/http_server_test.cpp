#include "connector/control/http_server.hpp"

#include "connector/control/metrics_server.hpp"
#include "tests/support/http.hpp"
#include "tests/support/packets.hpp"
#include "tests/unit/connector/control/server_on_loop.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace http_server_test {

using namespace connector;
using namespace std::chrono_literals;
using control_test::answer_function;
using control_test::any_port;
using control_test::loop;
using control_test::server_on_loop;
using control_test::text_of;
using support::http_connection;
using support::http_message;
using support::to_bytes;

namespace {

void echo(const http_request& request, const answer_function& done) {
    auto text = request.method + " " + request.target;
    if (const auto* found = request.find("x-WORD")) text += " " + *found;
    done({.body = text + " " + request.body});
}

/// The server's response to these bytes, and whether it then closes the connection.
std::string said_last(std::uint16_t port, std::string_view octets) {
    http_connection connection{port};
    connection.send(octets);
    auto text = text_of(connection.receive());
    return text + (connection.wait_until_closed() ? "" : ", and stays open");
}

/// A client whose address is 127.0.0.2, so that it counts as another source than those of the other tests.
class distant_client {
public:
    explicit distant_client(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in own = support::loopback(0);
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
        const sockaddr_in there = support::loopback(port);
        REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
        REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0);
    }
    void send(const std::string& octets) { CHECK(support::send_all(socket_, octets)); }
    /// The text of the next answer; "nothing" if the connection ends without one.
    std::string receive() {
        std::string octets;
        while (true) {
            if (const auto message = support::take_message(octets)) return text_of(message);
            if (support::read_some(socket_, octets, support::patience) != support::read_result::data) return "nothing";
        }
    }

private:
    support::descriptor socket_;
};

/// Answers that are given later by another party.
class held_answers {
public:
    http_handler handler() {
        return [this](const http_request&, answer_function done) {
            const std::lock_guard lock{mutex_};
            held_.push_back(std::move(done));
            came_.notify_all();
        };
    }
    answer_function take() {
        std::unique_lock lock{mutex_};
        if (!came_.wait_for(lock, support::patience, [&] { return !held_.empty(); })) throw std::runtime_error{"none"};
        auto first = std::move(held_.front());
        held_.pop_front();
        return first;
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<answer_function> held_;
};

const support::http_request get{.method = "GET", .target = "/a"};

}  // namespace

TEST_CASE("HTTP server: the handler gets the complete request, and its response is sent unchanged") {
    server_on_loop server{[](const http_request& request, const answer_function& done) {
        if (request.target == "/teapot")
            return done({.status = 418, .content_type = "text/tea", .body = "no", .headers = {{"Allow", "tea"}}});
        echo(request, done);
    }};
    http_connection connection{server.port()};
    CHECK(text_of(connection.exchange({.method = "POST",
                                       .target = "/a?b=c",
                                       .headers = {{"X-Word", "first"}, {"X-Word", "second"}},
                                       .body = to_bytes("body")})) == "200 POST /a?b=c first body");
    const auto answer = connection.exchange({.method = "PURGE", .target = "/teapot"});
    REQUIRE(answer);
    CHECK(text_of(answer) == "418 no");
    CHECK(answer->header("content-type") == "text/tea");
    CHECK(answer->header("cache-control") == "no-store");
    CHECK(answer->header("allow") == "tea");
    CHECK(answer->header("content-length") == "2");
}

TEST_CASE("HTTP server: a connection is kept open for further requests unless the client closes it") {
    server_on_loop server{echo};
    http_connection kept{server.port()};
    for (int i = 0; i < 3; ++i) CHECK(text_of(kept.exchange(get)) == "200 GET /a ");
    kept.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(text_of(kept.receive()) == "200 GET /1 ");
    CHECK(text_of(kept.receive()) == "200 GET /2 ");
    CHECK(said_last(server.port(), "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n") == "200 GET /a ");
    CHECK(said_last(server.port(), "GET /a HTTP/1.0\r\n\r\n") == "200 GET /a ");
}

TEST_CASE("HTTP server: HEAD is GET without the body") {
    server_on_loop server{echo};
    auto octets = std::string{};
    // A message parser would wait for the body that Content-Length announces.
    const auto socket = support::connect_to(server.port());
    support::send_all(socket, "HEAD /abc HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    while (support::read_some(socket, octets, support::patience) == support::read_result::data) {
    }
    CHECK(octets.starts_with("HTTP/1.1 200 "));
    CHECK(octets.contains("Content-Length: 9\r\n"));
    CHECK(octets.ends_with("\r\n\r\n"));
}

TEST_CASE("HTTP server: requests that are too large or malformed get an error and end the connection") {
    server_on_loop server{echo};
    const auto post = [](const std::string& rest) { return "POST / HTTP/1.1\r\nHost: h\r\n" + rest; };
    const auto body = std::string(101, 'x');

    CHECK(said_last(server.port(), post("X: " + std::string(9000, 'x') + "\r\n\r\n")) == "431 the head is too large\n");
    CHECK(said_last(server.port(), "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n") ==
          "431 the head is too large\n");
    CHECK(said_last(server.port(), post("Content-Length: 101\r\n\r\n" + body)) == "413 the body is too large\n");
    CHECK(said_last(server.port(), post("Content-Length: 99999999999\r\n\r\n")) == "413 the body is too large\n");
    CHECK(said_last(server.port(), post("Transfer-Encoding: chunked\r\n\r\n65\r\n" + body + "\r\n0\r\n\r\n")) ==
          "413 the body is too large\n");
    for (const auto& wrong :
         {std::string{"no HTTP at all\r\n\r\n"}, std::string{"GET / HTTP/3.0\r\n\r\n"},
          post("Content-Length: -1\r\n\r\n"), post("Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
          post("Transfer-Encoding: gzip\r\n\r\nabc"), post("Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
          post("No colon\r\n\r\n")}) {
        CAPTURE(wrong);
        CHECK(said_last(server.port(), wrong).starts_with("400 malformed HTTP: "));
    }
    CHECK(server.requests() == 0);

    CHECK(said_last(server.port(), post("Connection: close\r\nContent-Length: 100\r\n\r\n" + body.substr(1))) ==
          "200 POST / " + body.substr(1));
}

TEST_CASE("HTTP server: requests that a proxy in front could read differently are refused") {
    server_on_loop server{echo};
    const auto post = [](const std::string& rest) { return "POST / HTTP/1.1\r\nHost: h\r\n" + rest; };
    for (const auto& wrong :
         {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
          std::string{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
          post("X: a\r\n folded\r\n\r\n"), post("Content-Length: 1, 1\r\n\r\na"),
          post("Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), post("Content-Length : 1\r\n\r\na"),
          post("Host: h\r\n\r\n"), std::string{"GET / HTTP/1.1\r\n\r\n"}, std::string{"GET / HTTP/1.1\nHost: h\n\n"},
          post("X: a\n\r\n"), post("Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n"),
          post("Signature: a\r\nSignature: b\r\n\r\n"), post("tenant-id:\r\nTenant-Id: b\r\n\r\n"),
          post("Authorization:\r\nAuthorization: Bearer b\r\n\r\n"),
          post("Content-Type: text/plain\r\nContent-Type: application/json\r\n\r\n")}) {
        CAPTURE(wrong);
        CHECK(said_last(server.port(), wrong).starts_with("400 malformed HTTP: "));
    }
    CHECK(server.requests() == 0);
    CHECK(said_last(server.port(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").contains("HTTP/2 is not supported here"));
    CHECK(said_last(server.port(), "\x16\x03\x01\x02").contains("TLS is not supported here"));
}

TEST_CASE("HTTP server: requests that RFC 9112 requires servers to accept are accepted") {
    server_on_loop server{[](const http_request& request, const answer_function& done) {
        done({.body = request.target + " " + (request.find("host") == nullptr ? "" : *request.find("host"))});
    }};
    http_connection connection{server.port()};
    const auto answer_to = [&](std::string_view octets) {
        connection.send(octets);
        return text_of(connection.receive());
    };
    CHECK(answer_to("\r\nGET /1 HTTP/1.1\r\nHost: h\r\n\r\n") == "200 /1 h");
    CHECK(answer_to("GET /2 HTTP/1.2\r\nHost: h\r\n\r\n") == "200 /2 h");
    CHECK(answer_to("GET http://x:1/3?q HTTP/1.1\r\nHost: h\r\n\r\n") == "200 /3?q x:1");
    CHECK(answer_to("POST /4 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\n\r\n") ==
          "200 /4 h");
    CHECK(said_last(server.port(), "\r\n\r\nGET /1 HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("400 "));
}

TEST_CASE("HTTP server: the response arrives even if the client is still sending its body") {
    server_on_loop server{echo};
    http_connection connection{server.port()};
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
    CHECK(text_of(connection.receive()) == "413 the body is too large\n");

    http_connection slow{server.port()};
    slow.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
    CHECK(text_of(slow.receive()) == "413 the body is too large\n");
    for (int i = 0; i < 3; ++i) {  // after a reset, the first send would succeed and the next one fail
        CHECK(slow.send("octets"));
        std::this_thread::sleep_for(20ms);
    }
}

TEST_CASE("HTTP server: a client that waits for 100 Continue gets it") {
    server_on_loop server{echo};
    http_connection connection{server.port()};
    connection.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    CHECK(text_of(connection.receive()) == "100 ");
    connection.send("abc");
    CHECK(text_of(connection.receive()) == "200 POST /a abc");
    CHECK(said_last(server.port(),
                    "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n") ==
          "413 the body is too large\n");
}

TEST_CASE("HTTP server: beyond the bound, the connection that has waited longest for its request gives way") {
    server_on_loop server{echo, {.sessions_max = 2}};
    http_connection first{server.port()};
    http_connection second{server.port()};
    CHECK(text_of(first.exchange(get)) == "200 GET /a ");
    CHECK(text_of(second.exchange(get)) == "200 GET /a ");
    CHECK(text_of(first.exchange(get)) == "200 GET /a ");
    http_connection third{server.port()};
    CHECK(text_of(third.exchange(get)) == "200 GET /a ");
    CHECK(second.wait_until_closed());
    CHECK(text_of(first.exchange(get)) == "200 GET /a ");
}

TEST_CASE("HTTP server: beyond the bound, connections whose requests are being answered stay") {
    held_answers answers;
    server_on_loop server{answers.handler(), {.sessions_max = 2}};
    http_connection first{server.port()};
    http_connection second{server.port()};
    first.send(get);
    const auto answer_first = answers.take();
    second.send(get);
    const auto answer_second = answers.take();
    CHECK(text_of(http_connection{server.port()}.exchange(get)) == "nothing");
    answer_first({.body = "one"});
    answer_second({.body = "two"});
    CHECK(text_of(first.receive()) == "200 one");
    CHECK(text_of(second.receive()) == "200 two");
}

TEST_CASE("HTTP server: once it drains, each answer ends its connection and says so") {
    loop loop;
    http_server server{loop.context, echo, {.body_size_max = 100}};
    REQUIRE_FALSE(server.listen(any_port));
    loop.run();
    http_connection connection{server.local_endpoint().port()};
    CHECK_FALSE(connection.exchange(get)->header("connection"));
    boost::asio::post(loop.context, [&] { server.drain(); });
    const auto last = connection.exchange(get);
    REQUIRE(last);
    CHECK(last->header("connection") == "close");
    CHECK(connection.wait_until_closed());
    loop.stop();
}

TEST_CASE("HTTP server: one source has a bound of its own, and its place again when a connection has gone") {
    server_on_loop server{echo, {.sessions_max = 10, .sessions_per_source_max = 1}};
    auto first = std::optional<http_connection>{server.port()};
    CHECK(text_of(first->exchange(get)) == "200 GET /a ");
    CHECK(text_of(http_connection{server.port()}.exchange(get)) == "nothing");
    first.reset();
    const auto deadline = std::chrono::steady_clock::now() + support::patience;
    auto second = std::string{};
    while (second != "200 GET /a " && std::chrono::steady_clock::now() < deadline)
        second = text_of(http_connection{server.port()}.exchange(get));
    CHECK(second == "200 GET /a ");
}

TEST_CASE("HTTP server: a source beyond its own bound takes no place from others") {
    server_on_loop server{echo, {.sessions_max = 2, .sessions_per_source_max = 2}};
    http_connection first{server.port()};
    http_connection second{server.port()};
    CHECK(text_of(first.exchange(get)) == "200 GET /a ");
    CHECK(text_of(second.exchange(get)) == "200 GET /a ");
    CHECK(text_of(http_connection{server.port()}.exchange(get)) == "nothing");
    CHECK(text_of(first.exchange(get)) == "200 GET /a ");
    CHECK(text_of(second.exchange(get)) == "200 GET /a ");
}

TEST_CASE("HTTP server: a connection without a complete request is closed in time") {
    server_on_loop server{echo, {.body_size_max = 100, .request_time = 50ms}};
    for (const char* const part : {"", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab"}) {
        CAPTURE(part);
        http_connection connection{server.port()};
        connection.send(part);
        CHECK(connection.wait_until_closed(5s));
    }
    CHECK(server.requests() == 0);
}

TEST_CASE("HTTP server: an answer may take longer than a request, and come from any thread") {
    held_answers answers;
    server_on_loop server{answers.handler(), {.request_time = 100ms}};
    http_connection slow{server.port()};
    http_connection other{server.port()};
    slow.send(get);
    const auto first = answers.take();
    other.send(get);
    answers.take()({.body = "second"});
    CHECK(text_of(other.receive()) == "200 second");
    std::this_thread::sleep_for(150ms);
    first({.body = "first"});
    CHECK(text_of(slow.receive()) == "200 first");
}

TEST_CASE("HTTP server: answers that are not read have a bound together") {
    constexpr std::size_t large = 20'000'000;  // more than the system's buffers take
    const server_on_loop server{[](const http_request& request, const answer_function& done) {
                                    done({.body = std::string(request.target == "/large" ? large : 10, 'x')});
                                },
                                {.answers_size_max = 2 * large}};
    const auto get = [](const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"; };
    std::deque<http_connection> deaf;
    for (int count = 1; count <= 2; ++count) {
        deaf.emplace_back(server.port()).send(get("/large"));
        while (server.requests() < count) std::this_thread::yield();
    }
    http_connection client{server.port()};
    client.send(get("/large"));
    CHECK(text_of(client.receive()) == "503 too many large answers are being sent: try again later\n");
    deaf.clear();
    client.send(get("/small"));
    CHECK(text_of(client.receive()) == "200 xxxxxxxxxx");
    http_connection reader{server.port()};
    reader.send(get("/large"));
    CHECK(reader.receive().value().body.size() == large);
}

TEST_CASE("HTTP server: a client that does not read its answer gives way, too") {
    constexpr std::size_t large = 20'000'000;  // more than the system's buffers take
    server_on_loop server{[](const http_request& request, const answer_function& done) {
                              done({.body = std::string(request.target == "/large" ? large : 10, 'x')});
                          },
                          {.sessions_max = 3, .request_time = 1h}};
    std::deque<http_connection> deaf;
    for (int count = 1; count <= 3; ++count) {
        deaf.emplace_back(server.port()).send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
        while (server.requests() < count) std::this_thread::yield();
    }
    for (int i = 0; i < 3; ++i) {
        http_connection reader{server.port()};
        CHECK(text_of(reader.exchange(get)) == "200 xxxxxxxxxx");
    }
    CHECK(deaf.front().wait_until_closed());
}

TEST_CASE("HTTP server: a source that has most connections gives way to another one, whoever has waited longest") {
    server_on_loop server{echo, {.sessions_max = 4, .request_time = 1h}};
    distant_client scraper{server.port()};
    scraper.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(scraper.receive() == "200 GET /a ");
    // It has waited longest for its next request when the others come, one after the other.
    std::deque<http_connection> crowd;
    for (int i = 0; i < 20; ++i) CHECK(text_of(crowd.emplace_back(server.port()).exchange(get)) == "200 GET /a ");
    scraper.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(scraper.receive() == "200 GET /b ");
}

TEST_CASE("HTTP server: a source whose requests are being answered leaves connections to others") {
    held_answers answers;
    server_on_loop server{answers.handler(), {.sessions_max = 8, .requests_per_source_max = 2}};
    std::deque<http_connection> crowd;
    for (int i = 0; i < 2; ++i) crowd.emplace_back(server.port()).send(get);
    const auto first = answers.take();
    const auto second = answers.take();
    http_connection refused{server.port()};
    CHECK(text_of(refused.exchange(get)) == "503 too many requests at a time: try again later\n");
    distant_client scraper{server.port()};
    scraper.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    answers.take()({.body = "for the other source"});
    CHECK(scraper.receive() == "200 for the other source");
    first({.body = "first"});
    CHECK(text_of(crowd.front().receive()) == "200 first");
    refused.send(get);
    answers.take()({.body = "in time"});
    CHECK(text_of(refused.receive()) == "200 in time");
    second({});
}

TEST_CASE("HTTP server: by default a source leaves an eighth of the connections to others") {
    held_answers answers;
    server_on_loop server{answers.handler(), {.sessions_max = 8}};
    std::deque<http_connection> crowd;
    std::vector<answer_function> taken;
    for (int i = 0; i < 7; ++i) {
        crowd.emplace_back(server.port()).send(get);
        taken.push_back(answers.take());
    }
    CHECK(text_of(http_connection{server.port()}.exchange(get)) ==
          "503 too many requests at a time: try again later\n");
    distant_client operator_of_node{server.port()};
    operator_of_node.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    answers.take()({.body = "served"});
    CHECK(operator_of_node.receive() == "200 served");
    for (const auto& done : taken) done({});
}

TEST_CASE("HTTP server: answers that one source does not read are broken off for another one") {
    constexpr std::size_t large = 20'000'000;  // more than the system's buffers take
    server_on_loop server{
        [](const http_request&, const answer_function& done) { done({.body = std::string(large, 'x')}); },
        {.answers_size_max = 2 * large, .request_time = 1h}};
    std::deque<http_connection> deaf;
    for (int count = 1; count <= 2; ++count) {
        deaf.emplace_back(server.port()).send(get);
        while (server.requests() < count) std::this_thread::yield();
    }
    distant_client scraper{server.port()};
    scraper.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(scraper.receive().size() == large + 4);
    CHECK_FALSE(deaf.front().receive().has_value());
}

TEST_CASE("HTTP server: a small answer breaks off no large one") {
    constexpr std::size_t large = 20'000'000;  // more than the system's buffers take
    const server_on_loop server{[](const http_request& request, const answer_function& done) {
                                    done({.body = std::string(request.target == "/large" ? large : 1000, 'x')});
                                },
                                {.answers_size_max = large + 500, .request_time = 1h}};
    http_connection slow{server.port()};
    slow.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    while (server.requests() < 1) std::this_thread::yield();
    distant_client other{server.port()};
    other.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(other.receive().size() == 1004);
    CHECK(slow.receive().value().body.size() == large);
}

TEST_CASE("HTTP server: of two answers to one request the first counts") {
    held_answers answers;
    server_on_loop server{answers.handler()};
    http_connection connection{server.port()};
    connection.send(get);
    const auto done = answers.take();
    done({.body = "once"});
    done({.body = "twice"});
    CHECK(text_of(connection.receive()) == "200 once");
    connection.send(get);
    const auto next = answers.take();
    done({.body = "late"});
    next({.body = "next"});
    CHECK(text_of(connection.receive()) == "200 next");
}

TEST_CASE("HTTP server: a response for a closed connection is dropped without harm") {
    held_answers answers;
    std::vector<answer_function> late;
    {
        server_on_loop server{answers.handler()};
        {
            http_connection gone{server.port()};
            gone.send(get);
            late.push_back(answers.take());
            gone.reset();
        }
        late.front()({.body = std::string(1'000'000, 'x')});
        http_connection stays{server.port()};
        stays.send(get);
        answers.take()({.body = "still here"});
        CHECK(text_of(stays.receive()) == "200 still here");

        stays.send(get);
        late.push_back(answers.take());
        late.back()({.body = "on its way"});
        stays.send(get);
        late.push_back(answers.take());
        server.end();
        CHECK(stays.wait_until_closed());
        late.back()({.body = "the server has gone"});
    }
    for (const auto& done : late) done({.body = "the loop has gone"});
}

TEST_CASE("HTTP server: it can be destroyed while its loop runs") {
    loop loop;
    held_answers answers;
    auto server = std::make_unique<http_server>(loop.context, answers.handler(), http_server_bounds{});
    REQUIRE_FALSE(server->listen(any_port));
    const auto port = server->local_endpoint().port();
    loop.run();
    http_connection idle{port};
    http_connection waiting{port};
    waiting.send(get);
    const auto late = answers.take();
    auto gone = std::promise<void>{};
    boost::asio::post(loop.context, [&] {
        server.reset();
        gone.set_value();
    });
    gone.get_future().wait();
    CHECK(waiting.wait_until_closed());
    CHECK(idle.wait_until_closed());
    late({});
    CHECK_THROWS(http_connection{port});
}

TEST_CASE("HTTP server: an address in use is an error") {
    loop loop;
    http_server first{loop.context, echo, {}};
    http_server second{loop.context, echo, {}};
    REQUIRE_FALSE(first.listen(any_port));
    CHECK(second.listen(first.local_endpoint()) == boost::asio::error::address_in_use);
}

TEST_CASE("metrics server: it serves its three pages and no others") {
    loop loop;
    std::atomic<bool> ready = false;
    metrics_server server{loop.context,
                          {.metrics = [](const auto& done) { done("a 1\n"); }, .ready = [&] { return ready.load(); }}};
    REQUIRE_FALSE(server.listen(any_port));
    loop.run();
    http_connection connection{server.local_endpoint().port()};
    const auto answer_to = [&](std::string method, std::string target) {
        return text_of(connection.exchange({.method = std::move(method), .target = std::move(target)}));
    };
    CHECK(answer_to("GET", "/metrics") == "200 a 1\n");
    CHECK(answer_to("GET", "/metrics?x=1") == "200 a 1\n");
    CHECK(answer_to("GET", "/healthz") == "200 ok\n");
    CHECK(answer_to("GET", "/healthz?verbose") == "200 ok\n");
    CHECK(answer_to("GET", "/readyz") == "503 not ready\n");
    ready = true;
    CHECK(answer_to("GET", "/readyz") == "200 ready\n");
    CHECK(answer_to("GET", "/") == "404 not found: use /metrics, /healthz or /readyz\n");
    const auto refused = connection.exchange({.method = "DELETE", .target = "/metrics"});
    CHECK(text_of(refused) == "405 use GET or HEAD\n");
    CHECK(refused->header("allow") == "GET, HEAD");
    CHECK(connection.exchange({.method = "GET", .target = "/metrics"})->header("content-type") ==
          "text/plain; version=0.0.4; charset=utf-8");
    loop.stop();
}

}  // namespace http_server_test
