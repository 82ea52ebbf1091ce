#include "peering/graphql/coerce.hpp"

#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace coerce_test {

using namespace graphql_tests;

namespace {

/// The coerced arguments of a field of the query type as JSON, or the reason why they are invalid.
std::string arguments_of(const std::string& query, const std::string& variables = "{}") {
    const auto schema = pet_schema();
    const auto document = parsed(query);
    const auto& operation = document.operations.front();
    const auto given = coerce_variables(schema, operation, json::parse(variables).as_object());
    if (!given) {
        auto all = std::string{};
        for (const auto& error : given.error()) all += (all.empty() ? "" : "\n") + to_text(error);
        return all;
    }
    const auto& field = operation.set.selections.front();
    const auto& parameters = schema.query().find_field(field.name.text)->arguments;
    const auto arguments = coerce_arguments(parameters, field.arguments, *given, field.at);
    return arguments ? json::serialize(*arguments) : to_text(arguments.error());
}

/// The same for one argument of `echo`, without the default value of the other.
std::string echoed(const std::string& argument) {
    const auto all = arguments_of("{ echo(" + argument + ") }");
    return all.substr(0, all.find(",\"needed\""));
}

/// The coerced value of a variable of this type.
std::string variable(const std::string& type, const std::string& value) {
    const auto schema = pet_schema();
    const auto document = parsed("query ($v: " + type + ") { dog { name } }");
    const auto given = json::parse("{" + value + "}").as_object();
    const auto coerced = coerce_variables(schema, document.operations.front(), given);
    if (coerced) return json::serialize(*coerced);
    auto all = std::string{};
    for (const auto& error : coerced.error()) all += (all.empty() ? "" : "\n") + error.message;
    return all;
}

}  // namespace

TEST_CASE("Literals are coerced to the values that resolvers read") {
    CHECK(echoed("int: -5") == R"({"int":-5)");
    CHECK(echoed("float: 5") == R"({"float":5E0)");
    CHECK(echoed("string: \"a\"") == R"({"string":"a")");
    CHECK(echoed("id: 123456789012345678901234567890") == R"({"id":"123456789012345678901234567890")");
    CHECK(echoed("large: 18446744073709551615") == R"({"large":18446744073709551615)");
    CHECK(echoed("large: \"18446744073709551615\"") == R"({"large":18446744073709551615)");
    CHECK(echoed("trick: SIT") == R"({"trick":"SIT")");
    CHECK(echoed("object: {a: [1, 2.5, UP, \"t\", null, true, 18446744073709551615]}") ==
          R"({"object":{"a":[1,2.5E0,"UP","t",null,true,18446744073709551615]})");
}

TEST_CASE("A single value is coerced to a list") {
    CHECK(echoed("ints: [1, null]") == R"({"ints":[1,null])");
    CHECK(echoed("ints: 1") == R"({"ints":[1])");
    CHECK(echoed("ints: []") == R"({"ints":[])");
    CHECK(echoed("ints: null") == R"({"ints":null)");
    CHECK(echoed("table: 1") == R"({"table":[[1]])");
    CHECK(echoed("table: [1, [2, 3]]") == R"({"table":[[1],[2,3]])");
    CHECK(variable("[Int]", "\"v\": 1") == R"({"v":[1]})");
    CHECK(variable("[[Int!]!]", "\"v\": 1") == R"({"v":[[1]]})");
    CHECK(variable("[Int]", "\"v\": null") == R"({"v":null})");
}

TEST_CASE("Absent, null and the default are distinguished") {
    CHECK(arguments_of("{ echo }") == R"({"needed":7})");
    CHECK(arguments_of("{ echo(int: null) }") == R"({"int":null,"needed":7})");
    CHECK(arguments_of("{ echo(needed: 8) }") == R"({"needed":8})");
    CHECK(arguments_of("{ dogs }") == R"({"first":2})");
    CHECK(arguments_of("{ dogs(first: null) }") == R"({"first":null})");
    CHECK(arguments_of("query ($a: Int) { dogs(first: $a) }") == R"({"first":2})");
    CHECK(arguments_of("query ($a: Int) { dogs(first: $a) }", R"({"a": null})") == R"({"first":null})");
    CHECK(arguments_of("query ($a: Int = 3) { dogs(first: $a) }") == R"({"first":3})");
    CHECK(arguments_of("query ($a: Int = 3) { dogs(first: $a) }", R"({"a": null})") == R"({"first":null})");
    CHECK(arguments_of("query ($a: Int) { echo(int: $a) }") == R"({"needed":7})");
}

TEST_CASE("An input object gets its defaults and the values of variables") {
    CHECK(arguments_of(R"({ findDog(which: {name: "Rex"}) })") == R"({"which":{"name":"Rex","weight":5}})");
    CHECK(arguments_of(R"({ findDog(which: {name: "Rex", weight: null}) })") ==
          R"({"which":{"name":"Rex","weight":null}})");
    CHECK(arguments_of(R"(query ($a: UInt64, $b: Trick!) { findDog(which: {name: "Rex", weight: $a, tricks: [$b]}) })",
                       R"({"b": "SIT"})") == R"({"which":{"name":"Rex","weight":5,"tricks":["SIT"]}})");
    CHECK(arguments_of(R"(query ($a: DogInput!) { findDog(which: $a) })",
                       R"({"a": {"name": "Rex", "friend": {"name": "Fido"}, "tricks": "SIT"}})") ==
          R"({"which":{"name":"Rex","weight":5,"tricks":["SIT"],"friend":{"name":"Fido","weight":5}}})");
    CHECK(arguments_of("query ($a: Int) { echo(ints: [1, $a]) }") == R"({"ints":[1,null],"needed":7})");
    CHECK(arguments_of("query ($a: Int) { echo(object: {b: $a, c: [$a]}) }") ==
          R"({"object":{"c":[null]},"needed":7})");
}

TEST_CASE("Null from a variable is refused where the type does not allow it") {
    CHECK(arguments_of("query ($a: Int) { echo(needed: $a) }") == R"({"needed":7})");
    CHECK(arguments_of("query ($a: Int) { echo(needed: $a) }", R"({"a": null})") ==
          "1:32 Argument \"needed\" of non-null type \"Int!\" must not be null.");
}

TEST_CASE("Variables are refused with the place of the mistake") {
    CHECK(variable("Int!", "") == "Variable \"$v\" of required type \"Int!\" was not provided.");
    CHECK(variable("Int!", "\"v\": null") == "Variable \"$v\" of non-null type \"Int!\" must not be null.");
    CHECK(variable("Int! = 1", "\"v\": null") == "Variable \"$v\" of non-null type \"Int!\" must not be null.");
    CHECK(variable("Int", "") == "{}");
    CHECK(variable("Int", "\"v\": \"1\"") ==
          "Variable \"$v\" got invalid value \"1\"; Int cannot represent non-integer value: \"1\"");
    CHECK(variable("[Int!]", "\"v\": [1, null, \"x\"]") ==
          "Variable \"$v\" got invalid value null at \"v[1]\"; Expected non-nullable type \"Int!\" not to be null.\n"
          "Variable \"$v\" got invalid value \"x\" at \"v[2]\"; Int cannot represent non-integer value: \"x\"");
    CHECK(variable("Trick", "\"v\": \"ROLL\"") ==
          "Variable \"$v\" got invalid value \"ROLL\"; Value \"ROLL\" does not exist in \"Trick\" enum.");
    CHECK(variable("Trick", "\"v\": 1") ==
          "Variable \"$v\" got invalid value 1; Enum \"Trick\" cannot represent non-string value: 1.");
    CHECK(variable("DogInput", "\"v\": 1") ==
          "Variable \"$v\" got invalid value 1; Expected type \"DogInput\" to be an object.");
    CHECK(variable("DogInput", "\"v\": {\"name\": \"Rex\", \"friend\": {\"colour\": 1}}") ==
          "Variable \"$v\" got invalid value {\"colour\":1} at \"v.friend\"; Field \"name\" of required type "
          "\"String!\" was not provided.\n"
          "Variable \"$v\" got invalid value {\"colour\":1} at \"v.friend\"; Field \"colour\" is not defined by type "
          "\"DogInput\".");
    CHECK(variable("UInt64", "\"v\": \"18446744073709551616\"").starts_with("Variable \"$v\" got invalid value"));
    CHECK(variable("UInt64", "\"v\": \"18446744073709551615\"") == R"({"v":18446744073709551615})");
    const auto errors = variable(
        "[Int]", "\"v\": [" + [] {
            auto many = std::string{"true"};
            for (int i = 0; i < 200; ++i) many += ",true";
            return many;
        }() + "]");
    CHECK(std::ranges::count(errors, '\n') == 49);
}

TEST_CASE("Undefined variables are ignored") {
    CHECK(variable("Int", "\"v\": 1, \"other\": {}") == R"({"v":1})");
}

}  // namespace coerce_test
