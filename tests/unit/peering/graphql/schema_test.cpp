#include "peering/graphql/schema.hpp"

#include "tests/unit/peering/graphql/support.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace schema_test {

using namespace graphql_tests;

namespace {

/// The reason why a text is not a schema, or empty if it is one.
std::string problem(const std::string& text) {
    const auto built = schema::build(text, pet_scalars());
    return built ? "" : built.error();
}

/// The same for a text that a query type is added to.
std::string problem_with(const std::string& text) {
    return problem(text + " type Query { a: Int }");
}

}  // namespace

TEST_CASE("A schema knows its types, their fields and how they belong together") {
    const auto pets = pet_schema();
    const auto& dog = *pets.find_type("Dog");
    const auto& cat = *pets.find_type("Cat");
    const auto& pet = *pets.find_type("Pet");
    const auto& either = *pets.find_type("CatOrDog");
    CHECK(pets.query().name == "Query");
    CHECK(pets.mutation()->name == "Mutation");
    CHECK(pets.find_type("Bird") == nullptr);
    CHECK(to_string(pets.query().find_field("dogs")->of) == "[Dog!]!");
    CHECK(dog.is_subtype_of(pet));
    CHECK(dog.is_subtype_of(either));
    CHECK(dog.is_subtype_of(dog));
    CHECK_FALSE(pet.is_subtype_of(dog));
    CHECK_FALSE(dog.is_subtype_of(cat));
    CHECK(pet.overlaps(either));
    CHECK_FALSE(dog.overlaps(cat));
    CHECK(dog.find_field("oldName")->deprecated == "Use name.");
    CHECK(pets.find_type("Trick")->find_value("HEEL")->deprecated == "No longer supported");
    CHECK_FALSE(pets.find_type("Trick")->find_value("SIT")->deprecated);
}

TEST_CASE("Meta-fields belong to every composite type, and those of introspection to the query type alone") {
    const auto pets = pet_schema();
    for (const auto* type : {"Dog", "Pet", "CatOrDog", "Query", "Mutation", "__Type"})
        CHECK(pets.find_field(*pets.find_type(type), "__typename") != nullptr);
    CHECK(pets.find_field(*pets.find_type("Trick"), "__typename") == nullptr);
    CHECK(pets.find_field(pets.query(), "__schema") != nullptr);
    CHECK(pets.find_field(*pets.mutation(), "__schema") == nullptr);
    CHECK(pets.find_field(pets.query(), "__nothing") == nullptr);
    CHECK(pets.find_type("__Meta") == nullptr);
}

TEST_CASE("The roots may have other names") {
    const auto built = schema::build("schema { query: A mutation: B } type A { a: Int } type B { b: Int }", {});
    REQUIRE(built);
    CHECK(built->query().name == "A");
    CHECK(built->mutation()->name == "B");
    CHECK(schema::build("type Query { a: Int }", {})->mutation() == nullptr);
}

TEST_CASE("A text that is not a schema is refused with its line") {
    CHECK(problem_with("").empty());
    CHECK(problem("type A {") == "line 1: Syntax Error: Expected Name, found <EOF>.");
    CHECK(problem("type A { a: Int }") == "line 1: Unknown type \"Query\".");
    CHECK(problem("schema { mutation: A } type A { a: Int }") == "line 1: A schema needs a query type.");
    CHECK(problem("{ a }") == "line 1: A schema must not contain operations.");
    CHECK(problem("fragment F on A { a }") == "line 1: A schema must not contain fragments.");
    CHECK(problem("input Query { a: Int }") == "line 1: \"Query\" is not an object type.");
    CHECK(problem_with("schema { query: Query subscription: Query }") == "line 1: Subscriptions are not supported.");
    CHECK(problem_with("schema { query: Query } schema { query: Query }") ==
          "line 1: There can be only one schema definition.");
    CHECK(problem_with("\n\ntype A { a: B }") == "line 3: Unknown type \"B\".");
    CHECK(problem_with("type A { a: Int } type A { b: Int }") == "line 1: There can be only one type named \"A\".");
    CHECK(problem_with("type A { a: Int a: Int }") == "line 1: There can be only one field named \"a\".");
    CHECK(problem_with("type A { a(b: Int, b: Int): Int }") == "line 1: There can be only one argument named \"b\".");
    CHECK(problem_with("enum A { B B }") == "line 1: There can be only one value named \"B\".");
    CHECK(problem_with("type __A { a: Int }") == "line 1: Name \"__A\" must not begin with \"__\".");
    CHECK(problem_with("type A { __a: Int }") == "line 1: Name \"__a\" must not begin with \"__\".");
    CHECK(problem_with("type A") == "line 1: Type \"A\" is empty.");
    CHECK(problem_with("scalar Other") == "line 1: There is no code to read and write scalar \"Other\".");
    CHECK(problem_with("type A { a: I } input I { a: Int }") == "line 1: A field cannot have the input type \"I\".");
    CHECK(problem_with("input I { a: Query }") == "line 1: An input cannot have the output type \"Query\".");
    CHECK(problem_with("type A { a(b: Query): Int }") == "line 1: An input cannot have the output type \"Query\".");
    CHECK(problem_with("union U = Query | Int") == "line 1: \"Int\" is not an object type.");
    CHECK(problem_with("type A implements Query { a: Int }") == "line 1: \"Query\" is not an interface.");
    CHECK(problem_with("type A { a: Int @nothing }") == "line 1: Unknown directive \"@nothing\".");
    CHECK(problem_with("directive @skip on FIELD") == "line 1: There can be only one directive named \"@skip\".");
    CHECK(problem_with("input I { a: Int = \"x\" }") == "line 1: \"a\" cannot be \"x\" by default.");
    CHECK(problem_with("type A { a(b: [Int!] = [null]): Int }") == "line 1: \"b\" cannot be [null] by default.");
    CHECK(problem_with("input I { a: Int! @deprecated }") == "line 1: \"a\" is required and cannot be deprecated.");
    CHECK(problem_with("input I { a: J! } input J { b: I! }") == "line 1: Input object \"I\" requires itself.");
    CHECK(problem_with("input I { a: [I!]! b: I c: J! } input J { b: Int }").empty());
}

TEST_CASE("An object has what its interface has") {
    const auto interface = std::string{"interface P { a(b: Int): P } "};
    CHECK(problem_with(interface + "type A implements P { a(b: Int): A! }").empty());
    CHECK(problem_with(interface + "type A implements P { a(b: Int, c: Int): P }").empty());
    CHECK(problem_with(interface + "type A implements P { x: Int }") ==
          "line 1: \"A\" does not implement \"P\": \"a\" is missing.");
    CHECK(problem_with(interface + "type A implements P { a(b: Int): Int }") ==
          "line 1: \"A\" does not implement \"P\": \"a\" has another type.");
    CHECK(problem_with(interface + "type A implements P { a(b: String): P }") ==
          "line 1: \"A\" does not implement \"P\": \"b\" is not an argument of that type.");
    CHECK(problem_with(interface + "type A implements P { a: P }") ==
          "line 1: \"A\" does not implement \"P\": \"b\" is not an argument of that type.");
    CHECK(problem_with(interface + "type A implements P { a(b: Int, c: Int!): P }") ==
          "line 1: \"A\" does not implement \"P\": \"c\" is required here but not in the interface.");
    CHECK(problem_with(interface + "interface Q implements P { a(b: Int): P } type A implements Q { a(b: Int): P }") ==
          "line 1: \"A\" does not implement \"Q\": \"P\" is not implemented.");
}

}  // namespace schema_test
