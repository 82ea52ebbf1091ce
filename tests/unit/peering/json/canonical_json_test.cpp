#include "peering/json/canonical_json.hpp"

#include "peering/json/parse_json.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace canonical_json_test {

using peering::canonical_json;
using peering::exact_json;
using peering::parse_json;

namespace {

/// The canonical form of the JSON in `text`.
std::string canonical(std::string_view text) {
    INFO(text);
    const auto value = parse_json(text);
    REQUIRE(value);
    const auto canonical = canonical_json(*value);
    REQUIRE(canonical);
    return *canonical;
}

}  // namespace

TEST_CASE("canonical JSON: the numbers of RFC 8785, appendix B") {
    struct sample {
        std::uint64_t bits;
        std::string_view text;
    };
    for (const auto& [bits, text] : {
             sample{0x0000000000000000, "0"},
             sample{0x8000000000000000, "0"},
             sample{0x0000000000000001, "5e-324"},
             sample{0x8000000000000001, "-5e-324"},
             sample{0x7fefffffffffffff, "1.7976931348623157e+308"},
             sample{0xffefffffffffffff, "-1.7976931348623157e+308"},
             sample{0x4340000000000000, "9007199254740992"},
             sample{0xc340000000000000, "-9007199254740992"},
             sample{0x4430000000000000, "295147905179352830000"},
             sample{0x44b52d02c7e14af5, "9.999999999999997e+22"},
             sample{0x44b52d02c7e14af6, "1e+23"},
             sample{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
             sample{0x444b1ae4d6e2ef4e, "999999999999999700000"},
             sample{0x444b1ae4d6e2ef4f, "999999999999999900000"},
             sample{0x444b1ae4d6e2ef50, "1e+21"},
             sample{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
             sample{0x3eb0c6f7a0b5ed8d, "0.000001"},
             sample{0x41b3de4355555553, "333333333.3333332"},
             sample{0x41b3de4355555554, "333333333.33333325"},
             sample{0x41b3de4355555555, "333333333.3333333"},
             sample{0x41b3de4355555556, "333333333.3333334"},
             sample{0x41b3de4355555557, "333333333.33333343"},
             sample{0xbecbf647612f3696, "-0.0000033333333333333333"},
             sample{0x43143ff3c1cb0959, "1424953923781206.2"},
         }) {
        CHECK(canonical_json(std::bit_cast<double>(bits)) == text);
    }
}

TEST_CASE("canonical JSON: a value that is not a JSON number has no canonical form") {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double value : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK_FALSE(canonical_json(value));
        CHECK_FALSE(canonical_json({value}));
        CHECK_FALSE(canonical_json({{"a", {1, value}}}));
    }
}

TEST_CASE("canonical JSON: integers are the doubles that ECMAScript sees") {
    CHECK(canonical("[1,-1,10,1.0,1e2,0.5,-0,9007199254740991]") == "[1,-1,10,1,100,0.5,0,9007199254740991]");
    CHECK(canonical("9007199254740993") == "9007199254740992");
    CHECK(canonical("-9007199254740993") == "-9007199254740992");
    CHECK(canonical("18446744073709551615") == "18446744073709552000");
    CHECK(canonical("-9223372036854775808") == "-9223372036854776000");
    CHECK(canonical("100000000000000000000000") == "1e+23");
}

TEST_CASE("canonical JSON: keys are sorted by their UTF-16, at every depth (RFC 8785, 3.2.3)") {
    CHECK(canonical(R"({
            "\u20ac": "Euro Sign",
            "\r": "Carriage Return",
            "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\ud83d\ude00": "Emoji: Grinning Face",
            "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
          })") ==
          "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
          "\"\u00f6\":\"Latin Small Letter O With Diaeresis\",\"\u20ac\":\"Euro Sign\","
          "\"\U0001f600\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
    CHECK(canonical(R"({"b":[{"d":1,"c":2}],"a":{"":0,"aa":1,"a":2},"B":null})") ==
          R"({"B":null,"a":{"":0,"a":2,"aa":1},"b":[{"c":2,"d":1}]})");
    CHECK(canonical(R"({"\ue000":1,"\udbff\udfff":2,"\uffff":3,"\ud7ff":4,"\ud800\udc00":5})") ==
          "{\"\ud7ff\":4,\"\U00010000\":5,\"\U0010ffff\":2,\"\ue000\":1,\"\uffff\":3}");
}

TEST_CASE("canonical JSON: the example of RFC 8785, 3.2.2") {
    CHECK(canonical(R"({
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
          })") == R"({"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],)"
                  R"("string":"€$\u000f\nA'B\"\\\\\"/"})");
}

TEST_CASE("canonical JSON: only characters that must be escaped are escaped") {
    std::string text;
    for (char c = 0; c < 0x20; ++c) text += c;
    text += "\x7f/\u2028<";
    CHECK(canonical_json(boost::json::string_view{text.data(), text.size()}) ==
          R"("\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f)"
          R"(\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f)"
          "\x7f/\u2028<\"");
}

TEST_CASE("exact JSON: every digit of an integer counts, and otherwise it is canonical JSON") {
    for (const char* const text : {"0", "-7", "9007199254740992", R"({"b":[1.5,"x",null],"a":{"":true}})"}) {
        CHECK(exact_json(*parse_json(text)) == canonical(text));
    }
    CHECK(exact_json(*parse_json(R"({"b":18446744073709551615,"a":-9223372036854775807})")) ==
          R"({"a":-9223372036854775807,"b":18446744073709551615})");
    CHECK(canonical("18446744073709551615") == canonical("18446744073709551614"));
    CHECK(exact_json(*parse_json("18446744073709551615")) != exact_json(*parse_json("18446744073709551614")));
    CHECK_FALSE(exact_json(*parse_json("[1e999]")));
}

TEST_CASE("canonical JSON: empty values and no white space") {
    CHECK(canonical(" { } ") == "{}");
    CHECK(canonical(" [ ] ") == "[]");
    CHECK(canonical(R"( [ "" , { "a" : [ ] } ] )") == R"(["",{"a":[]}])");
}

}  // namespace canonical_json_test
