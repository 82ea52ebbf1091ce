#include "peering/graphql/validate.hpp"

#include "peering/graphql/bounds.hpp"
#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace validate_test {

using namespace graphql_tests;

namespace {

std::string repeated(std::string_view text, std::size_t count) {
    auto result = std::string{};
    while (count-- > 0) result += text;
    return result;
}

}  // namespace

// The examples are those of the specification, adapted only where the schema here requires it.

TEST_CASE("5.1.1 Definitions of types are not executable") {
    CHECK(faults("{ dog { name } } type T { a: Int }") == "1:18 The \"T\" definition is not executable.");
    CHECK(faults("{ dog { name } } schema { query: Query }") == "1:18 The schema definition is not executable.");
    CHECK(faults("{ dog { name } } directive @d on FIELD") == "1:18 The \"d\" definition is not executable.");
}

TEST_CASE("5.2.1.1 Names of operations are unique") {
    CHECK(faults("query a { dog { name } } query b { dog { name } }").empty());
    CHECK(faults("query a { dog { name } } mutation a { fail { name } } query a { cat { name } }") ==
          "1:7 1:35 1:61 There can be only one operation named \"a\".");
}

TEST_CASE("5.2.2.1 An operation without a name is the only one") {
    CHECK(faults("{ dog { name } }").empty());
    CHECK(faults("{ dog { name } } query a { cat { name } }") ==
          "1:1 This anonymous operation must be the only defined operation.");
}

TEST_CASE("5.3.1 Fields exist") {
    CHECK(faults("{ dog { meowVolume } }") == "1:9 Cannot query field \"meowVolume\" on type \"Dog\".");
    CHECK(faults("fragment f on Dog { barkVolume: kawVolume } { dog { ...f } }") ==
          "1:21 Cannot query field \"kawVolume\" on type \"Dog\".");
    CHECK(faults("{ pet { name ... on Dog { barkVolume } } }").empty());
    CHECK(faults("{ pet { barkVolume } }") == "1:9 Cannot query field \"barkVolume\" on type \"Pet\".");
    CHECK(faults("{ catOrDog { __typename ... on Pet { name } ... on Dog { barkVolume } } }").empty());
    CHECK(faults("{ catOrDog { name } }") == "1:14 Cannot query field \"name\" on type \"CatOrDog\".");
    CHECK(faults("{ bird { feathers { colour } } }") == "1:3 Cannot query field \"bird\" on type \"Query\".");
}

TEST_CASE("5.3.3 Leaves have no selection, and all others have one") {
    CHECK(faults("{ dog { barkVolume { loud } } }") ==
          "1:20 Field \"barkVolume\" must not have a selection since type \"Int\" has no subfields.");
    CHECK(faults("{ dog }") ==
          "1:3 Field \"dog\" of type \"Dog\" must have a selection of subfields. Did you mean \"dog { ... }\"?");
    CHECK(faults("{ pet catOrDog }").find("\n") != std::string::npos);
}

TEST_CASE("5.4.1 Arguments exist") {
    CHECK(faults("{ dog { knows(trick: SIT) isHouseTrained(atOtherHomes: true) @include(if: true) } }").empty());
    CHECK(faults("{ dog { knows(command: CLEAN, trick: SIT) } }") ==
          "1:15 Unknown argument \"command\" on field \"Dog.knows\".");
    CHECK(faults("{ dog { name @include(unless: false, if: true) } }") ==
          "1:23 Unknown argument \"unless\" on directive \"@include\".");
}

TEST_CASE("5.4.2 Arguments are unique") {
    CHECK(faults("{ dog { knows(trick: SIT, trick: DOWN) } }") ==
          "1:15 1:27 There can be only one argument named \"trick\".");
}

TEST_CASE("5.4.2.1 Required arguments are given") {
    CHECK(faults("{ dog { isHouseTrained } }").empty());
    CHECK(faults("{ echo }").empty());
    CHECK(faults("{ echo(needed: null) }") == "1:16 Expected value of type \"Int!\", found null.");
    CHECK(faults("{ dog { knows } }") ==
          "1:9 Field \"knows\" argument \"trick\" of type \"Trick!\" is required, but it was not provided.");
    CHECK(faults("{ dog { name @skip } }") ==
          "1:14 Directive \"@skip\" argument \"if\" of type \"Boolean!\" is required, but it was not provided.");
}

TEST_CASE("5.5.1.1 Names of fragments are unique") {
    CHECK(faults("{ dog { ...f } } fragment f on Dog { name } fragment f on Dog { nickname }") ==
          "1:27 1:54 There can be only one fragment named \"f\".");
}

TEST_CASE("5.5.1.2 Fragments are on types that exist") {
    CHECK(faults("{ dog { ...f } } fragment f on NotInSchema { name }") == "1:32 Unknown type \"NotInSchema\".");
    CHECK(faults("{ dog { ... on NotInSchema { name } } }") == "1:16 Unknown type \"NotInSchema\".");
}

TEST_CASE("5.5.1.3 Fragments are on objects, interfaces or unions") {
    CHECK(faults("{ dog { ...f } } fragment f on Int { name }") ==
          "1:32 Fragment \"f\" cannot condition on non composite type \"Int\".");
    CHECK(faults("{ dog { ... on Trick { name } } }") ==
          "1:16 Fragment cannot condition on non composite type \"Trick\".");
    CHECK(faults("{ catOrDog { ... on CatOrDog { ... on Pet { name } } } }").empty());
}

TEST_CASE("5.5.1.4 Fragments are used") {
    CHECK(faults("{ dog { name } } fragment f on Dog { name }") == "1:18 Fragment \"f\" is never used.");
    CHECK(faults("{ dog { name } } fragment f on Dog { ...g } fragment g on Dog { name }") ==
          "1:18 Fragment \"f\" is never used.\n1:45 Fragment \"g\" is never used.");
}

TEST_CASE("5.5.2.1 Spread fragments exist") {
    CHECK(faults("{ dog { ...f } }") == "1:12 Unknown fragment \"f\".");
}

TEST_CASE("5.5.2.2 Fragments do not spread themselves") {
    CHECK(faults("{ dog { ...f } } fragment f on Dog { name ...f }") ==
          "1:43 Cannot spread fragment \"f\" within itself.");
    CHECK(faults("{ dog { ...f } } fragment f on Dog { ...g } fragment g on Dog { mother { ...h } } fragment h on Dog "
                 "{ ...f }") == "1:38 1:74 1:103 Cannot spread fragment \"f\" within itself via \"g\", \"h\".");
    CHECK(
        faults("{ dog { ...f } } fragment f on Dog { ...g ...h } fragment g on Dog { ...h } fragment h on Dog { name }")
            .empty());
    const auto fragment = [](std::size_t i, std::size_t next) {
        return "fragment f" + std::to_string(i) + " on Dog { ...f" + std::to_string(next) + " } ";
    };
    auto ring = std::string{"{ dog { ...f0 } } "};
    for (std::size_t i = 0; i < 1000; ++i) ring += fragment(i, (i + 1) % 1000);
    CHECK(faults(ring).find("Cannot spread fragment \"f0\" within itself via \"f1\", \"f2\"") != std::string::npos);
}

TEST_CASE("5.5.2.3 Spreads are possible") {
    CHECK(faults("{ dog { ... on Dog { barkVolume } ... on Pet { name } ... on CatOrDog { __typename } } }").empty());
    CHECK(faults("{ pet { ... on Dog { barkVolume } ... on CatOrDog { ... on Cat { meowVolume } } } }").empty());
    CHECK(faults("{ dog { ... on Cat { meowVolume } } }") ==
          "1:9 Fragment cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\".");
    CHECK(faults("{ dog { ...f } } fragment f on Cat { meowVolume }") ==
          "1:9 Fragment \"f\" cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\".");
}

TEST_CASE("5.6.1 Values are of their type") {
    CHECK(faults("{ dog { isHouseTrained(atOtherHomes: true) } }").empty());
    CHECK(
        faults(
            "{ echo(int: 1, float: 1, string: \"a\", id: 1, small: \"7\", ints: 1, table: [[1], [2, 3]], trick: SIT) }")
            .empty());
    CHECK(faults("{ echo(int: \"1\") }") == "1:13 Int cannot represent non-integer value: \"1\"");
    CHECK(faults("{ echo(float: \"1\") }") == "1:15 Float cannot represent non numeric value: \"1\"");
    CHECK(faults("{ echo(string: 1) }") == "1:16 String cannot represent a non string value: 1");
    CHECK(faults("{ echo(boolean: 1) }") == "1:17 Boolean cannot represent a non boolean value: 1");
    CHECK(faults("{ echo(id: 1.5) }") == "1:12 ID cannot represent a non-string and non-integer value: 1.5");
    CHECK(faults("{ echo(small: 256) }") ==
          "1:15 Expected value of type \"UInt8\", found 256; UInt8 cannot represent anything but a whole number from 0 "
          "to 255: 256");
    CHECK(faults("{ echo(trick: \"SIT\") }") == "1:15 Enum \"Trick\" cannot represent non-enum value: \"SIT\".");
    CHECK(faults("{ echo(trick: ROLL) }") == "1:15 Value \"ROLL\" does not exist in \"Trick\" enum.");
    CHECK(faults("{ echo(ints: [1, null, \"2\"]) }") == "1:24 Int cannot represent non-integer value: \"2\"");
    CHECK(faults("{ echo(table: [[1, null]]) }") == "1:20 Expected value of type \"Int!\", found null.");
    CHECK(faults("query ($a: Int = \"1\") { echo(int: $a) }") == "1:18 Int cannot represent non-integer value: \"1\"");
    CHECK(faults("{ findDog(which: 1) { name } }") == "1:18 Expected value of type \"DogInput!\", found 1.");
}

TEST_CASE("5.6.2 to 5.6.4 Input objects have fields that exist, once each, and all that are required") {
    CHECK(faults("{ findDog(which: {name: \"Fido\", tricks: SIT, friend: {name: \"Rex\"}}) { name } }").empty());
    CHECK(faults("{ findDog(which: {name: \"Fido\", colour: 1}) { name } }") ==
          "1:33 Field \"colour\" is not defined by type \"DogInput\".");
    CHECK(faults("{ findDog(which: {name: \"Fido\", name: \"Rex\"}) { name } }") ==
          "1:19 1:33 There can be only one input field named \"name\".");
    CHECK(faults("{ findDog(which: {name: \"Fido\", friend: {}}) { name } }") ==
          "1:41 Field \"DogInput.name\" of required type \"String!\" was not provided.");
    CHECK(faults("{ echo(object: {a: {b: 1, b: 2}}) }") == "1:21 1:27 There can be only one input field named \"b\".");
}

TEST_CASE("5.7 Directives exist, are allowed at their place, and are unique") {
    CHECK(faults("{ dog @sometimes { name } }") == "1:7 Unknown directive \"@sometimes\".");
    CHECK(faults("query @skip(if: true) { dog { name } }") == "1:7 Directive \"@skip\" may not be used on QUERY.");
    CHECK(faults("query ($a: Int @skip(if: true)) { echo(int: $a) }") ==
          "1:16 Directive \"@skip\" may not be used on VARIABLE_DEFINITION.");
    CHECK(faults("{ dog @skip(if: true) @skip(if: false) { name } }") ==
          "1:7 1:23 The directive \"@skip\" can only be used once at this location.");
    CHECK(faults("{ dog @skip(if: true) { name } dog @skip(if: false) { nickname } }").empty());
}

TEST_CASE("5.8.1 and 5.8.2 Variables are unique, and of input types") {
    CHECK(faults("query ($a: Int, $a: Int) { echo(int: $a) }") ==
          "1:9 1:18 There can be only one variable named \"$a\".");
    CHECK(faults("query A($a: Int) { echo(int: $a) } query B($a: Int) { echo(int: $a) }").empty());
    CHECK(faults("query ($a: Dog) { echo(int: $a) }")
              .starts_with("1:12 Variable \"$a\" cannot be non-input type \"Dog\"."));
    CHECK(faults("query ($a: [CatOrDog!]!) { dog { name } }")
              .starts_with("1:12 Variable \"$a\" cannot be non-input type \"[CatOrDog!]!\"."));
    CHECK(faults("query ($a: Unknown) { echo(int: $a) }") == "1:12 Unknown type \"Unknown\".");
}

TEST_CASE("5.8.3 Variables that are used are defined, through fragments too") {
    CHECK(faults("{ echo(int: $a) }") == "1:13 1:1 Variable \"$a\" is not defined.");
    CHECK(faults("query Q { ...f } fragment f on Query { ...g } fragment g on Query { echo(ints: [$a]) }") ==
          "1:81 1:1 Variable \"$a\" is not defined by operation \"Q\".");
    CHECK(faults("query Q($a: Int) { ...f } query R { ...f } fragment f on Query { echo(int: $a) }") ==
          "1:76 1:27 Variable \"$a\" is not defined by operation \"R\".");
}

TEST_CASE("5.8.4 Variables that are defined are used") {
    CHECK(faults("query ($a: Int) { dog { name } }") == "1:8 Variable \"$a\" is never used.");
    CHECK(faults("query Q($a: Int) { ...f } fragment f on Query { echo(object: {b: [$a]}) }").empty());
    CHECK(faults("query Q($a: Int) { ...f } fragment f on Query { dog { name } }") ==
          "1:9 Variable \"$a\" is never used in operation \"Q\".");
}

TEST_CASE("5.8.5 Variables fit where they are used") {
    CHECK(faults("query ($a: Int!) { echo(int: $a, ints: [$a]) }").empty());
    CHECK(faults("query ($a: Int) { echo(float: $a) }") ==
          "1:8 1:31 Variable \"$a\" of type \"Int\" used in position expecting type \"Float\".");
    CHECK(faults("query ($a: [Int]) { echo(int: $a) }") ==
          "1:8 1:31 Variable \"$a\" of type \"[Int]\" used in position expecting type \"Int\".");
    CHECK(faults("query ($a: Int) { echo(ints: $a) }") ==
          "1:8 1:30 Variable \"$a\" of type \"Int\" used in position expecting type \"[Int]\".");
    CHECK(faults("query ($a: Trick) { dog { knows(trick: $a) } }") ==
          "1:8 1:40 Variable \"$a\" of type \"Trick\" used in position expecting type \"Trick!\".");
    CHECK(faults("query ($a: Trick = SIT) { dog { knows(trick: $a) } }").empty());
    CHECK(faults("query ($a: Int) { echo(needed: $a) }").empty());
    CHECK(faults("query ($a: Int = null) { echo(needed: $a) }").empty());
    CHECK(faults("query ($a: [Int!]) { echo(table: [$a]) }") ==
          "1:8 1:35 Variable \"$a\" of type \"[Int!]\" used in position expecting type \"[Int!]!\".");
    CHECK(faults("query ($a: String) { findDog(which: {name: $a}) { name } }") ==
          "1:8 1:44 Variable \"$a\" of type \"String\" used in position expecting type \"String!\".");
}

TEST_CASE("The number of fields is bounded, with fragments counted at each spread") {
    const auto aliases = [](std::size_t count) {
        auto result = std::string{"{ dog {"};
        for (std::size_t i = 0; i < count; ++i) result += " a" + std::to_string(i) + ": name";
        return result + " } }";
    };
    const auto message = "The document asks for more than 4000 fields.";
    CHECK(faults(aliases(3000)).empty());
    // Each fragment doubles the number of fields that the one before it selects.
    auto doubling = std::string{"{ dog { ...f0 } } fragment f20 on Dog { name } "};
    for (int i = 0; i < 20; ++i) {
        const auto next = "...f" + std::to_string(i + 1);
        doubling +=
            "fragment f" + std::to_string(i) + " on Dog { a: mother { " + next + " } b: mother { " + next + " } } ";
    }
    CHECK(faults(doubling).ends_with(message));
    auto many = std::string{};
    for (int i = 0; i < 45; ++i) many += "query q" + std::to_string(i) + " { dog { ...f } } ";
    CHECK(faults(many + "fragment f on Dog " + aliases(100).substr(6, aliases(100).size() - 8)).ends_with(message));
}

TEST_CASE("Depth is bounded, through fragments too") {
    const auto message = "Selections are nested more than 32 levels deep.";
    auto chain = [](int length) {
        auto result = std::string{"{ dog { ...f0 } } "};
        for (int i = 0; i < length; ++i)
            result += "fragment f" + std::to_string(i) + " on Dog { ...f" + std::to_string(i + 1) + " } ";
        return result + "fragment f" + std::to_string(length) + " on Dog { name }";
    };
    CHECK(faults(chain(29)).empty());
    CHECK(faults(chain(30)).ends_with(message));
    CHECK(faults(chain(1000)).find(message) != std::string::npos);
    CHECK(faults("{ dog { " + repeated("mother { ", 30) + "name" + repeated(" }", 30) + " } }").empty());
}

TEST_CASE("Introspection is bounded") {
    CHECK(faults("{ __schema { types { fields { type { fields { name } } } } } }").empty());
    CHECK(faults("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }") ==
          "1:3 Maximum introspection depth exceeded");
    CHECK(faults("{ a: __type(name: \"Dog\") { ...f } } "
                 "fragment f on __Type { possibleTypes { interfaces { inputFields { name } } } }") ==
          "1:3 Maximum introspection depth exceeded");
}

TEST_CASE("Errors are bounded") {
    const auto document = parsed("{ dog { " + repeated("x ", 500) + "} }");
    const auto schema = pet_schema();
    const auto errors = validate(schema, document);
    CHECK(errors.size() == validation_errors_max + 1);
    CHECK(errors.back().message == "Too many validation errors, error limit reached. Validation aborted.");
}

}  // namespace validate_test
