#include "connector/control/spsp_server.hpp"

#include "tests/support/certificates.hpp"
#include "tests/support/http.hpp"
#include "tests/support/tls_connection.hpp"
#include "tests/unit/connector/control/server_on_loop.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace spsp_server_test {

using namespace connector;
using control_test::any_port;
using control_test::text_of;
using support::http_connection;
using support::http_message;

namespace {

config::spsp_settings lenient() {
    config::spsp_settings settings;
    settings.enabled = true;
    settings.default_account = "alice";
    settings.request_rate = 100'000;
    return settings;
}

/// A server that knows alice, and gives each query a secret and an address of its own.
class pointer_server {
public:
    explicit pointer_server(const config::spsp_settings& settings = lenient(),
                            std::shared_ptr<const tls_context> tls = {})
        : server_{loop_.context, settings, [this](std::string_view account) { return details_for(account); }} {
        server_.use_tls(std::move(tls));
        REQUIRE_FALSE(server_.listen(any_port));
        port_ = server_.local_endpoint().port();
        loop_.run();
    }
    ~pointer_server() { loop_.stop(); }

    std::uint16_t port() const { return port_; }
    spsp_server::counters stats() {
        loop_.stop();
        return server_.stats();
    }

private:
    std::optional<peering::spsp_details> details_for(std::string_view account) {
        if (account != "alice") return std::nullopt;
        const std::uint32_t number = made_++;
        peering::spsp_details details{ilp::address::parse("test.d.alice." + std::to_string(number)).value()};
        details.shared_secret = ilp::sha256(ilp::as_bytes(details.destination.text()));
        return details;
    }

    std::uint32_t made_ = 0;  ///< on the loop
    control_test::loop loop_;
    spsp_server server_;
    std::uint16_t port_ = 0;
};

support::http_request query(std::string target, support::header_list headers = {{"Accept", "application/spsp4+json"}},
                            std::string method = "GET") {
    return {.method = std::move(method), .target = std::move(target), .headers = std::move(headers)};
}

peering::spsp_details details_in(const std::optional<http_message>& answer) {
    REQUIRE(answer);
    return peering::parse_spsp_answer({reinterpret_cast<const char*>(answer->body.data()), answer->body.size()})
        .value();
}

}  // namespace

TEST_CASE("A09-01 A09-02 A09-03 A26-04: a GET over HTTPS is answered, and plain HTTP is refused") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto files = folder.write("server", authority.issue({.names = {"localhost"}}));
    pointer_server server{
        lenient(), tls_context::server({.files = {files.certificate, files.key}, .protocols = {"http/1.1"}}).value()};

    support::tls_connection client{server.port(), {.roots = folder.write_file("ca.crt", authority.certificate())}};
    const auto answer = client.exchange(query("/.well-known/pay"));
    REQUIRE(answer);
    CHECK(answer->status() == 200);
    CHECK(answer->header("Content-Type") == "application/spsp4+json");
    CHECK(answer->header("Cache-Control") == "no-cache, no-store");
    CHECK(details_in(answer).destination.text() == "test.d.alice.0");

    CHECK(text_of(http_connection{server.port()}.exchange(query("/alice"))) ==
          "400 this port speaks TLS: use https://\n");
}

TEST_CASE("A09-05: each of 1000 queries gets another secret and another address") {
    pointer_server server;
    http_connection connection{server.port()};
    std::set<std::string> addresses;
    std::set<ilp::digest> secrets;
    for (int i = 0; i < 1000; ++i) {
        const auto details = details_in(connection.exchange(query("/alice")));
        addresses.insert(details.destination.text());
        secrets.insert(details.shared_secret);
    }
    CHECK(addresses.size() == 1000);
    CHECK(secrets.size() == 1000);
}

TEST_CASE("A09-07 A09-08: what is no payment is refused on the wire, too") {
    pointer_server server;
    http_connection connection{server.port()};
    const auto unknown = connection.exchange(query("/carol"));
    CHECK(text_of(unknown) == R"(404 {"id":"InvalidReceiverError","message":"there is no receiver at this path"})");
    CHECK(unknown->header("Content-Type") == "application/spsp4+json");
    CHECK(unknown->header("Access-Control-Allow-Origin") == "*");
    CHECK(connection.exchange(query("/alice", {}))->status() == 406);
    CHECK(connection.exchange(query("/alice?x"))->status() == 400);
    CHECK(connection.exchange(query("/alice", {}, "OPTIONS"))->header("Access-Control-Allow-Methods") == "GET");
    const auto posted = connection.exchange(query("/alice", {}, "POST"));
    CHECK(posted->status() == 405);
    CHECK(posted->header("Allow") == "GET, HEAD, OPTIONS");
}

TEST_CASE("A09-02: several Accept fields count as one") {
    pointer_server server;
    const support::header_list fields{{"Accept", "application/json"}, {"accept", "application/spsp4+json"}};
    CHECK(http_connection{server.port()}.exchange(query("/alice", fields))->status() == 200);
    CHECK(http_connection{server.port()}.exchange(query("/alice", {{"Accept", "a/b"}, {"Accept", "c/d"}}))->status() ==
          406);
}

TEST_CASE("SPSP: requests are counted by their outcome") {
    pointer_server server;
    {
        http_connection connection{server.port()};
        for (int i = 0; i < 3; ++i) CHECK(connection.exchange(query("/alice"))->status() == 200);
        CHECK(connection.exchange(query("/alice", {}, "OPTIONS"))->status() == 200);
        CHECK(connection.exchange(query("/bob"))->status() == 404);
        CHECK(connection.exchange(query("/alice", {}))->status() == 406);
        CHECK(connection.exchange(query("/alice?x"))->status() == 400);
    }
    const auto stats = server.stats();
    CHECK(stats.answered == 3);
    CHECK(stats.unknown_receiver == 1);
    CHECK(stats.refused == 2);
    CHECK(stats.too_many == 0);
    CHECK(stats.too_many_handshakes == 0);
}

TEST_CASE("A09-08: a web page can read the answer to one that asks too often") {
    auto settings = lenient();
    settings.request_rate = 1;
    pointer_server server{settings};
    http_connection connection{server.port()};
    const auto refused = [&] {
        for (;;) {
            auto answer = connection.exchange(query("/alice"));
            REQUIRE(answer);
            if (answer->status() == 429) return answer;
        }
    }();
    CHECK(refused->header("Access-Control-Allow-Origin") == "*");
    CHECK(server.stats().too_many == 1);
}

TEST_CASE("SPSP: of connections that come too often, some are closed before TLS costs anything") {
    const support::certificate_folder folder;
    const support::authority authority;
    const auto files = folder.write("server", authority.issue({.names = {"localhost"}}));
    auto settings = lenient();
    settings.request_rate_per_address = 3;
    pointer_server server{
        settings, tls_context::server({.files = {files.certificate, files.key}, .protocols = {"http/1.1"}}).value()};
    const auto roots = folder.write_file("ca.crt", authority.certificate());
    std::uint64_t closed = 0;
    while (closed == 0) {
        try {
            support::tls_connection client{server.port(), {.roots = roots}};
            const auto answer = client.exchange(query("/alice"));
            REQUIRE(answer);
            CHECK((answer->status() == 200 || answer->status() == 429));
        } catch (const std::runtime_error&) {
            ++closed;
        }
    }
    const auto stats = server.stats();
    CHECK(stats.too_many_handshakes == closed);
    CHECK(stats.answered >= 3);
    CHECK(stats.too_many >= 1);
}

TEST_CASE("SPSP: a body is refused") {
    pointer_server server;
    auto with_body = query("/alice");
    with_body.body = {1};
    CHECK(http_connection{server.port()}.exchange(with_body)->status() == 413);
}

TEST_CASE("SPSP: one source that asks too often is refused, and all together are") {
    const auto refused_of_12 = [](const config::spsp_settings& settings) {
        pointer_server server{settings};
        int refused = 0;
        for (int i = 0; i < 12; ++i) {
            const auto answer = http_connection{server.port()}.exchange(query("/alice"));
            REQUIRE(answer);
            CHECK((answer->status() == 200 || answer->status() == 429));
            refused += answer->status() == 429 ? 1 : 0;
        }
        return refused;
    };
    CHECK(refused_of_12(lenient()) == 0);
    auto per_source = lenient();
    per_source.request_rate_per_address = 3;
    const int of_source = refused_of_12(per_source);
    CHECK(of_source >= 1);
    CHECK(of_source <= 9);
    auto of_all = lenient();
    of_all.request_rate = 1;
    const int together = refused_of_12(of_all);
    CHECK(together >= 1);
    CHECK(together <= 11);
}

}  // namespace spsp_server_test
