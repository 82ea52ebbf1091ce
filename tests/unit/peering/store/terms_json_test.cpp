#include "peering/store/terms_json.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace terms_json_test {

using namespace peering;

namespace {

kept_peer_terms terms() {
    kept_peer_terms terms{.max_packet_amount = ilp::amount::max(),
                          .split = config::split_settings{ilp::amount::max(), 1024},
                          .max_in_flight_amount = ilp::amount{9},
                          .max_hold_time = std::chrono::seconds{4},
                          .liquidity_threshold = ilp::amount{0},
                          .routes = {"test.carol", "é\"\\\x01"},
                          .incoming_tokens = {{}, {}},
                          .incoming_jwt_secrets = {"one", "two"},
                          .client_keys = {{}},
                          .outgoing_endpoint = "http://127.0.0.1:4002/",
                          .outgoing_token = "secret",
                          .outgoing_jwt_secret = "signs",
                          .outgoing_jwt_subject = "test.alice",
                          .ca_certificates = "-----BEGIN CERTIFICATE-----\n",
                          .allow_plain_http = false,
                          .outgoing_protocol = "http2",
                          .outgoing_mode = "asynchronous",
                          .auto_peered = auto_peered_terms{"http://127.0.0.1:3005/", false, "2001:db8::/64"},
                          .initial_liquidity = ilp::amount{7}};
    terms.incoming_tokens[0].fill(0xab);
    terms.client_keys[0].fill(0xcd);
    return terms;
}

std::string hex(std::size_t digits, char digit = 'a') {
    return std::string(digits, digit);
}

}  // namespace

TEST_CASE("terms of a peer are read back from their JSON") {
    const std::string json = to_json(terms()).value();
    CHECK_THAT(json, Catch::Contains(R"("max_packet_amount":"18446744073709551615")") &&
                         Catch::Contains(R"("incoming_tokens":["abababab)") &&
                         Catch::Contains(R"("outgoing":{"endpoint":"http://127.0.0.1:4002/","auth_token":"secret",)"));
    kept_peer_terms read;
    REQUIRE(read_json(json, read));
    CHECK(read == terms());
}

TEST_CASE("unset terms are not in the JSON, and reading it leaves other terms unchanged") {
    CHECK(to_json(asset_terms{.origin = origin::api, .deleted_at = ilp::timestamp{}}).empty());
    CHECK(to_json(kept_peer_terms{.name = "bob", .ilp_address = "test.bob", .origin = origin::api}).value().empty());
    CHECK(to_json(asset_terms{.liquidity_threshold = ilp::amount{1000}}) == R"({"liquidity_threshold":"1000"})");
    kept_peer_terms read{.name = "bob", .ilp_address = "test.bob", .origin = origin::api, .enabled = false};
    kept_peer_terms expected = read;
    expected.routes = {"test.carol"};
    REQUIRE(read_json(R"({"routes": ["test.carol"]})", read));
    CHECK(read == expected);
}

TEST_CASE("terms that a version without TLS has kept say nothing about plain HTTP") {
    kept_peer_terms read;
    REQUIRE(read_json(R"({"outgoing": {"endpoint": "http://bank.example/", "auth_token": "t"}})", read));
    CHECK(read == kept_peer_terms{.outgoing_endpoint = "http://bank.example/", .outgoing_token = "t"});
    CHECK_FALSE(read.allow_plain_http.has_value());
}

TEST_CASE("terms of an asset are read back from their JSON") {
    const asset_terms terms{.withdrawal_threshold = ilp::amount{0},
                            .liquidity_threshold = ilp::amount::max(),
                            .initial_liquidity = ilp::amount{7}};
    asset_terms read;
    REQUIRE(read_json(to_json(terms), read));
    CHECK(read == terms);
}

TEST_CASE("text that is not UTF-8 has no JSON") {
    for (const char* const text : {"\xff", "a\xc3", "\xed\xa0\x80"}) {
        CHECK_FALSE(to_json(kept_peer_terms{.routes = {text}}).has_value());
        CHECK_FALSE(to_json(kept_peer_terms{.outgoing_endpoint = text}).has_value());
        CHECK_FALSE(to_json(kept_peer_terms{.outgoing_token = text}).has_value());
        CHECK_FALSE(to_json(kept_peer_terms{.incoming_jwt_secrets = {text}}).has_value());
        CHECK_FALSE(to_json(kept_peer_terms{.outgoing_jwt_secret = text}).has_value());
        CHECK_FALSE(to_json(kept_peer_terms{.outgoing_jwt_subject = text}).has_value());
        CHECK_FALSE(to_json(kept_peer_terms{.ca_certificates = text}).has_value());
    }
}

TEST_CASE("JSON that does not describe terms is refused") {
    const std::string text = GENERATE(
        as<std::string>{}, "", " ", "null", "[]", "5", "{", R"({"x": 1})", R"({"max_packet_amount": 5})",
        R"({"max_packet_amount": null})", R"({"max_packet_amount": "-5"})", R"({"max_packet_amount": "05"})",
        R"({"max_packet_amount": ""})", R"({"max_packet_amount": "18446744073709551616"})", R"({"routes": "test.a"})",
        R"({"routes": [5]})", R"({"incoming_tokens": [""]})", R"({"outgoing": "http://x/"})",
        R"({"outgoing": {"url": "http://x/"}})", R"({"outgoing": {"endpoint": 5}})",
        R"({"outgoing": {"allow_plain_http": null}})", R"({"outgoing": {"protocol": 2}})", R"({"client_keys": ["ab"]})",
        R"({"routes": []} x)", "{\"routes\": [\"\xff\"]}");
    CAPTURE(text);
    kept_peer_terms peer;
    CHECK_FALSE(read_json(text, peer));
    asset_terms asset;
    CHECK_FALSE(read_json(text, asset));
}

TEST_CASE("the hash of a token is 64 lower-case hexadecimal digits") {
    kept_peer_terms read;
    CHECK(read_json(R"({"incoming_tokens": [")" + hex(64) + R"("]})", read));
    CHECK(read.incoming_tokens.at(0).back() == 0xaa);
    for (const std::string& text : {hex(63), hex(65), hex(66), hex(64, 'A'), hex(64, 'g'), hex(63) + ' '}) {
        CHECK_FALSE(read_json(R"({"incoming_tokens": [")" + text + R"("]})", read));
    }
}

}  // namespace terms_json_test
