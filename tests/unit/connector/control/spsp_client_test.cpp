#include "connector/control/spsp_client.hpp"

#include "connector/control/http_client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/fake_peer.hpp"
#include "tests/support/tls_proxy.hpp"

#include <poll.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace spsp_client_test {

using namespace connector;
using namespace std::chrono_literals;
using support::answer_http;
using support::fake_peer;
using support::http_message;
using support::scripted_answer;
using support::to_bytes;

namespace {

const peering::spsp_details of_alice{ilp::address::parse("test.d.alice").value(), ilp::sha256({})};

scripted_answer details_of_alice() {
    return answer_http(200, to_bytes(to_json(of_alice)), "application/spsp4+json");
}

scripted_answer raw(std::string octets, scripted_answer::ending after = scripted_answer::ending::close) {
    return {.octets = std::move(octets), .after = after};
}

scripted_answer redirect_to(const std::string& location, unsigned status = 302) {
    return raw(fmt::format("HTTP/1.1 {} Elsewhere\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", status, location));
}

/// Its endpoint has the port in place of {}.
spsp_call call_to(const std::string& endpoint, std::uint16_t port) {
    return {.endpoint = peering::parse_payment_pointer(fmt::format(fmt::runtime(endpoint), port)).value(),
            .may_connect = {}};
}

std::expected<spsp_found, std::string> outcome_of(spsp_call what) {
    boost::asio::io_context context{1};
    std::optional<std::expected<spsp_found, std::string>> outcome;
    query_spsp(context, std::move(what), [&](std::expected<spsp_found, std::string> came) {
        CHECK_FALSE(outcome.has_value());
        outcome = std::move(came);
    });
    CHECK_FALSE(outcome.has_value());
    context.run();
    return outcome.value();
}

std::string failure_of(spsp_call what) {
    const auto outcome = outcome_of(std::move(what));
    return outcome ? "found at " + outcome->endpoint.url() : outcome.error();
}

/// Takes one connection and sends an answer of which a byte follows another for longer than anybody waits, until the
/// client closes the connection.
class trickling_server {
public:
    explicit trickling_server(std::string begin) : begin_{std::move(begin)} {}
    trickling_server(const trickling_server&) = delete;
    trickling_server& operator=(const trickling_server&) = delete;

    std::uint16_t port() const { return support::local_port(listener_); }
    /// Once the client has closed the connection: the bytes that were sent one by one.
    int trickled() {
        thread_.join();
        return trickled_;
    }

private:
    void serve() {
        const support::descriptor client{::accept(listener_.get(), nullptr, nullptr)};
        std::string request;
        while (!request.contains("\r\n\r\n")) {
            if (support::read_some(client, request, support::patience) != support::read_result::data) return;
        }
        if (!support::send_all(client, begin_)) return;
        // A client that waits for ever would get an end, and another failure.
        while (trickled_ < bytes_max && support::read_some(client, request, pace) == support::read_result::timeout) {
            if (!support::send_all(client, " ")) return;
            ++trickled_;
        }
    }

    static constexpr int bytes_max = 3000;
    static constexpr std::chrono::milliseconds pace{10};

    const std::string begin_;
    const support::descriptor listener_ = support::listen_on(0);
    int trickled_ = 0;
    std::jthread thread_{[this] { serve(); }};
};

const std::string plain_alice = "http://127.0.0.1:{}/alice";

}  // namespace

TEST_CASE("A09-02 A26-04: a sender asks with GET and gets the details of a payment") {
    fake_peer server{[](const http_message&) { return details_of_alice(); }};
    const auto found = outcome_of(call_to(plain_alice, server.port()));
    REQUIRE(found);
    CHECK(found->details == of_alice);
    CHECK(found->endpoint.target() == "/alice");
    const http_message request = server.requests().back();
    CHECK(request.start_line == "GET /alice HTTP/1.1");
    CHECK(request.header("Accept") == "application/spsp4+json, application/spsp+json");
}

TEST_CASE("a sender asks over TLS, and only those whose certificate is valid") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto files = folder.write("server", authority.issue({.names = {"localhost"}}));
    fake_peer server{[](const http_message&) { return details_of_alice(); }};
    const support::tls_proxy proxy{server.port(), files.certificate, files.key};
    auto call = call_to("https://localhost:{}", proxy.port());
    call.tls = tls_context::client({.roots = authority.certificate(), .protocols = {"http/1.1"}}).value();
    const auto found = outcome_of(call);
    REQUIRE(found);
    CHECK(server.requests().back().start_line == "GET /.well-known/pay HTTP/1.1");

    auto of_stranger = call_to("https://127.0.0.1:{}/alice", proxy.port());
    of_stranger.tls = call.tls;
    CHECK(failure_of(of_stranger).starts_with("https://127.0.0.1:"));
    CHECK(server.request_count() == 1);
}

TEST_CASE("a sender learns what is wrong with an answer") {
    fake_peer server;
    const auto fault = [&](const scripted_answer& answer) {
        server.set_script([answer](const http_message&) { return answer; });
        auto failure = failure_of(call_to(plain_alice, server.port()));
        const std::string prefix = fmt::format("http://127.0.0.1:{}/alice: ", server.port());
        REQUIRE(failure.starts_with(prefix));
        return failure.substr(prefix.size());
    };
    CHECK(fault(answer_http(404, to_bytes("{}"))) == "there is no such receiver (HTTP status 404)");
    CHECK(fault(answer_http(503, to_bytes("\x1b[31m"))) == "it answers with HTTP status 503");
    CHECK(fault(answer_http(200, to_bytes("<html>"))).starts_with("its answer is invalid: it is not a JSON object"));
    CHECK(fault(answer_http(200, to_bytes("{}"))).starts_with("its answer is invalid: destination_account: "));
    CHECK(fault(answer_http(304, {})) == "it answers with HTTP status 304");
    const std::uint16_t nobodys_port = support::local_port(support::listen_on(0));
    CHECK(failure_of(call_to(plain_alice, nobodys_port)).contains("Connection refused"));
}

TEST_CASE("A26-05: redirects are followed within a host, and elsewhere only for those who see both hosts") {
    fake_peer other{[](const http_message&) { return details_of_alice(); }};
    fake_peer server;
    for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) {
        server.set_script([&](const http_message& request) {
            return request.start_line.contains("/alice ") ? redirect_to("/users/1", status) : details_of_alice();
        });
        const auto found = outcome_of(call_to(plain_alice, server.port()));
        REQUIRE(found);
        CHECK(found->endpoint.target() == "/users/1");
    }

    const auto elsewhere = fmt::format("http://127.0.0.1:{}/alice", other.port());
    server.set_script([&](const http_message&) { return redirect_to(elsewhere); });
    CHECK(failure_of(call_to(plain_alice, server.port())).contains("it redirects to another host"));
    CHECK(other.request_count() == 0);
    auto shown = call_to(plain_alice, server.port());
    shown.redirects = peering::redirect_scope::any_host;
    CHECK(failure_of(shown) == "found at " + elsewhere);
}

TEST_CASE("a sender follows no more than three redirects") {
    fake_peer server;
    for (const int count : {3, 4}) {
        const std::size_t before = server.request_count();
        server.set_script([&, count](const http_message& request) {
            const int number = request.start_line.contains("/alice ") ? 0 : request.start_line.at(5) - '0';
            return number == count ? details_of_alice() : redirect_to(fmt::format("/{}", number + 1));
        });
        const auto outcome = failure_of(call_to(plain_alice, server.port()));
        CHECK(server.request_count() - before == 4);
        CHECK(outcome.contains("it redirects too often") == (count == 4));
    }
}

TEST_CASE("a hostile endpoint cannot redirect a sender into the private network") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto files = folder.write("server", authority.issue({.names = {"localhost"}}));
    const auto trusts_us = tls_context::client({.roots = authority.certificate(), .protocols = {"http/1.1"}}).value();
    fake_peer inside{[](const http_message&) { return details_of_alice(); }};
    const support::tls_proxy proxy{inside.port(), files.certificate, files.key};

    for (const char* const where : {"https://localhost:{}/alice", "https://127.0.0.1:{}/alice",
                                    "https://[::ffff:127.0.0.1]:{}/alice", "http://127.0.0.1:{}/alice"}) {
        auto call = call_to(where, proxy.port());
        call.may_connect = spsp_call{}.may_connect;
        call.tls = trusts_us;
        CHECK(failure_of(call).ends_with(connector::not_allowed));
    }

    // The first host may be connected to, and the one that it redirects to may not.
    fake_peer outside{
        [&](const http_message&) { return redirect_to(fmt::format("http://127.0.0.2:{}/alice", inside.port())); }};
    auto followed = call_to(plain_alice, outside.port());
    followed.redirects = peering::redirect_scope::any_host;
    followed.may_connect = [](const auto& address) { return address.to_string() == "127.0.0.1"; };
    CHECK(failure_of(followed) == fmt::format("http://127.0.0.2:{}/alice: {}", inside.port(), connector::not_allowed));
    CHECK(outside.request_count() == 1);

    // A redirect from https:// to a service inside that speaks plain HTTP.
    fake_peer server{
        [&](const http_message&) { return redirect_to(fmt::format("http://127.0.0.1:{}/graphql", inside.port())); }};
    const support::tls_proxy front{server.port(), files.certificate, files.key};
    auto call = call_to("https://localhost:{}/alice", front.port());
    call.redirects = peering::redirect_scope::any_host;
    call.tls = trusts_us;
    CHECK(failure_of(call).contains("its redirect leads to an http:// URL"));
    CHECK(inside.request_count() == 0);
}

TEST_CASE("a hostile endpoint cannot make a sender read a huge answer, or wait for ever") {
    fake_peer server;
    const auto fails = [&](const scripted_answer& answer, std::chrono::milliseconds timeout = 10s) {
        server.set_script([answer](const http_message&) { return answer; });
        auto call = call_to(plain_alice, server.port());
        call.timeout = timeout;
        return failure_of(call);
    };
    CHECK(fails(raw("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n" + std::string(100'000, ' ')))
              .contains("limit"));
    CHECK(fails(raw("HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, ' '))).contains("limit"));
    CHECK(fails(raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n" + std::string(200'000, ' ')))
              .contains("limit"));
    CHECK(fails(raw("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'))).contains("limit"));
    CHECK(fails(answer_http(200, to_bytes(std::string(peering::spsp_answer_size_max, ' ')))).contains("its answer is"));

    CHECK(fails(support::answer_silence(), 50ms).contains("no complete response within"));
    CHECK(fails(raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", scripted_answer::ending::keep), 50ms)
              .contains("no complete response within"));
    // Bytes that come one after another do not make it longer, wherever they are.
    for (const char* const begin :
         {"HTTP/1.1 200 OK\r\nX:", "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nEA60\r\n"}) {
        trickling_server slow{begin};
        auto patient = call_to(plain_alice, slow.port());
        patient.timeout = 200ms;
        CHECK(failure_of(patient).contains("no complete response within"));
        CHECK(slow.trickled() > 0);
    }
    // The time is for all redirects together: the last request has what is left of it.
    server.set_script([&](const http_message& request) {
        return request.start_line.contains("/alice ") ? redirect_to("/slow") : support::answer_silence();
    });
    auto redirected = call_to(plain_alice, server.port());
    redirected.timeout = 2s;
    const auto failure = failure_of(redirected);
    CHECK(failure.contains("/slow: no complete response within"));
    CHECK_FALSE(failure.contains("within 2000 ms"));
}

}  // namespace spsp_client_test
