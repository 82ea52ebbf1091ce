#include "connector/transport/outgoing_credentials.hpp"

#include "peering/json/json_web_token.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace outgoing_credentials_test {

using connector::outgoing_credentials;
using namespace std::chrono_literals;

namespace {

const ilp::timestamp noon{1'800'000'000s};

config::outgoing_http_settings signing() {
    config::outgoing_http_settings settings;
    settings.jwt_secret = config::secret{"a secret"};
    settings.jwt_subject = "test.alice";
    return settings;
}

}  // namespace

TEST_CASE("outgoing credentials: a plain token stays the same") {
    config::outgoing_http_settings settings;
    settings.auth_token = config::secret{"a-token"};
    const outgoing_credentials credentials{settings, noon};
    CHECK(credentials.bearer_token() == "a-token");
    CHECK_FALSE(credentials.is_due(noon));
    CHECK_FALSE(credentials.is_due(noon + 1000h));
    CHECK_FALSE(credentials.is_due(noon - 1000h));
}

TEST_CASE("outgoing credentials: a token that we sign is replaced half-way") {
    outgoing_credentials credentials{signing(), noon};
    const std::string first{credentials.bearer_token()};
    const auto token = peering::parse_json_web_token(first);
    REQUIRE(token);
    CHECK(peering::is_signed_with(*token, "a secret"));
    CHECK(token->subject == "test.alice");
    CHECK(token->expires_at == noon + 5min);
    CHECK_FALSE(credentials.is_due(noon));
    CHECK_FALSE(credentials.is_due(noon + 150s - 1ms));
    CHECK(credentials.is_due(noon + 150s));

    credentials.renew(noon + 200s);
    CHECK(credentials.bearer_token() != first);
    CHECK(peering::parse_json_web_token(credentials.bearer_token())->expires_at == noon + 500s);
    CHECK_FALSE(credentials.is_due(noon + 200s));
}

TEST_CASE("outgoing credentials: a token is replaced when the wall clock was set back") {
    const outgoing_credentials credentials{signing(), noon};
    CHECK(credentials.is_due(noon - 1ms));
    CHECK(credentials.is_due(noon - 1h));
}

}  // namespace outgoing_credentials_test
