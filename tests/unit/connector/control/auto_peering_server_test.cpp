#include "connector/control/auto_peering_server.hpp"

#include "tests/support/certificates.hpp"
#include "tests/support/http.hpp"
#include "tests/support/packets.hpp"
#include "tests/support/tls_connection.hpp"
#include "tests/unit/connector/control/auto_peering_world.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <future>
#include <stdexcept>

namespace auto_peering_server_test {

using connector::testing::node;
using support::http_connection;
using support::http_message;
using support::to_bytes;

namespace {

const std::string from_dora = "token-of-dora-0000";

std::string request_of(const std::string& address, const std::string& token = from_dora,
                       const std::string& url = "http://127.0.0.1:4002/") {
    return R"({"staticIlpAddress":")" + address + R"(","ilpConnectorUrl":")" + url +
           R"(","asset":{"code":"USD","scale":9},"httpToken":")" + token + R"("})";
}

support::http_request question(const std::string& body) {
    return {.headers = {{"Content-Type", "application/json"}}, .body = to_bytes(body)};
}

http_message post(const node& node, const std::string& body, const std::string& bearer = {},
                  const std::string& scheme = "Bearer") {
    support::http_request request = question(body);
    if (!bearer.empty()) request.headers.emplace_back("Authorization", scheme + " " + bearer);
    return http_connection{node.port()}.exchange(request).value();
}

std::string text_of(const http_message& answer) {
    return {answer.body.begin(), answer.body.end()};
}

}  // namespace

TEST_CASE("auto-peering over HTTP answers with our terms once the requester is a peer") {
    node alice{"test.alice"};
    const http_message answer = post(alice, request_of("test.dora"));
    CHECK(answer.status() == 200);
    CHECK(answer.header("Content-Type") == "application/json");
    CHECK(answer.header("Cache-Control") == "no-store");
    const auto terms = peering::parse_peering_answer(text_of(answer));
    REQUIRE(terms);
    CHECK(terms->address.text() == "test.alice");
    CHECK(terms->name.value() == "test.alice");
    REQUIRE(alice.only_peer());
    CHECK(alice.only_peer()->outgoing.auth_token.reveal() == terms->token);
}

TEST_CASE("auto-peering over HTTP refuses with status, type and message") {
    node alice{"test.alice"};
    const auto refused = [&](const std::string& body, const std::string& bearer = {}) {
        const http_message answer = post(alice, body, bearer);
        const auto error = peering::parse_peering_error(text_of(answer));
        REQUIRE(error);
        CHECK(text_of(answer).contains("\"code\":" + std::to_string(answer.status())));
        return std::to_string(answer.status()) + " " + std::string{type_of(error->fault)};
    };
    std::string other_asset = request_of("test.dora");
    other_asset.replace(other_asset.find("USD"), 3, "EUR");
    CHECK(refused(other_asset) == "404 UnknownAsset");
    CHECK(refused(request_of("test.alice")) == "400 InvalidPeerIlpConfiguration");
    CHECK(refused("{}") == "400 InvalidPeeringRequest");
    CHECK(refused("") == "400 InvalidPeeringRequest");
    CHECK(alice.directory.peer_count() == 0);

    // Attempts to take over a peer.
    REQUIRE(post(alice, request_of("test.dora")).status() == 200);
    const auto before = alice.only_peer();
    CHECK(refused(request_of("test.dora", "token-of-mallory-0")) == "400 InvalidPeeringRequest");
    CHECK(refused(request_of("test.dora", "token-of-mallory-0"), "another-token-000") == "400 InvalidPeeringRequest");
    CHECK(alice.only_peer() == before);
    CHECK(post(alice, request_of("test.dora", "second-token-of-dora"), from_dora).status() == 200);
    CHECK(alice.only_peer() != before);
}

TEST_CASE("the scheme of a bearer token is recognized in upper and lower case, as on the packet endpoint") {
    node alice{"test.alice"};
    std::string token = from_dora;
    REQUIRE(post(alice, request_of("test.dora", token)).status() == 200);
    for (const std::string scheme : {"bearer", "BEARER", "Bearer "}) {
        const std::string next = "token-after-" + scheme;
        CHECK(post(alice, request_of("test.dora", next.substr(0, next.find(' '))), token, scheme).status() == 200);
        token = next.substr(0, next.find(' '));
    }
    CHECK(post(alice, request_of("test.dora", "token-of-mallory-0"), token, "Basic").status() == 400);
}

TEST_CASE("auto-peering over HTTP accepts only POST on /, and no large body") {
    node alice{"test.alice"};
    const auto status = [&](support::http_request request) {
        const auto answer = http_connection{alice.port()}.exchange(request);
        return answer ? answer->status() : 0;
    };
    CHECK(status({.method = "GET", .target = "/"}) == 405);
    CHECK(status({.method = "GET", .target = "/?verbose"}) == 405);  // a query means nothing here
    CHECK(status({.method = "POST", .target = "/graphql", .body = to_bytes(request_of("test.dora"))}) == 404);
    const auto padded = [](std::size_t size) {
        std::string body = request_of("test.dora");
        return to_bytes(body + std::string(size - body.size(), ' '));
    };
    CHECK(status({.body = padded(peering::peering_message_size_max + 1)}) == 413);
    CHECK(alice.directory.peer_count() == 0);
    const auto json = std::pair<std::string, std::string>{"Content-Type", "application/json"};
    CHECK(status({.headers = {json}, .body = padded(peering::peering_message_size_max)}) == 200);
}

TEST_CASE("auto-peering over HTTP takes JSON only, because a web page may post anything else unasked") {
    node alice{"test.alice"};
    const auto answer = [&](const std::string& type) {
        support::http_request request{.body = to_bytes(request_of("test.dora"))};
        if (!type.empty()) request.headers.emplace_back("Content-Type", type);
        return http_connection{alice.port()}.exchange(request).value();
    };
    for (const char* const type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                                   "text/plain; application/json", "application/json; charset=latin1"}) {
        CAPTURE(type);
        CHECK(answer(type).status() == 415);
        CHECK(text_of(answer(type)).contains(R"("type":"UnsupportedMediaType")"));
    }
    CHECK(alice.directory.peer_count() == 0);
    CHECK(answer("Application/JSON; charset=utf-8").status() == 200);
}

TEST_CASE("auto-peering over HTTP knows the bearer token however its scheme is written") {
    node alice{"test.alice"};
    REQUIRE(post(alice, request_of("test.dora")).status() == 200);
    support::http_request request{
        .headers = {{"Content-Type", "application/json"}, {"Authorization", "bEARER  " + from_dora}},
        .body = to_bytes(request_of("test.dora", "second-token-of-dora"))};
    CHECK(http_connection{alice.port()}.exchange(request)->status() == 200);
}

TEST_CASE("too many peering requests are refused") {
    auto settings = node::lenient();
    settings.request_rate = 3;
    node alice{"test.alice", settings};
    int taken = 0;
    int refused = 0;
    for (int i = 0; i < 12; ++i) {
        const std::string name = std::to_string(i);
        const http_message answer = post(alice, request_of("test.d" + name, from_dora + name));
        taken += answer.status() == 200 ? 1 : 0;
        refused += answer.status() == 429 ? 1 : 0;
    }
    CHECK(taken + refused == 12);
    CHECK(taken >= 3);
    CHECK(refused >= 1);
    CHECK(alice.directory.peer_count() == static_cast<std::size_t>(taken));
}

TEST_CASE("one source that asks too often is refused, and does not use up the rate of all") {
    auto settings = node::lenient();
    settings.request_rate_per_address = 3;
    node alice{"test.alice", settings};
    int taken = 0;
    int refused = 0;
    for (int i = 0; i < 12; ++i) {
        const std::string name = std::to_string(i);
        const http_message answer = post(alice, request_of("test.d" + name, from_dora + name));
        taken += answer.status() == 200 ? 1 : 0;
        refused += answer.status() == 429 && text_of(answer).contains("you ask too often") ? 1 : 0;
    }
    CHECK(taken + refused == 12);
    CHECK(taken >= 3);
    CHECK(refused >= 1);
    CHECK(alice.directory.peers().front()->auto_peered->source == "127.0.0.1");
}

TEST_CASE("auto-peering: of connections that come too often, some are closed before TLS costs anything") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto files = folder.write("server", authority.issue({.names = {"localhost"}}));
    const auto roots = folder.write_file("ca.crt", authority.certificate());
    const auto tls = connector::tls_context::server({.files = {files.certificate, files.key}}).value();
    auto settings = node::lenient();
    settings.request_rate_per_address = 3;
    node alice{"test.alice", settings};
    std::promise<void> uses_tls;
    boost::asio::post(alice.control, [&] {
        alice.server.use_tls(tls);
        uses_tls.set_value();
    });
    uses_tls.get_future().wait();
    int taken = 0;
    int refused = 0;
    bool is_closed = false;
    while (!is_closed) {
        try {
            support::tls_connection client{alice.port(), {.roots = roots}};
            const auto answer = client.exchange(question(request_of("test.dora")));
            REQUIRE(answer);
            ++(answer->status() == 429 ? refused : taken);
        } catch (const std::runtime_error&) {
            is_closed = true;
        }
    }
    CHECK(taken >= 3);
    CHECK(refused >= 1);
}

TEST_CASE("a stranger's URL into this host is refused over HTTP") {
    auto settings = node::lenient();
    settings.allow_private_addresses = false;
    node alice{"test.alice", settings};
    for (const char* const url : {"http://127.0.0.1:3001/graphql", "http://[::ffff:127.0.0.1]/", "http://10.0.0.1/"}) {
        CAPTURE(url);
        const http_message answer = post(alice, request_of("test.dora", from_dora, url));
        CHECK(answer.status() == 400);
        CHECK(text_of(answer).contains("InvalidPeerIlpConfiguration"));
    }
    CHECK(alice.directory.peer_count() == 0);
}

}  // namespace auto_peering_server_test
