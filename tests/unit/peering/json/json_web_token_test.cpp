#include "peering/json/json_web_token.hpp"

#include "ilp/base64url.hpp"
#include "ilp/bytes.hpp"
#include "peering/json/json_members.hpp"
#include "peering/json/signature.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace json_web_token_test {

using namespace peering;
using namespace std::chrono_literals;

constexpr std::string_view hs256 = R"({"alg":"HS256","typ":"JWT"})";
const std::string secret = "a secret that two peers share";
const ilp::timestamp noon{std::chrono::milliseconds{1'800'000'000'000}};

/// Signed whatever it says, so that only the header or the claims can be the reason for a refusal.
std::string signed_token(std::string_view header, std::string_view payload, std::string_view key = secret) {
    std::string token;
    ilp::append_base64url(token, header);
    token += '.';
    ilp::append_base64url(token, payload);
    const ilp::digest signature = hmac_sha256(key, token);
    token += '.';
    ilp::append_base64url(token, ilp::as_text(signature));
    return token;
}

bool is_accepted(const std::string& token, ilp::timestamp now = noon) {
    const auto parsed = parse_json_web_token(token);
    return parsed && is_signed_with(*parsed, secret) && is_valid_at(*parsed, now);
}

bool has_claims_accepted(std::string_view payload) {
    return is_accepted(signed_token(hs256, payload));
}

TEST_CASE("jwt: the example of RFC 7515, appendix A.1") {
    const std::string token =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
        "NvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const auto key =
        ilp::decode_base64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    const auto parsed = parse_json_web_token(token);
    REQUIRE(parsed);
    CHECK(is_signed_with(*parsed, *key));
    CHECK_FALSE(is_signed_with(*parsed, key->substr(1)));
    CHECK_FALSE(is_signed_with(*parsed, ""));
    CHECK(parsed->subject.empty());
    CHECK(is_valid_at(*parsed, ilp::timestamp{1'300'819'379s}));
    CHECK_FALSE(is_valid_at(*parsed, ilp::timestamp{1'300'819'380s}));
}

TEST_CASE("jwt: a token that is made is accepted until it expires, and only with its secret") {
    const std::string token = make_json_web_token(secret, "test.alice", noon + 999ms, 300s);
    const auto parsed = parse_json_web_token(token);
    REQUIRE(parsed);
    CHECK(parsed->subject == "test.alice");
    CHECK(parsed->expires_at == noon + 300s);
    CHECK(parsed->not_before == noon);
    CHECK(is_signed_with(*parsed, secret));
    CHECK_FALSE(is_signed_with(*parsed, "another secret"));
    CHECK(is_accepted(token, noon + 300s - 1ms));
    CHECK_FALSE(is_accepted(token, noon + 300s));
    CHECK(parse_json_web_token(make_json_web_token(secret, "a \"quoted\"\n name", noon, 1s))->subject ==
          "a \"quoted\"\n name");
}

TEST_CASE("jwt: the clock of its maker may be a minute ahead") {
    CHECK(is_accepted(make_json_web_token(secret, "", noon, 300s), noon - 60s));
    CHECK_FALSE(is_accepted(make_json_web_token(secret, "", noon, 300s), noon - 61s));
    CHECK(has_claims_accepted(R"({"exp":1800000900,"nbf":1800000060})"));
    CHECK_FALSE(has_claims_accepted(R"({"exp":1800000900,"nbf":1800000061})"));
    CHECK_FALSE(has_claims_accepted(R"({"exp":1800000900,"iat":1,"nbf":1800000061})"));
}

TEST_CASE("jwt: no algorithm but HS256") {
    const std::string claims = R"({"exp":1800000060})";
    CHECK(is_accepted(signed_token(hs256, claims)));
    CHECK(is_accepted(signed_token(R"( {"kid":"1","alg":"HS256"} )", claims)));
    for (const std::string_view header : {R"({"alg":"none"})",
                                          R"({"alg":"None"})",
                                          R"({"alg":"HS384"})",
                                          R"({"alg":"HS512"})",
                                          R"({"alg":"RS256"})",
                                          R"({"alg":"ES256"})",
                                          R"({"alg":"hs256"})",
                                          R"({"alg":"HS256 "})",
                                          R"({"alg":""})",
                                          R"({"alg":null})",
                                          R"({"alg":256})",
                                          R"({"alg":["HS256"]})",
                                          R"({"alg":{"alg":"HS256"}})",
                                          R"({"typ":"JWT"})",
                                          R"({})",
                                          R"([])",
                                          R"(["alg","HS256"])",
                                          R"("HS256")",
                                          R"(null)",
                                          "",
                                          R"({"alg":"HS256"}x)",
                                          R"({"alg":"HS256",})",
                                          R"({"alg":"HS256","alg":"none"})",
                                          R"({"alg":"none","alg":"HS256"})",
                                          R"({"alg":"none","\u0061lg":"HS256"})",
                                          R"({"alg":"HS256","crit":["b64"],"b64":false})",
                                          R"({"alg":"HS256","crit":[]})",
                                          "{\"alg\":\"HS256\",\"x\":\"\xff\"}"}) {
        INFO(header);
        CHECK_FALSE(is_accepted(signed_token(header, claims)));
    }
    CHECK(is_accepted(signed_token(R"({"\u0061lg":"HS\u003256"})", claims)));
    // Without a signature, as `alg` none asks for.
    std::string bare = signed_token(R"({"alg":"none"})", claims);
    CHECK_FALSE(is_accepted(bare.substr(0, bare.rfind('.') + 1)));
    bare = signed_token(hs256, claims);
    CHECK_FALSE(is_accepted(bare.substr(0, bare.rfind('.') + 1)));
}

TEST_CASE("jwt: the time of expiry is required, and a number") {
    CHECK(has_claims_accepted(R"({"exp":1800000000.5})"));
    CHECK(has_claims_accepted(R"({"exp":18000000005e-1})"));
    CHECK(has_claims_accepted(R"({"exp":253402300799})"));
    CHECK(has_claims_accepted(R"({"aux":[{"exp":"x"},1],"exp":1800000060,"obj":{"exp":1,"exp":2}})"));
    for (const std::string_view claims : {R"({})",
                                          R"({"sub":"bob"})",
                                          R"({"exp":"1800000060"})",
                                          R"({"exp":null})",
                                          R"({"exp":true})",
                                          R"({"exp":[1800000060]})",
                                          R"({"exp":{"exp":1800000060}})",
                                          R"({"exp":1800000000})",
                                          R"({"exp":0})",
                                          R"({"exp":-1})",
                                          R"({"exp":253402300800})",
                                          R"({"exp":18446744073709551615})",
                                          R"({"exp":18446744073709551616})",
                                          R"({"exp":1e300})",
                                          R"({"exp":1e400})",
                                          R"({"exp":NaN})",
                                          R"({"exp":1800000060,"exp":1800000060})",
                                          R"({"exp":1,"exp":1800000060})",
                                          R"({"Exp":1800000060})",
                                          R"({"obj":{"exp":1800000060}})",
                                          R"([{"exp":1800000060}])",
                                          R"({"exp":1800000060} {})",
                                          R"({"exp":1800000060,"iat":"x"})",
                                          R"({"exp":1800000060,"nbf":null})",
                                          R"({"exp":1800000060,"nbf":1e99})",
                                          R"({"exp":1800000060,"sub":7})",
                                          R"({"exp":1800000060,"sub":null})",
                                          R"({"exp":1800000060,"aud":"bob"})",
                                          "\xef\xbb\xbf{\"exp\":1800000060}",
                                          "{\"exp\":1800000060,\"\xc0\xaf\":1}"}) {
        INFO(claims);
        CHECK_FALSE(has_claims_accepted(claims));
    }
}

TEST_CASE("jwt: names and texts may be any Unicode") {
    const auto parsed = parse_json_web_token(
        signed_token(hs256, "{\"n\xc3\xb6\":\"\\ud83d\\ude00\",\"sub\":\"b\\u00f6b\",\"exp\":1800000060}"));
    REQUIRE(parsed);
    CHECK(parsed->subject ==
          "b\xc3\xb6"
          "b");
    CHECK_FALSE(has_claims_accepted(R"({"sub":"\ud83d","exp":1800000060})"));
}

TEST_CASE("jwt: three parts, each as it was signed") {
    const std::string token = signed_token(hs256, R"({"exp":1800000060})");
    REQUIRE(is_accepted(token));
    for (std::size_t size = 0; size < token.size(); ++size) CHECK_FALSE(is_accepted(token.substr(0, size)));
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        INFO(i);
        CHECK_FALSE(is_accepted(changed));
    }
    for (const std::string& bad :
         {token + ".", "." + token, token + "A", token + "=", token + "\n", token + "." + token})
        CHECK_FALSE(is_accepted(bad));
    CHECK_FALSE(parse_json_web_token(""));
    CHECK_FALSE(parse_json_web_token(".."));
    CHECK_FALSE(parse_json_web_token("..."));
}

TEST_CASE("jwt: a token is bounded in size, and its objects in members") {
    const auto padded = [](std::size_t size) {
        return R"({"exp":1800000060,"pad":")" + std::string(size, 'x') + "\"}";
    };
    CHECK(has_claims_accepted(padded(2900)));
    CHECK_FALSE(has_claims_accepted(padded(3100)));
    std::string many = "{\"exp\":1800000060";
    for (std::size_t i = 1; i < json_members_max; ++i) many += ",\"" + std::to_string(i) + "\":0";
    CHECK(has_claims_accepted(many + "}"));
    CHECK_FALSE(has_claims_accepted(many + ",\"x\":0}"));
    CHECK_FALSE(
        has_claims_accepted(R"({"exp":1800000060,"deep":)" + std::string(40, '[') + std::string(40, ']') + "}"));
}

}  // namespace json_web_token_test
