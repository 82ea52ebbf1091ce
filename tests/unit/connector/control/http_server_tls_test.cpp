#include "connector/control/http_server.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/tls_connection.hpp"
#include "tests/unit/connector/control/server_on_loop.hpp"

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace http_server_tls_test {

using namespace connector;
using namespace std::chrono_literals;
using control_test::server_on_loop;
using control_test::text_of;
using support::tls_connection;

namespace {

const support::http_request get{.method = "GET", .target = "/a"};

void echo(const http_request& request, const std::function<void(http_response)>& done) {
    done({.body = request.method + " " + request.target + " " + request.body});
}

/// The files of an authority and of a server's certificate for localhost.
struct certificates {
    support::certificate_folder folder{};
    support::authority authority{};
    std::string roots = folder.write_file("ca.crt", authority.certificate());

    std::shared_ptr<const tls_context> context(const support::certificate_wishes& wishes = {
                                                   .names = {"localhost"}}) const {
        const auto files = folder.write("server", authority.issue(wishes));
        return tls_context::server({.files = {files.certificate, files.key}, .protocols = {"http/1.1"}}).value();
    }
    support::tls_client_terms terms(int version = 0) const { return {.roots = roots, .version = version}; }
};

http_server_bounds some_bounds() {
    return {.body_size_max = 100'000};
}

/// What a handshake with the server fails with; empty if it succeeds.
std::string fault_of_handshake(std::uint16_t port, const support::tls_client_terms& terms) {
    try {
        const tls_connection connection{port, terms};
        return {};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("HTTP server: it speaks TLS 1.2 and 1.3, and no earlier version") {
    const certificates pki;
    server_on_loop server{echo, some_bounds(), pki.context()};
    for (const auto& [version, name] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}}) {
        tls_connection connection{server.port(), pki.terms(version)};
        CHECK(connection.version() == name);
        for (int i = 0; i < 3; ++i) CHECK(text_of(connection.exchange(get)) == "200 GET /a ");
    }
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        CHECK(fault_of_handshake(server.port(), pki.terms(version)).contains("protocol version"));
    }
    const support::authority other{"Another authority"};
    const auto wrong_roots = pki.folder.write_file("other.crt", other.certificate());
    CHECK(fault_of_handshake(server.port(), {.roots = wrong_roots}) == "certificate verify failed");
}

TEST_CASE("HTTP server: over TLS, messages of every size pass, in pieces of every size") {
    const certificates pki;
    server_on_loop server{echo, some_bounds(), pki.context()};
    tls_connection connection{server.port(), pki.terms()};
    for (const std::size_t size : {1U, 1000U, 16'384U, 99'999U}) {
        support::http_request post{.target = "/big", .body = ilp::bytes(size, 'x')};
        const auto answer = connection.exchange(post);
        CHECK(text_of(answer) == "200 POST /big " + std::string(size, 'x'));
    }
    for (const char octet : std::string_view{"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
        REQUIRE(connection.send({&octet, 1}));  // a record for each byte
    }
    CHECK(text_of(connection.receive()) == "200 GET /slow ");
    connection.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK(text_of(connection.receive()) == "200 GET /1 ");
    CHECK(text_of(connection.receive()) == "200 GET /2 ");
    CHECK(connection.wait_until_ended());
}

TEST_CASE("HTTP server: over TLS, an error arrives even if the client is still sending") {
    const certificates pki;
    server_on_loop server{echo, {.body_size_max = 10}, pki.context()};
    tls_connection connection{server.port(), pki.terms()};
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
    const std::string piece(10'000, 'x');
    for (int i = 0; i < 20; ++i) connection.send(piece);
    CHECK(text_of(connection.receive()) == "413 the body is too large\n");
    CHECK(connection.wait_until_ended());
}

TEST_CASE("HTTP server: a request without TLS to a listener with TLS gets a sentence that says so") {
    const certificates pki;
    server_on_loop server{echo, some_bounds(), pki.context()};
    support::http_connection plain{server.port()};
    CHECK(text_of(plain.exchange(get)) == "400 this port speaks TLS: use https://\n");
    CHECK(plain.wait_until_closed());
    CHECK(server.requests() == 0);
    CHECK(text_of(tls_connection{server.port(), pki.terms()}.exchange(get)) == "200 GET /a ");
}

TEST_CASE("HTTP server: bytes that are no handshake harm nobody else") {
    const certificates pki;
    server_on_loop server{echo, some_bounds(), pki.context()};
    for (const std::string& wrong :
         {std::string{"\x16"}, std::string{"\x16\x03\x01\xff\xff"} + std::string(70'000, 'x'),
          std::string{"\x16\x03\x01\x00\x05hello", 10}, std::string{"\0\0\0", 3}}) {
        support::http_connection connection{server.port()};
        connection.send(wrong);
        if (wrong.size() == 1) continue;  // an unfinished handshake
        CHECK(connection.wait_until_closed());
    }
    CHECK(text_of(tls_connection{server.port(), pki.terms()}.exchange(get)) == "200 GET /a ");
}

TEST_CASE("HTTP server: a handshake that is not completed is ended in time, and gives way before") {
    const certificates pki;
    {
        server_on_loop server{echo, {.handshake_time = 50ms}, pki.context()};
        for (const std::string_view beginning : {"", "\x16", "\x16\x03\x01\x02"}) {
            support::http_connection connection{server.port()};
            connection.send(beginning);
            CHECK(connection.wait_until_closed());
        }
    }
    server_on_loop server{echo, {.sessions_max = 3, .handshake_time = 1h}, pki.context()};
    std::vector<std::unique_ptr<support::http_connection>> silent;
    for (int i = 0; i < 3; ++i) {
        silent.push_back(std::make_unique<support::http_connection>(server.port()));
        silent.back()->send("\x16\x03");
    }
    CHECK(text_of(tls_connection{server.port(), pki.terms()}.exchange(get)) == "200 GET /a ");
    CHECK(silent.front()->wait_until_closed());
}

TEST_CASE("HTTP server: many handshakes do not keep it from answering") {
    const certificates pki;
    server_on_loop server{echo, some_bounds(), pki.context()};
    tls_connection open{server.port(), pki.terms()};
    std::atomic<int> handshakes = 0;
    std::vector<std::jthread> strangers;
    for (int i = 0; i < 4; ++i) {
        strangers.emplace_back([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                if (fault_of_handshake(server.port(), pki.terms()).empty()) ++handshakes;
            }
        });
    }
    int answers = 0;
    while (handshakes < 200) {
        if (text_of(open.exchange(get)) != "200 GET /a ") break;
        ++answers;
    }
    CHECK(handshakes >= 200);
    CHECK(answers > 0);
    CHECK(text_of(open.exchange(get)) == "200 GET /a ");
}

TEST_CASE("HTTP server: new connections use a new certificate, and those that are open go on") {
    const certificates pki;
    server_on_loop server{echo, some_bounds(), pki.context()};
    tls_connection before{server.port(), pki.terms()};
    CHECK(text_of(before.exchange(get)) == "200 GET /a ");
    server.use_tls(pki.context());
    tls_connection after{server.port(), pki.terms()};
    CHECK(after.server_serial() != before.server_serial());
    CHECK(text_of(after.exchange(get)) == "200 GET /a ");
    CHECK(text_of(before.exchange(get)) == "200 GET /a ");
    server.use_tls({});
    CHECK(text_of(support::http_connection{server.port()}.exchange(get)) == "200 GET /a ");
    CHECK(text_of(after.exchange(get)) == "200 GET /a ");
}

TEST_CASE("HTTP server: it can end while handshakes and requests are in progress") {
    const certificates pki;
    server_on_loop server{[](const http_request&, const auto&) {}, some_bounds(), pki.context()};
    support::http_connection in_handshake{server.port()};
    in_handshake.send("\x16\x03");
    tls_connection idle{server.port(), pki.terms()};
    tls_connection waiting{server.port(), pki.terms()};
    waiting.send(support::serialize(get));
    server.end();
    CHECK(in_handshake.wait_until_closed());
    CHECK_FALSE(waiting.receive());
    CHECK_FALSE(idle.receive());
}

}  // namespace http_server_tls_test
