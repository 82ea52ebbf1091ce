#include "connector/tls/tls_session.hpp"
#include "tests/unit/connector/tls/tls_pair.hpp"

#include <catch2/catch.hpp>

namespace tls_resumption_test {

using namespace connector;
using namespace connector::testing;

namespace {

using context = std::shared_ptr<const tls_context>;

/// Connects once, and says whether the connection has resumed a session.
bool resumes(const context& of_server, const context& of_client, const std::shared_ptr<tls_session>& session,
             std::string* client_key = nullptr) {
    tls_pair pair{of_server, of_client, "node.example", session};
    pair.establish();
    CHECK(pair.client.filter->is_resumed() == pair.server.filter->is_resumed());
    CHECK(pair.client.filter->peer_key() == test_identity().key_pin);
    if (client_key != nullptr) *client_key = pair.server.filter->peer_key();
    pair.client.filter->end_sending(pair.client.socket);
    return pair.client.filter->is_resumed();
}

}  // namespace

TEST_CASE("tls resumption: the next connections of a link resume the session of the one before") {
    const auto of_client = client_context();
    limit_version(of_client, GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
    const auto of_server = server_context();
    const auto session = std::make_shared<tls_session>();
    CHECK_FALSE(resumes(of_server, of_client, session));
    CHECK(resumes(of_server, of_client, session));
    CHECK(resumes(of_server, of_client, session));
    CHECK_FALSE(resumes(of_server, of_client, std::make_shared<tls_session>()));
    CHECK_FALSE(resumes(of_server, of_client, {}));
}

TEST_CASE("tls resumption: a server with a new context starts again") {
    const auto of_client = client_context();
    const auto session = std::make_shared<tls_session>();
    CHECK_FALSE(resumes(server_context(), of_client, session));
    CHECK_FALSE(resumes(server_context(), of_client, session));
}

TEST_CASE("tls resumption: the client's key belongs to the session") {
    const auto own = test_authority().issue({});
    const auto of_client = client_context_with(own);
    limit_version(of_client, GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
    const auto of_server = server_context(test_identity(), true);
    const auto session = std::make_shared<tls_session>();
    std::string key;
    CHECK_FALSE(resumes(of_server, of_client, session, &key));
    CHECK(key == own.key_pin);
    CHECK(resumes(of_server, of_client, session, &key));
    CHECK(key == own.key_pin);
}

TEST_CASE("A35-34: a server offers no early data, and does not hear it") {
    const auto of_server = server_context();
    sockets wire;
    side server{tls_filter::for_server(of_server), wire.ends[0]};
    const std::unique_ptr<SSL_CTX, release_openssl> of_client{SSL_CTX_new(TLS_client_method())};
    plain_openssl first{of_client.get(), wire.ends[1], false};
    run(server, first);
    REQUIRE(server.is_established);
    const std::unique_ptr<SSL_SESSION, release_openssl> session{SSL_get1_session(first.ssl.get())};
    CHECK(SSL_SESSION_is_resumable(session.get()) == 1);
    CHECK(SSL_SESSION_get_max_early_data(session.get()) == 0);

    // A client that sends some nevertheless is not heard.
    SSL_SESSION_set_max_early_data(session.get(), 1000);
    sockets again;
    side second_server{tls_filter::for_server(of_server), again.ends[0]};
    plain_openssl second{of_client.get(), again.ends[1], false};
    REQUIRE(SSL_set_session(second.ssl.get(), session.get()) == 1);
    std::size_t count = 0;
    static_cast<void>(SSL_write_early_data(second.ssl.get(), "early", 5, &count));
    run(second_server, second);
    CHECK(second_server.received.empty());
    CHECK(SSL_get_early_data_status(second.ssl.get()) != SSL_EARLY_DATA_ACCEPTED);
}

}  // namespace tls_resumption_test
