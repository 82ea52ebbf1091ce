#include "config/value.hpp"
#include "connector/control/http_client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/support/tls_proxy.hpp"
#include "tests/unit/connector/control/server_on_loop.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace http_client_tls_test {

using namespace connector;
using namespace std::chrono_literals;
using support::answer_http;
using support::certificate_wishes;
using support::fake_peer;
using support::http_message;
using support::scripted_answer;
using support::tls_proxy;

namespace {

/// A server whose certificate the test chooses, and who trusts what the test chooses.
struct https_server {
    explicit https_server(const certificate_wishes& wishes = {.names = {"localhost", "127.0.0.1"}})
        : files{folder.write("server", authority.issue(wishes))} {}

    http_call call(const std::string& host = "localhost") const {
        return {.endpoint = config::http_url().parse(fmt::format("https://{}:{}/x", host, proxy.port())).value(),
                .timeout = 10s,
                .answer_size_max = 100'000,
                .tls = tls_context::client({.roots = authority.certificate(), .protocols = {"http/1.1"}}).value()};
    }

    support::certificate_folder folder{};
    support::authority authority{};
    support::identity_files files;
    fake_peer server{[](const http_message& request) { return answer_http(200, request.body); }};
    tls_proxy proxy{server.port(), files.certificate, files.key};
};

std::string outcome_of(http_call what) {
    boost::asio::io_context context{1};
    std::optional<std::expected<http_answer, std::string>> outcome;
    call(context, std::move(what), [&](std::expected<http_answer, std::string> came) { outcome = std::move(came); });
    context.run();
    REQUIRE(outcome.has_value());
    return *outcome ? std::to_string((*outcome)->status) + " " + (*outcome)->body : outcome->error();
}

}  // namespace

TEST_CASE("an HTTP call to an https URL verifies the server, by name and by address") {
    https_server server;
    CHECK(outcome_of(server.call()) == "200 ");
    CHECK(server.proxy.last_name() == "localhost");
    CHECK(outcome_of(server.call("127.0.0.1")) == "200 ");
    CHECK(server.proxy.last_name().empty());  // an address is no server name

    auto post = server.call();
    post.method = http_method::post;
    post.body = std::string(50'000, 'x');
    CHECK(outcome_of(post) == "200 " + post.body);
    CHECK(server.proxy.failed_handshakes() == 0);
}

TEST_CASE("an HTTP call says what is wrong with the server's certificate, and sends nothing") {
    const auto complaint = [](const certificate_wishes& wishes, const std::string& host = "localhost") {
        https_server server{wishes};
        const auto outcome = outcome_of(server.call(host));
        CHECK(server.server.request_count() == 0);
        return outcome;
    };
    CHECK_THAT(complaint({.names = {"localhost"}, .valid_from = -48h, .valid_until = -24h}),
               Catch::StartsWith("its certificate expired on "));
    CHECK_THAT(complaint({.names = {"localhost"}, .valid_from = 24h, .valid_until = 48h}),
               Catch::StartsWith("its certificate is valid only from "));
    CHECK_THAT(complaint({.names = {"other.example"}}), Catch::Contains("is for other.example, not for localhost"));
    CHECK_THAT(complaint({.names = {"localhost"}}, "127.0.0.1"),
               Catch::Contains("is for localhost, not for 127.0.0.1"));
    CHECK_THAT(complaint({.names = {"localhost"}, .is_self_signed = true}), Catch::Contains("is self-signed"));

    https_server server;
    const support::authority other{"Another authority"};
    auto call = server.call();
    call.tls = tls_context::client({.roots = other.certificate()}).value();
    CHECK_THAT(outcome_of(call), Catch::Contains("not trusted here"));
    call = server.call();
    call.tls = tls_context::client({}).value();  // the system does not trust the authority of a test
    CHECK_THAT(outcome_of(call), Catch::Contains("not trusted here"));
    CHECK(server.server.request_count() == 0);
}

TEST_CASE("an HTTP call to a server that speaks the other one of TLS and plain HTTP says which URL would be right") {
    https_server server;
    auto call = server.call();
    control_test::server_on_loop plain{[](const http_request&, const auto& done) { done({}); }};
    call.endpoint = config::http_url().parse(fmt::format("https://127.0.0.1:{}/", plain.port())).value();
    CHECK_THAT(outcome_of(call), Catch::Contains("does not speak TLS"));
    CHECK(plain.requests() == 0);
    // A fatal alert is what many servers with TLS answer to a request without it.
    server.server.set_script([](const http_message&) {
        return scripted_answer{.octets = {"\x15\x03\x01\x00\x02\x02\x46", 7}, .after = scripted_answer::ending::close};
    });
    call.endpoint = config::http_url().parse(fmt::format("http://localhost:{}/", server.server.port())).value();
    CHECK(outcome_of(call) == "the other side speaks TLS: use https://");
}

TEST_CASE("an HTTP call over TLS keeps its bounds") {
    https_server server;
    auto call = server.call();
    call.answer_size_max = 10;
    call.method = http_method::post;
    call.body = std::string(11, 'x');
    CHECK(outcome_of(call) == "body limit exceeded");

    const auto listener = support::listen_on(0);  // accepts, and never says a word
    call.endpoint =
        config::http_url().parse(fmt::format("https://127.0.0.1:{}/", support::local_port(listener))).value();
    call.timeout = 50ms;
    CHECK(outcome_of(call) == "no complete response within 50 ms");

    bool was_asked = false;
    call = server.call();
    call.may_connect = [&](const boost::asio::ip::address&) {
        was_asked = true;
        return false;
    };
    CHECK(outcome_of(call) == not_allowed);
    CHECK(was_asked);
}

TEST_CASE("an HTTP call over TLS takes a response that ends with the connection only if TLS has ended it") {
    https_server server;
    server.server.set_script([](const http_message&) {
        return scripted_answer{.octets = "HTTP/1.0 200 OK\r\n\r\nuntil the end",
                               .after = scripted_answer::ending::close};
    });
    CHECK(outcome_of(server.call()) == "200 until the end");
    server.proxy.end_without_notice();
    CHECK(outcome_of(server.call()) == "stream truncated");
}

}  // namespace http_client_tls_test
