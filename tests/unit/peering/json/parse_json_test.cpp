#include "peering/json/parse_json.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <limits>
#include <string>
#include <string_view>

namespace parse_json_test {

using peering::parse_json;

namespace {

double number(std::string_view text) {
    INFO(text);
    const auto value = parse_json(text);
    REQUIRE(value);
    REQUIRE(value->is_double());
    return value->get_double();
}

}  // namespace

TEST_CASE("parse JSON: a number is the double nearest to its digits") {
    CHECK(number("333333333.33333329") == 333333333.33333329);
    CHECK(number("0.1") == 0.1);
    CHECK(number("-123456789.123456789e-20") == -123456789.123456789e-20);
    CHECK(number("9007199254740993.0") == 9007199254740992.0);
    CHECK(number("18446744073709553665") == 18446744073709555712.0);
    CHECK(number("2.2250738585072011e-308") == 2.2250738585072011e-308);
    CHECK(number("5e-324") == std::numeric_limits<double>::denorm_min());
    CHECK(number("1.7976931348623157e308") == std::numeric_limits<double>::max());
    CHECK(number("0." + std::string(400, '0') + "1e401") == 1.0);
}

TEST_CASE("parse JSON: numbers beyond those of a double are zero or infinite") {
    CHECK(number("1e-400") == 0);
    CHECK(number("1e400") == std::numeric_limits<double>::infinity());
    CHECK(number("-1e400") == -std::numeric_limits<double>::infinity());
}

TEST_CASE("parse JSON: integers up to 64 bits keep their digits") {
    CHECK(parse_json("9223372036854775807")->get_int64() == std::numeric_limits<std::int64_t>::max());
    CHECK(parse_json("-9223372036854775808")->get_int64() == std::numeric_limits<std::int64_t>::min());
    CHECK(parse_json("18446744073709551615")->get_uint64() == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("parse JSON: everything but numbers is as Boost.JSON reads it") {
    for (const std::string_view text :
         {"null", "true", " [ ] ", "{}", "\"\"",
          R"({"a":[1,{"b":[true,false,null,"x\u00e9\ud83d\ude00\n"]},[]],"":""})", R"({"a":1,"a":2})"}) {
        INFO(text);
        const auto value = parse_json(text);
        REQUIRE(value);
        CHECK(*value == boost::json::parse(boost::json::string_view{text.data(), text.size()}));
    }
}

TEST_CASE("parse JSON: text that is not JSON is refused") {
    for (const std::string_view text : {"", " ", "{", "[1,]", "{\"a\":}", "01", "+1", ".5", "1.", "NaN", "'a'", "1 2",
                                        "\"\n\"", "\"\xff\"", "\"\\ud800\"", "[1]x", "// c\n1", "\"a"}) {
        INFO(text);
        CHECK_FALSE(parse_json(text));
    }
    CHECK(parse_json(std::string(32, '[') + std::string(32, ']')));
    CHECK_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
}

}  // namespace parse_json_test
