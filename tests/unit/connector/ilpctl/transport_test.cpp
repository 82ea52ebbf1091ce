#include "connector/ilpctl/transport.hpp"

#include "config/value.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/socket.hpp"
#include "tests/support/tls_proxy.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>

namespace transport_test {

using namespace connector::ilpctl;

namespace {

config::http_endpoint endpoint_at(std::uint16_t port, const std::string& scheme = "http://") {
    return *config::http_url().parse(scheme + "127.0.0.1:" + std::to_string(port) + "/graphql?x=1");
}

/// Accepts one request and then uses the connection as the test says.
struct one_connection {
    explicit one_connection(const std::function<void(int)>& serve)
        : thread{[this, serve] {
              const support::descriptor peer{accept(listener.get(), nullptr, nullptr)};
              char octets[4096];
              while (!request.contains("\r\n\r\n{}")) {
                  const auto count = recv(peer.get(), octets, sizeof octets, 0);
                  if (count <= 0) return;
                  request.append(octets, static_cast<std::size_t>(count));
              }
              serve(peer.get());
          }} {}
    ~one_connection() { thread.join(); }

    std::uint16_t port() const { return support::local_port(listener); }

    support::descriptor listener = support::listen_on(0);
    std::string request;
    std::thread thread;
};

void say(int socket, std::string_view text) {
    CHECK(send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("ilpctl transport: a request and its answer") {
    auto reply = std::expected<http_reply, no_reply>{};
    auto request = std::string{};
    {
        auto server = one_connection{[](int socket) { say(socket, "HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno"); }};
        reply = post(endpoint_at(server.port()), {}, {{"signature", "t=1, v1=0"}}, "{}", std::chrono::seconds{20});
        server.thread.join();
        server.thread = std::thread{[] {}};
        request = server.request;
    }
    REQUIRE(reply);
    CHECK(reply->status == 400);
    CHECK(reply->body == "no");
    CHECK(request.starts_with("POST /graphql?x=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
    CHECK(request.contains("signature: t=1, v1=0\r\n"));
    CHECK(request.contains("Content-Length: 2\r\n"));
}

TEST_CASE("ilpctl transport: if the connection fails, the daemon has not seen the request") {
    const auto reply = post(endpoint_at(support::free_port()), {}, {}, "{}", std::chrono::seconds{20});
    REQUIRE(!reply);
    CHECK(reply.error().where == failure_stage::connecting);
    CHECK(reply.error().why == "Connection refused");
}

TEST_CASE("ilpctl transport: if the connection breaks later, the daemon may have seen the request") {
    for (const auto* text : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"}) {
        auto server = one_connection{[text](int socket) { say(socket, text); }};
        const auto reply = post(endpoint_at(server.port()), {}, {}, "{}", std::chrono::seconds{20});
        REQUIRE(!reply);
        CHECK(reply.error().where == failure_stage::under_way);
        CHECK(!reply.error().why.empty());
    }
}

TEST_CASE("ilpctl transport: over TLS the daemon is verified before it sees the request") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto files = folder.write("server", authority.issue({.names = {"127.0.0.1"}}));
    const auto trusting = connector::tls_context::client({.roots = authority.certificate()}).value();
    {
        auto server = one_connection{[](int socket) { say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); }};
        const support::tls_proxy proxy{server.port(), files.certificate, files.key};
        const auto reply = post(endpoint_at(proxy.port(), "https://"), trusting, {}, "{}", std::chrono::seconds{20});
        REQUIRE(reply);
        CHECK(reply->body == "ok");
    }
    const auto listener = support::listen_on(0);
    const support::tls_proxy proxy{support::local_port(listener), files.certificate, files.key};
    const auto distrusting = connector::tls_context::client({}).value();
    const auto refused = post(endpoint_at(proxy.port(), "https://"), distrusting, {}, "{}", std::chrono::seconds{20});
    REQUIRE(!refused);
    CHECK(refused.error().where == failure_stage::connecting);
    CHECK(refused.error().why.contains("not trusted here"));

    // A fatal alert is what many servers with TLS answer to a request without it.
    auto alerting = one_connection{[](int socket) { say(socket, {"\x15\x03\x01\x00\x02\x02\x46", 7}); }};
    const auto plain = post(endpoint_at(alerting.port()), {}, {}, "{}", std::chrono::seconds{20});
    REQUIRE(!plain);
    CHECK(plain.error().why == "the other side speaks TLS: use https://");
}

TEST_CASE("ilpctl transport: no step takes longer than the timeout") {
    auto server = one_connection{[](int socket) {
        char octet = 0;
        CHECK(recv(socket, &octet, 1, 0) <= 0);
    }};
    const auto reply = post(endpoint_at(server.port()), {}, {}, "{}", std::chrono::milliseconds{100});
    REQUIRE(!reply);
    CHECK(reply.error().where == failure_stage::under_way);
    CHECK(reply.error().why == "no complete response within 100 ms");
}

TEST_CASE("ilpctl transport: an interrupt ends the wait, and the request may have taken effect") {
    auto server = one_connection{[](int socket) {
        CHECK(kill(getpid(), SIGINT) == 0);
        char octet = 0;
        CHECK(recv(socket, &octet, 1, 0) <= 0);
    }};
    const auto reply = post(endpoint_at(server.port()), {}, {}, "{}", std::chrono::seconds{20});
    REQUIRE(!reply);
    CHECK(reply.error().where == failure_stage::under_way);
    CHECK(reply.error().why == "interrupted");
}

}  // namespace transport_test
