#include "peering/admin/mutations.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace mutations_test {

using peering::admin::done_mutation;

TEST_CASE("a stored answer is read back as it was written") {
    const done_mutation done{"Created ILP Peer"};
    const auto read = done_mutation::from_json(done.to_json());
    REQUIRE(read);
    CHECK(read->message == "Created ILP Peer");
    CHECK_FALSE(read->peer);
    CHECK_FALSE(read->asset);
}

TEST_CASE("a stored answer keeps everything that was answered about a peer") {
    namespace json = boost::json;
    const json::object peer{{"id", "p"},
                            {"name", "bob"},
                            {"ilpAddress", "test.bob"},
                            {"assetId", "a"},
                            {"maxPacketAmount", 18'446'744'073'709'551'615U},
                            {"maxInFlightAmount", 7},
                            {"maxHoldMilliseconds", 4000},
                            {"liquidityThreshold", 3},
                            {"routes", {"test.bob", "test.east"}},
                            {"outgoingEndpoint", "https://bob.example/"},
                            {"outgoingToken", ""},
                            {"jwtSubject", "test.us"},
                            {"incomingTokens", {"f1", "f2"}},
                            {"incomingJwtSecrets", {"f3"}},
                            {"clientKeys", {std::string(64, 'a')}},
                            {"allowPlainHttp", true},
                            {"protocol", "http2"},
                            {"mode", "asynchronous"},
                            {"enabled", false},
                            {"createdAt", "2026-01-01T00:00:00.000Z"},
                            {"origin", "api"},
                            {"account", 12},
                            {"caCertificates", "PEM"},
                            {"split", {{"maxTotal", 18'446'744'073'709'551'615U}, {"maxParts", 1024}}}};
    const std::string text = json::serialize(json::object{{"message", "m"}, {"peer", peer}});
    const auto read = done_mutation::from_json(text);
    REQUIRE(read);
    REQUIRE(read->peer);
    CHECK(read->peer->jwt_subject == "test.us");
    CHECK(read->peer->incoming_tokens == std::vector<std::string>{"f1", "f2"});
    CHECK(read->peer->incoming_jwt_secrets == std::vector<std::string>{"f3"});
    CHECK(read->peer->split == config::split_settings{ilp::amount::max(), 1024});
    CHECK(json::parse(read->to_json()).at("peer") == json::value(peer));
    // What an earlier version has kept is readable, too.
    json::object old = peer;
    for (const char* const later :
         {"maxInFlightAmount", "maxHoldMilliseconds", "jwtSubject", "incomingTokens", "incomingJwtSecrets",
          "clientKeys", "allowPlainHttp", "protocol", "mode", "caCertificates", "split"})
        old.erase(later);
    CHECK(done_mutation::from_json(json::serialize(json::object{{"message", "m"}, {"peer", old}})).has_value());
}

TEST_CASE("a stored answer keeps everything that was answered about a receiving account") {
    namespace json = boost::json;
    for (const json::value& public_name : {json::value("Alice"), json::value(nullptr)}) {
        const json::object receiver{{"id", "r"},        {"name", "alice"},  {"publicName", public_name},
                                    {"assetId", "a"},   {"enabled", false}, {"createdAt", "2026-01-01T00:00:00.000Z"},
                                    {"origin", "file"}, {"account", 12}};
        const auto read =
            done_mutation::from_json(json::serialize(json::object{{"message", "m"}, {"receivingAccount", receiver}}));
        REQUIRE(read);
        REQUIRE(read->receiving_account);
        CHECK(read->receiving_account->name == "alice");
        CHECK(json::parse(read->to_json()).at("receivingAccount") == json::value(receiver));
    }
}

TEST_CASE("a stored answer that is damaged is no answer, whatever is wrong with it") {
    for (const char* const text : {
             "",
             "{",
             "[]",
             "{}",
             R"({"message": 1})",
             R"({"message": "m", "peer": 1})",
             R"({"message": "m", "peer": {}})",
             R"({"message": "m", "peer": {"id": 1}})",
             R"({"message": "m", "asset": []})",
             R"({"message": "m", "receivingAccount": {"id": "r"}})",
             R"({"message": "m", "asset": {"id": "a", "code": "USD", "scale": "two"}})",
             R"({"message": "m", "asset": {"id": "a", "code": "USD", "scale": 100000}})",
         }) {
        INFO(text);
        CHECK_FALSE(done_mutation::from_json(text));
    }
}

}  // namespace mutations_test
