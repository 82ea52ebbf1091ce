#include "peering/graphql/overlapping_fields.hpp"

#include "peering/graphql/bounds.hpp"
#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

namespace overlapping_fields_test {

using namespace graphql_tests;

namespace {

std::string conflict(std::string_view where, std::string_view name, std::string_view why) {
    return std::string{where} + " Fields \"" + std::string{name} + "\" conflict because " + std::string{why} +
           ". Use different aliases on the fields to fetch both if this was intentional.";
}

}  // namespace

TEST_CASE("Fields that are the same are merged") {
    CHECK(faults("{ dog { name name other: name other: name } }").empty());
    CHECK(faults("{ dog { knows(trick: SIT) knows(trick: SIT) } }").empty());
    CHECK(faults("query ($a: Trick!) { dog { knows(trick: $a) knows(trick: $a) } }").empty());
    CHECK(faults("{ echo(int: 1, object: {a: [1], b: 2}) echo(object: {b: 2, a: [1]}, int: 1) }").empty());
    CHECK(faults("{ dog { name } dog { nickname } }").empty());
}

TEST_CASE("Fields that differ are not merged") {
    CHECK(faults("{ dog { name: nickname name } }") ==
          conflict("1:9 1:24", "name", "\"nickname\" and \"name\" are different fields"));
    CHECK(faults("{ dog { knows(trick: SIT) knows(trick: DOWN) } }") ==
          conflict("1:9 1:27", "knows", "they have differing arguments"));
    CHECK(faults("{ dog { isHouseTrained(atOtherHomes: true) isHouseTrained } }") ==
          conflict("1:9 1:44", "isHouseTrained", "they have differing arguments"));
    CHECK(faults("query ($a: Trick!) { dog { knows(trick: SIT) knows(trick: $a) } }") ==
          conflict("1:28 1:46", "knows", "they have differing arguments"));
    CHECK(faults("{ echo(object: {a: 1}) echo(object: {a: 2}) }") ==
          conflict("1:3 1:24", "echo", "they have differing arguments"));
}

TEST_CASE("Fields of objects that are never the same may differ, but for the shape of their answers") {
    CHECK(faults("{ pet { ... on Dog { volume: barkVolume } ... on Cat { volume: meowVolume } } }").empty());
    CHECK(faults("{ pet { ... on Dog { some: name } ... on Cat { some: nickname } } }") ==
          conflict("1:22 1:48", "some", "they return conflicting types \"String!\" and \"String\""));
    CHECK(faults("{ pet { ... on Dog { barkVolume } ... on Cat { barkVolume } } }") ==
          conflict("1:22 1:48", "barkVolume", "they return conflicting types \"Int\" and \"String\""));
    CHECK(faults("{ pet { ... on Pet { some: name } ... on Cat { some: nickname } } }") ==
          conflict("1:22 1:48", "some", "\"name\" and \"nickname\" are different fields"));
}

TEST_CASE("Conflicts are found below, and through fragments") {
    CHECK(faults("{ dog { a: name } dog { a: nickname } }") ==
          conflict("1:3 1:9 1:19 1:25", "dog",
                   "subfields \"a\" conflict because \"name\" and \"nickname\" are different fields"));
    CHECK(faults("{ dog { ...f a: nickname } } fragment f on Dog { ...g } fragment g on Dog { a: name }") ==
          conflict("1:77 1:14", "a", "\"name\" and \"nickname\" are different fields"));
    CHECK(faults("{ dog { mother { ...f } mother { a: nickname } } } fragment f on Dog { a: name }") ==
          conflict("1:9 1:72 1:25 1:34", "mother",
                   "subfields \"a\" conflict because \"name\" and \"nickname\" are different fields"));
}

TEST_CASE("Each conflict is reported once, however many paths lead to it") {
    CHECK(faults("{ dog { ...f } a: dog { ...f } b: dog { ...f } } fragment f on Dog { a: name a: nickname }") ==
          conflict("1:70 1:78", "a", "\"name\" and \"nickname\" are different fields"));
}

TEST_CASE("A pair that was compared as exclusive is compared again when it is not") {
    const auto exclusive = std::string{"pet { ... on Dog { x: friend { ...f } } ... on Cat { x: friend { ...g } } }"};
    const auto fragments = std::string{" fragment f on Dog { a: nickname } fragment g on Dog { a: oldName }"};
    CHECK(faults("{ " + exclusive + " }" + fragments).empty());
    CHECK(faults("{ " + exclusive + " dog { ...f ...g } }" + fragments) ==
          conflict("1:119 1:153", "a", "\"nickname\" and \"oldName\" are different fields"));
}

TEST_CASE("The cost of comparing is bounded") {
    const auto begin = std::chrono::steady_clock::now();
    auto same = std::string{"{ dog {"};
    for (int i = 0; i < 3000; ++i) same += " name";
    CHECK(faults(same + " } }") ==
          "The document has too many fields with the same names: more than 100000 comparisons.");

    // Pairs of pairs of pairs: if compared pairs were not remembered, each level would multiply the work.
    auto nested = std::string{"name"};
    for (int i = 0; i < 6; ++i) nested = "mother { " + nested + " } mother { " + nested + " }";
    CHECK(faults("{ dog { " + nested + " } }").empty());

    auto crossed = std::string{"{ dog { ...f0 ...g0 } } fragment f12 on Dog { name } fragment g12 on Dog { name } "};
    for (int i = 0; i < 12; ++i) {
        const auto next = "{ ...f" + std::to_string(i + 1) + " ...g" + std::to_string(i + 1) + " }";
        for (const auto* name : {"f", "g"})
            crossed += "fragment " + (name + std::to_string(i)) + " on Dog { mother " + next + " } ";
    }
    CHECK(faults(crossed) == "The document asks for more than 4000 fields.");
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{20});
}

}  // namespace overlapping_fields_test
