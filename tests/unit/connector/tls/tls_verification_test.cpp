#include "connector/tls/tls_verification.hpp"

#include "tests/unit/connector/tls/tls_pair.hpp"

#include <catch2/catch.hpp>

namespace tls_verification_test {

using namespace connector;
using namespace connector::testing;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

/// What a client says about a server with this certificate; empty if it is content.
std::string complaint_about(const support::identity& identity, const std::string& host,
                            const std::shared_ptr<const tls_context>& of_client = client_context()) {
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    limit_version(of_client, version);
    tls_pair pair{server_context(identity), of_client, host};
    pair.client.to_send = "secret";
    pair.run();
    if (pair.client.is_established) return {};
    CHECK(pair.client.last_read == stream_state::broken);
    CHECK(pair.server.received.empty());
    return std::string{pair.client.filter->failure()};
}

}  // namespace

TEST_CASE("tls verification: a certificate for the host, from a trusted authority, is accepted") {
    CHECK(complaint_about(test_identity(), "node.example").empty());
}

TEST_CASE("tls verification: names are compared without regard to case and to a final dot") {
    CHECK(complaint_about(test_identity(), "NODE.example.").empty());
}

TEST_CASE("tls verification: an address must be in the certificate, too") {
    CHECK(complaint_about(test_identity(), "127.0.0.1").empty());
}

TEST_CASE("tls verification: an address that the certificate does not have") {
    CHECK_THAT(complaint_about(test_identity(), "127.0.0.2"),
               Contains("its certificate is for node.example, 127.0.0.1, ::1, not for 127.0.0.2"));
}

TEST_CASE("tls verification: a certificate for another name") {
    const auto other = test_authority().issue({.names = {"other.example", "*.example", "b*.node.example"}});
    CHECK_THAT(
        complaint_about(other, "a.node.example"),
        Contains("its certificate is for other.example, *.example, b*.node.example, not for a.node.example: use a "
                 "name of the certificate in the URL"));
}

TEST_CASE("tls verification: a wildcard is for one label") {
    CHECK(complaint_about(test_authority().issue({.names = {"*.node.example"}}), "a.node.example").empty());
}

TEST_CASE("tls verification: only alternative names count, not the subject") {
    support::certificate_wishes wishes;
    CHECK_THAT(complaint_about(test_authority().issue(wishes), "nameless"), Contains("is for no name at all"));
}

TEST_CASE("tls verification: names of a stranger are made printable, and bounded") {
    std::vector<std::string> names;
    for (int i = 0; i < 9; ++i) names.push_back("n" + std::to_string(i) + ".example");
    CHECK_THAT(complaint_about(test_authority().issue({.names = names}), "a.example"),
               Contains("n4.example, ..., not for a.example"));
}

TEST_CASE("tls verification: an expired certificate, with its date") {
    const auto old = test_authority().issue({.names = {"node.example"}, .valid_from = -50h, .valid_until = -1h});
    CHECK_THAT(complaint_about(old, "node.example"),
               Contains("its certificate expired on 20") && Contains(" UTC: the other side must renew it"));
}

TEST_CASE("tls verification: a certificate of the future") {
    const auto early = test_authority().issue({.names = {"node.example"}, .valid_from = 5h});
    CHECK_THAT(complaint_about(early, "node.example"), Contains("its certificate is valid only from 20"));
}

TEST_CASE("tls verification: an unknown authority") {
    const support::authority stranger{"Stranger's authority"};
    CHECK_THAT(complaint_about(stranger.issue({.names = {"node.example"}}), "node.example"),
               Contains("its certificate was issued by /CN=Stranger's authority, which is not trusted here"));
}

TEST_CASE("tls verification: another authority of the same name") {
    const support::authority stranger;
    CHECK_THAT(complaint_about(stranger.issue({.names = {"node.example"}}), "node.example"),
               Contains("its certificate was issued by /CN=Test authority, which is not trusted here"));
}

TEST_CASE("tls verification: the authorities of the system do not include that of the test") {
    CHECK_THAT(complaint_about(test_identity(), "node.example", must(tls_context::client({}))),
               Contains("which is not trusted here"));
}

TEST_CASE("tls verification: a self-signed certificate") {
    const auto own = test_authority().issue({.names = {"node.example"}, .is_self_signed = true});
    CHECK_THAT(complaint_about(own, "node.example"), Contains("is self-signed and not among the trusted ones"));
}

TEST_CASE("tls verification: a self-signed certificate that is trusted itself") {
    const auto own = test_authority().issue({.names = {"node.example"}, .is_self_signed = true});
    CHECK(complaint_about(own, "node.example", must(tls_context::client({.roots = own.certificate}))).empty());
}

TEST_CASE("tls verification: a trusted certificate that is not a root") {
    CHECK(complaint_about(test_identity(), "node.example",
                          must(tls_context::client({.roots = test_identity().certificate})))
              .empty());
}

TEST_CASE("tls verification: an empty host, or one too long to be a name, fits no certificate") {
    const std::string host = GENERATE(std::string{}, std::string{"."}, std::string(300, 'a'));
    tls_pair pair{server_context(), client_context(), host};
    pair.run();
    CHECK_FALSE(pair.client.is_established);
}

TEST_CASE("tls verification: the server learns the key of a client, whoever has signed its certificate") {
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const support::authority stranger;
    const auto own = stranger.issue({.names = {"client.example"}, .is_self_signed = GENERATE(false, true)});
    const auto of_client = client_context_with(own);
    limit_version(of_client, version);
    tls_pair pair{server_context(test_identity(), true), of_client};
    pair.establish();
    CHECK(pair.server.filter->peer_key() == own.key_pin);
}

TEST_CASE("tls verification: a client is told that the server requires a certificate, in TLS 1.3 after the handshake") {
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const auto of_server = server_context(test_identity(), true);
    SSL_CTX_set_verify(of_server->native(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    const auto of_client = client_context();
    limit_version(of_client, version);
    tls_pair pair{of_server, of_client};
    pair.run();
    CHECK_FALSE(pair.server.is_established);
    CHECK(pair.client.is_established == (version == TLS1_3_VERSION));
    CHECK(pair.client.is_broken());
    CHECK(pair.client.filter->was_refused());
    CHECK_FALSE(pair.server.filter->was_refused());
    CHECK_THAT(std::string{pair.client.filter->failure()},
               Catch::Contains("the other side requires a certificate of ours"));
}

TEST_CASE("tls verification: a client need not have a certificate, and shows none to a server that does not ask") {
    const bool asks = GENERATE(false, true);
    const auto own = test_authority().issue({});
    tls_pair pair{server_context(test_identity(), asks), asks ? client_context() : client_context_with(own)};
    pair.establish();
    CHECK(pair.server.filter->peer_key().empty());
}

}  // namespace tls_verification_test
