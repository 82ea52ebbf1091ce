#include "peering/administration/auto_peering.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace auto_peering_test {

using namespace peering;

namespace {

constexpr auto whole = R"({"staticIlpAddress": "test.bob", "ilpConnectorUrl": "http://bob.example:3002/ilp",
    "asset": {"code": "USD", "scale": 9}, "httpToken": "0123456789abcdef", "maxPacketAmount": 1000, "name": "Bob & Co."})";

/// `whole` with one part replaced.
std::string with(const std::string& part, const std::string& replacement) {
    std::string text = whole;
    const auto place = text.find(part);
    REQUIRE(place != std::string::npos);
    return text.replace(place, part.size(), replacement);
}

peering_request request_of(const std::string& json) {
    const auto parsed = parse_peering_request(json);
    INFO(json << (parsed ? "" : ": " + parsed.error().message));
    REQUIRE(parsed);
    return *parsed;
}

/// The type of the refusal and its message, or empty if the text is accepted.
std::string refused(const std::string& json) {
    const auto parsed = parse_peering_request(json);
    return parsed ? "" : std::string{type_of(parsed.error().fault)} + " " + parsed.error().message;
}

}  // namespace

TEST_CASE("a peering request is read with all its fields") {
    const peering_request request = request_of(whole);
    CHECK(request.asker.address.text() == "test.bob");
    CHECK(request.asker.connector_url == "http://bob.example:3002/ilp");
    CHECK(request.asker.token == "0123456789abcdef");
    CHECK(request.asker.name.value() == "Bob & Co.");
    CHECK(request.asset_code == "USD");
    CHECK(request.asset_scale == 9);
    CHECK(request.max_packet_amount->value == 1000);
    CHECK(request_of(to_json(request)) == request);
}

TEST_CASE("a peering request may omit name and maximum, have null instead, and have unknown fields") {
    const peering_request bare = request_of(with(R"(, "maxPacketAmount": 1000, "name": "Bob & Co.")", ""));
    CHECK_FALSE(bare.max_packet_amount);
    CHECK_FALSE(bare.asker.name);
    CHECK(request_of(to_json(bare)) == bare);
    CHECK(request_of(with(R"(1000, "name": "Bob & Co.")", R"(null, "name": null, "more": [{}, 1e999])")) == bare);
}

TEST_CASE("the maximum of a peering request keeps every digit, as number and as text") {
    for (const std::uint64_t amount : {std::uint64_t{0}, std::uint64_t{1}, (std::uint64_t{1} << 53U) + 1,
                                       (std::uint64_t{1} << 63U) + 1, ilp::amount::max().value}) {
        const std::string digits = std::to_string(amount);
        CHECK(request_of(with("1000", digits)).max_packet_amount->value == amount);
        CHECK(request_of(with("1000", '"' + digits + '"')).max_packet_amount->value == amount);
        CHECK(request_of(to_json(request_of(with("1000", digits)))).max_packet_amount->value == amount);
    }
    for (const char* const wrong : {"18446744073709551616", "\"18446744073709551616\"", "-1", "\"-1\"", "1.5", "1.0",
                                    "1e3", "\"\"", "\" 1\"", "\"1e3\"", "true", "[]", "{}"}) {
        CAPTURE(wrong);
        CHECK(refused(with("1000", wrong)) ==
              "InvalidPeeringRequest maxPacketAmount: expected a whole number from 0 to 18446744073709551615");
    }
}

TEST_CASE("a peering request with a wrong field is refused, and the field is named") {
    const std::string address = R"("test.bob")";
    for (const char* const wrong :
         {R"("")", R"("test")", R"("test.bob.")", R"("peer.bob")", R"("self.bob")", R"("test.b b")", R"("bob")"}) {
        CAPTURE(wrong);
        CHECK(refused(with(address, wrong)).starts_with("InvalidPeerIlpConfiguration staticIlpAddress: "));
    }
    CHECK(refused(with(address, '"' + ("test." + std::string(1019, 'x')) + '"')).starts_with("InvalidPeerIlp"));
    CHECK(refused(with(address, '"' + ("test." + std::string(1018, 'x')) + '"')).empty());
    const std::string url = R"("http://bob.example:3002/ilp")";
    for (const char* const wrong :
         {R"("")", R"("ftp://bob.example/")", R"("https://bob.example:0/")", R"("http://user:pw@bob.example/")",
          R"("http://bob.example:0/")", R"("http://bob.example/\r\nX: y")", R"("//bob.example/")"}) {
        CAPTURE(wrong);
        CHECK(refused(with(url, wrong)).starts_with("InvalidPeerIlpConfiguration ilpConnectorUrl: "));
    }
    const std::string token = R"("0123456789abcdef")";
    for (const std::string& wrong :
         {std::string(15, 'x'), std::string(257, 'x'), std::string(20, ' '), std::string{"0123456789abcdef\\r\\n"},
          std::string{"0123456789abcd\\u00e9\\u00e9"}}) {
        CAPTURE(wrong);
        CHECK(refused(with(token, '"' + wrong + '"')).starts_with("InvalidPeeringRequest httpToken: "));
    }
    CHECK(refused(with(token, '"' + std::string(256, 'x') + '"')).empty());
    for (const std::string& wrong : {std::string{}, std::string(65, 'x'), std::string{"a\\nb"},
                                     std::string{"\\u001b[31m"}, std::string{"a\\u202eb"}}) {
        CAPTURE(wrong);
        CHECK(refused(with("\"Bob & Co.\"", '"' + wrong + '"')).starts_with("InvalidPeeringRequest name: "));
    }
    for (const char* const wrong : {"-1", "256", "9.0", "\"9\"", "null"}) {
        CAPTURE(wrong);
        CHECK(refused(with("9}", std::string{wrong} + "}")).starts_with("InvalidPeeringRequest asset.scale: "));
    }
    CHECK(refused(with("\"USD\"", "\"\"")).starts_with("InvalidPeeringRequest asset.code: "));
    CHECK(refused(with("\"USD\"", '"' + std::string(21, 'x') + '"')).starts_with("InvalidPeeringRequest asset.code: "));
}

TEST_CASE("a peering request of another form is refused") {
    for (const char* const key : {"staticIlpAddress", "ilpConnectorUrl", "httpToken", "asset", "code", "scale"}) {
        CAPTURE(key);
        CHECK(refused(with(key, "other")).starts_with("InvalidPeeringRequest "));
    }
    for (const char* const wrong : {R"("test.bob")", R"("http://bob.example:3002/ilp")",
                                    R"({"code": "USD", "scale": 9})", R"("0123456789abcdef")"}) {
        CAPTURE(wrong);
        CHECK(refused(with(wrong, "17")).starts_with("InvalidPeeringRequest "));
    }
    for (const std::string& wrong :
         {std::string{}, std::string{"null"}, std::string{"[]"}, std::string{"{}"}, std::string{whole} + "x",
          std::string{whole}.substr(0, 100), with("Bob", "\xff"), std::string(1000, '[')}) {
        CAPTURE(wrong);
        CHECK(refused(wrong).starts_with("InvalidPeeringRequest "));
    }
    const auto padded = [](std::size_t size) {
        return whole + std::string(size - std::string_view{whole}.size(), ' ');
    };
    CHECK(refused(padded(peering_message_size_max)).empty());
    CHECK_FALSE(refused(padded(peering_message_size_max + 1)).empty());
}

TEST_CASE("a peering answer is read as it was written") {
    const peering_terms terms{*ilp::address::parse("test.alice"), "http://alice.example/", "fedcba9876543210", "Alice"};
    CHECK(to_json(terms) == R"({"staticIlpAddress":"test.alice","ilpConnectorUrl":"http://alice.example/",)"
                            R"("httpToken":"fedcba9876543210","name":"Alice"})");
    CHECK(parse_peering_answer(to_json(terms)).value() == terms);
    for (const char* const wrong :
         {"", "{}", "[]", R"({"error": {"code": 404}})",
          R"({"staticIlpAddress":"test.alice","ilpConnectorUrl":"http://a/","httpToken":"short"})",
          R"({"staticIlpAddress":"test","ilpConnectorUrl":"http://a/","httpToken":"0123456789abcdef"})"}) {
        CAPTURE(wrong);
        const auto parsed = parse_peering_answer(wrong);
        REQUIRE_FALSE(parsed);
        CHECK_FALSE(parsed.error().empty());
    }
}

TEST_CASE("a peering request and its answer may have https URLs") {
    const std::string url = "https://alice.example/ilp";
    const peering_terms terms{*ilp::address::parse("test.alice"), url, "fedcba9876543210", "Alice"};
    CHECK(parse_peering_answer(to_json(terms)).value() == terms);
    CHECK(refused(with("http://bob.example:3002/ilp", url)).empty());
}

TEST_CASE("a refusal of a peering request is read as it was written") {
    const std::vector<std::pair<peering_fault, std::string>> faults{
        {peering_fault::unknown_asset, R"({"error":{"code":404,"message":"m","type":"UnknownAsset"}})"},
        {peering_fault::invalid_configuration,
         R"({"error":{"code":400,"message":"m","type":"InvalidPeerIlpConfiguration"}})"},
        {peering_fault::invalid_request, R"({"error":{"code":400,"message":"m","type":"InvalidPeeringRequest"}})"},
        {peering_fault::too_many_requests, R"({"error":{"code":429,"message":"m","type":"TooManyRequests"}})"},
        {peering_fault::unavailable, R"({"error":{"code":503,"message":"m","type":"Unavailable"}})"}};
    for (const auto& [fault, json] : faults) {
        CHECK(to_json(peering_error{fault, "m"}) == json);
        CHECK(parse_peering_error(json).value() == peering_error{fault, "m"});
    }
    CHECK(parse_peering_error(R"({"error":{"type":"UnknownAsset"}})").value().message.empty());
    for (const char* const wrong : {"", "{}", R"({"error":"UnknownAsset"})", R"({"error":{}})",
                                    R"({"error":{"type":1}})", R"({"error":{"type":"Other"}})"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_peering_error(wrong));
    }
    CHECK(parse_peering_error(R"({"error":{"type":"UnknownAsset","message":")" + std::string(5000, 'x') + "\"}}")
              .value()
              .message.size() == 1024);
}

TEST_CASE("a peering token is 64 unpredictable hexadecimal digits") {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const std::string token = new_peering_token();
        CHECK(token.size() == 64);
        CHECK(token.find_first_not_of("0123456789abcdef") == std::string::npos);
        seen.insert(token);
    }
    CHECK(seen.size() == 100);
}

}  // namespace auto_peering_test
