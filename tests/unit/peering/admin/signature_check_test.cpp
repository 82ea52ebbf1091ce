#include "peering/admin/signature_check.hpp"

#include "peering/json/parse_json.hpp"
#include "peering/json/signature.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace signature_check_test {

using namespace peering::admin;
using namespace std::chrono_literals;

namespace {

const ilp::timestamp then{1'718'000'000'123ms};
const std::string ours = "3f21b2c6a56f1e3a5a2a7e0e2b7a16a3a0f3d7c5a4b1e9d8c7b6a5f4e3d2c1b0";  // of no real body

/// "" if the signature is valid, otherwise the reason why it is not.
std::string check(const std::string& header, std::string_view body = "{}", ilp::timestamp now = then,
                  std::string_view secret = "s3cret") {
    const auto value = peering::parse_json(body);
    const auto checked = check_signature(&header, secret, now, value ? &*value : nullptr);
    return checked ? "" : std::string{to_string(checked.error())};
}

std::string fault_in(std::string_view header) {
    const auto parsed = parse_signature(header);
    return parsed ? "" : std::string{to_string(parsed.error())};
}

std::string signed_at(ilp::timestamp time) {
    return peering::signature_header("s3cret", time, "{}");
}

std::string v1(std::string_view hex) {
    return "t=1718000000123, v1=" + std::string{hex};
}

constexpr std::string_view of_empty_object = "a3bbc62b6958ddf26e374d4687833a8bc56bc115947450cef51e45287203be55";

}  // namespace

// The digests were computed with Node's crypto from the secret "s3cret" and `1718000000123.` plus the canonical text,
// which was written by hand:
//   createHmac('sha256', 's3cret').update(`1718000000123.${text}`).digest('hex')
TEST_CASE("signature check: the canonical body is signed, however it was sent") {
    struct sample {
        std::string_view body;
        std::string_view digest;
    };
    for (const auto& [body, digest] : {
             sample{"{}", of_empty_object},
             sample{" \n{\t}\r\n", of_empty_object},
             // {"operationName":null,"query":"{ whoami { id } }","variables":{}}
             sample{R"({"query": "{ whoami { id } }", "variables": {}, "operationName": null})",
                    "547406a02eb8887cebd8a5755312b8fb7a12c90c7171695b347d426f88a5abfa"},
             // {"variables":{"a":1,"b":1e+21,"c":100000000000000000000,"d":0.000001,"e":1e-7,"f":0,"g":-1.5,
             //  "h":333333333.3333333,"i":9007199254740992,"j":4.5,"k":0.002}}
             sample{R"({"variables": {"k": 2e-3, "j": 4.50, "i": 9007199254740993, "h": 333333333.33333329,
                        "g": -15e-1, "f": -0.0, "e": 0.0000001, "d": 1E-6, "c": 1e20, "b": 1000000000000000000000,
                        "a": 1.0}})",
                    "857b5f2c26af7598a8c9ae410aad2926fdadeb1faad9f5a442a74d2c286c95ab"},
             // The order is that of UTF-16: a surrogate pair comes before U+FB33.
             // {"":1,"1":2,"10":3,"2":4,"A":5,"a":6,"ö":7,"€":8,"😀":9,"דּ":10}
             sample{R"({"\ufb33": 10, "\ud83d\ude00": 9, "€": 8, "\u00f6": 7, "a": 6, "A": 5, "2": 4, "10": 3, "1": 2,
                        "": 1})",
                    "051773b078dc0aaff84905ecc0c728d070f6a2409f3ee4ec968ad4c6d792e653"},
             // {"s":"€$\u000f\nA'B\"\\\\\"/<DEL><U+2028><😀>"}: the two after the slash and the last one as themselves
             sample{R"({"s": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/\u007f\u2028<\ud83d\ude00>"})",
                    "6e518d7d40245d8f52e13e63fb0a9319f291678339ddae453e411ee2fe331860"},
             // [{"a":[{},[],null,true,false]},"b"]
             sample{R"([ {"a": [ {}, [], null, true, false ]}, "b" ])",
                    "347a8ffa8471686706bce88f468db859d166ddbbe71ef7cdedc2088fc635d9ba"},
         }) {
        CAPTURE(body);
        CHECK(check(v1(digest), body) == "");
    }
}

TEST_CASE("signature check: another body, secret or time gives another digest") {
    CHECK(check(v1(of_empty_object)) == "");
    CHECK(check(v1(of_empty_object), "[]") == "the signature is wrong");
    CHECK(check(v1(of_empty_object), R"({"a":1})") == "the signature is wrong");
    CHECK(check(v1(of_empty_object), "{}", then, "s3creT") == "the signature is wrong");
    CHECK(check("t=1718000000124, v1=" + std::string{of_empty_object}) == "the signature is wrong");
    for (std::size_t i = 0; i < of_empty_object.size(); ++i) {
        auto other = std::string{of_empty_object};
        other[i] = other[i] == '0' ? '1' : '0';
        CHECK(check(v1(other)) == "the signature is wrong");
    }
}

TEST_CASE("signature check: a signature is valid from 30 s before its time to 30 s after it") {
    const auto at = [](std::chrono::milliseconds offset) { return check(signed_at(then), "{}", then + offset); };
    CHECK(at(-30'001ms) == "the signature is from the future: check the clocks of both hosts");
    CHECK(at(-30'000ms) == "");
    CHECK(at(0ms) == "");
    CHECK(at(30'000ms) == "");
    CHECK(at(30'001ms) == "the signature is too old: check the clocks of both hosts");
    CHECK(check("t=0, v1=" + ours) == "the signature is too old: check the clocks of both hosts");
    CHECK(check("t=999999999999999, v1=" + ours) == "the signature is from the future: check the clocks of both hosts");
}

TEST_CASE("signature check: one of several v1 must be correct") {
    const auto right = std::string{of_empty_object};
    CHECK(check(v1(ours + ", v1=" + right)) == "");
    CHECK(check(v1(right + ", v1=" + ours)) == "");
    CHECK(check(v1(ours + ", v1=" + ours)) == "the signature is wrong");
    CHECK(check(v1(right + ", v2=whatever")) == "");
    CHECK(check("t=1718000000123, v2=" + right) == "the signature has an unknown version");
    CHECK(check("t=1718000000123") == "the signature has an unknown version");
}

TEST_CASE("signature check: a header is read strictly, but for white space and the case of digits") {
    const auto right = std::string{of_empty_object};
    auto upper = right;
    for (auto& c : upper)
        if (c >= 'a') c = static_cast<char>(c - 0x20);
    for (const auto& fine : {"t=1718000000123,v1=" + right, " t = 1718000000123\t, v1 =\t" + right + " ",
                             "v1=" + right + ",t=1718000000123", v1(upper)}) {
        CAPTURE(fine);
        CHECK(check(fine) == "");
    }
    for (const auto& wrong : {std::string{},
                              std::string{" "},
                              std::string{","},
                              std::string{"="},
                              right,
                              "v1=" + right,
                              "t=,v1=" + right,
                              "t=-1,v1=" + right,
                              "t=+1718000000123,v1=" + right,
                              "t=01718000000123,v1=" + right,
                              "t=1718000000.123,v1=" + right,
                              "t=1718000000123 4,v1=" + right,
                              "t=1000000000000000,v1=" + right,
                              "t=99999999999999999999999,v1=" + right,
                              "t=1718000000123,t=1718000000123,v1=" + right,
                              "T=1718000000123,v1=" + right,
                              "t=1718000000123,V1=" + right,
                              "t=1718000000123;v1=" + right,
                              "t=1718000000123,v1=" + right.substr(1),
                              v1(right + "0"),
                              v1("g" + right.substr(1)),
                              v1(""),
                              v1(right + ","),
                              "," + v1(right),
                              v1(right + ", w=1"),
                              v1(right + ", v=1"),
                              v1(right + ", v2="),
                              v1(right + ", v2"),
                              v1(right + "\n")}) {
        CAPTURE(wrong);
        CHECK(fault_in(wrong) == "the signature is malformed");
        CHECK(check(wrong) == "the signature is malformed");
    }
}

TEST_CASE("signature check: a request without a header or without JSON is not signed") {
    const auto body = boost::json::value{};
    CHECK(check_signature(nullptr, "s3cret", then, &body).error() == signature_fault::absent);
    CHECK(check(signed_at(then), "{") == "the signed body is not JSON");
    CHECK(check(signed_at(then), "[1e999]") == "the signed body is not JSON");
    CHECK(check(signed_at(then), "", then + 1h) == "the signature is too old: check the clocks of both hosts");
}

}  // namespace signature_check_test
