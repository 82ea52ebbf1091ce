#include "peering/graphql/scalar.hpp"

#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace scalar_test {

using namespace graphql_tests;

namespace {

/// The value that a resolver reads from some JSON, as JSON, or the reason why it is invalid.
std::string read(std::string_view type, std::string_view text) {
    const auto schema = pet_schema();
    auto options = json::parse_options{};
    const auto value = schema.find_type(type)->scalar->read(to_scalar_input(json::parse(text, {}, options)));
    return value ? json::serialize(*value) : value.error();
}

std::string written(std::string_view type, const json::value& value) {
    const auto schema = pet_schema();
    const auto out = schema.find_type(type)->scalar->write(value);
    return out ? json::serialize(*out) : out.error();
}

}  // namespace

TEST_CASE("Int takes whole numbers of 32 bits") {
    CHECK(read("Int", "0") == "0");
    CHECK(read("Int", "2147483647") == "2147483647");
    CHECK(read("Int", "-2147483648") == "-2147483648");
    CHECK(read("Int", "1.0") == "1");
    CHECK(read("Int", "1e3") == "1000");
    CHECK(read("Int", "2147483648") == "Int cannot represent non 32-bit signed integer value: 2147483648");
    CHECK(read("Int", "-2147483649") == "Int cannot represent non 32-bit signed integer value: -2147483649");
    CHECK(read("Int", "18446744073709551615") ==
          "Int cannot represent non 32-bit signed integer value: 18446744073709551615");
    for (const auto* wrong : {"1.5", "\"1\"", "true", "[1]", "{}", "1e300"})
        CHECK(read("Int", wrong).starts_with("Int cannot represent non-integer value: "));
}

TEST_CASE("Float takes numbers") {
    CHECK(read("Float", "1.5") == "1.5E0");
    CHECK(read("Float", "-3") == "-3E0");
    for (const auto* wrong : {"\"1\"", "true", "[]"})
        CHECK(read("Float", wrong).starts_with("Float cannot represent non numeric value: "));
}

TEST_CASE("String, Boolean and ID accept their own kinds of values") {
    CHECK(read("String", R"("a\"")") == R"("a\"")");
    CHECK(read("String", "1") == "String cannot represent a non string value: 1");
    CHECK(read("Boolean", "true") == "true");
    CHECK(read("Boolean", "false") == "false");
    CHECK(read("Boolean", "\"true\"") == "Boolean cannot represent a non boolean value: \"true\"");
    CHECK(read("Boolean", "0") == "Boolean cannot represent a non boolean value: 0");
    CHECK(read("ID", "\"a\"") == "\"a\"");
    CHECK(read("ID", "18446744073709551615") == "\"18446744073709551615\"");
    CHECK(read("ID", "1.5").starts_with("ID cannot represent a non-string and non-integer value: "));
    CHECK(read("ID", "true").starts_with("ID cannot represent a non-string and non-integer value: "));
}

TEST_CASE("UInt8 and UInt64 take numbers, and digits in a string") {
    CHECK(read("UInt8", "255") == "255");
    CHECK(read("UInt8", "\"255\"") == "255");
    CHECK(read("UInt8", "9.0") == "9");
    CHECK(read("UInt64", "0") == "0");
    CHECK(read("UInt64", "18446744073709551615") == "18446744073709551615");
    CHECK(read("UInt64", "\"18446744073709551615\"") == "18446744073709551615");
    CHECK(read("UInt64", "\"007\"") == "7");
    for (const auto* wrong : {"256", "-1", "1.5", "\"\"", "\" 1\"", "\"1 \"", "\"+1\"", "\"-1\"", "\"0x1\"", "\"1e2\"",
                              "\"256\"", "true", "[1]", "{}", "1e300", "\"99999999999999999999999999999\""})
        CHECK(read("UInt8", wrong).starts_with("UInt8 cannot represent anything but a whole number from 0 to 255: "));
    for (const auto* wrong :
         {"-1", "1.5", "1e300", "18446744073709551616", "\"18446744073709551616\"", "9007199254740993.0"})
        CHECK(read("UInt64", wrong).starts_with("UInt64 cannot represent anything but a whole number"));
}

TEST_CASE("JSONObject takes objects") {
    CHECK(read("JSONObject", R"({"a":[1,null]})") == R"({"a":[1,null]})");
    CHECK(read("JSONObject", "[]") == "JSONObject cannot represent a non object value: []");
}

TEST_CASE("A resolver's result is written according to its type") {
    CHECK(written("UInt64", ~std::uint64_t{0}) == "\"18446744073709551615\"");
    CHECK(written("UInt64", 0) == "\"0\"");
    CHECK(written("UInt64", -1).starts_with("UInt64 cannot represent"));
    CHECK(written("UInt8", 9) == "9");
    CHECK(written("UInt8", 256).starts_with("UInt8 cannot represent"));
    CHECK(written("Int", 7) == "7");
    CHECK(written("Int", ~std::uint64_t{0}).starts_with("Int cannot represent"));
    CHECK(written("Int", "7").starts_with("Int cannot represent"));
    CHECK(written("Float", 1) == "1");
    CHECK(written("Float", "1").starts_with("Float cannot represent"));
    CHECK(written("String", "a") == "\"a\"");
    CHECK(written("String", true) == "\"true\"");
    CHECK(written("String", json::array{}).starts_with("String cannot represent"));
    CHECK(written("ID", 7) == "\"7\"");
    CHECK(written("ID", true).starts_with("ID cannot represent"));
    CHECK(written("Boolean", true) == "true");
    CHECK(written("Boolean", 1).starts_with("Boolean cannot represent"));
    CHECK(written("JSONObject", json::object{{"a", 1}}) == "{\"a\":1}");
    CHECK(written("JSONObject", "a").starts_with("JSONObject cannot represent"));
}

}  // namespace scalar_test
